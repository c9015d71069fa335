//! [`Artifact`]: a mapped file whose structure, manifest and graphs have been checked.
//!
//! There is no way to get one that was not: [`Artifact::open`] is the only door. Weights and golden outputs are
//! hashed by [`Artifact::verify`] alone, since hashing them takes longer than a start may. A guest and its native code
//! are hashed each time that they are asked for ([`Artifact::guest`], [`Artifact::native_code`]), and by verify.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::error::OpenError;
use crate::header::{ExecutionProvider, HEADER_LEN, HUGE_PAGE, Header, structure_hash};
use crate::manifest::rules::{GuestSections, SectionFacts};
use crate::manifest::{Manifest, ModelRecord};
use crate::map::{FileId, MappedFile};
use crate::signature::{PublicKey, SignatureError};
use crate::table::{self, Section, SectionKind};

/// Bytes hashed between two reports of progress.
const HASHED_AT_ONCE: usize = 8 << 20;

/// An artifact, open and mapped, checked at level "code" of `docs/format.md`.
#[derive(Debug)]
pub struct Artifact {
    path: PathBuf,
    map: MappedFile,
    header: Header,
    sections: Vec<Section>,
    manifest: Manifest,
}

impl Artifact {
    /// Opens, maps and checks the artifact at `path`.
    ///
    /// Checked are the rules on header and table, the structure hash, and the hashes of the manifest and of every
    /// graph; not those of a guest and its code, which are checked when they are asked for. Whether this host can run
    /// it is the runtime's question.
    pub fn open(path: impl AsRef<Path>) -> Result<Artifact, OpenError> {
        let path = path.as_ref();
        Artifact::check(MappedFile::open(path)?, path)
    }

    /// As [`Artifact::open`], on a file that is open already; `path` is what errors and [`Artifact::path`] give.
    pub fn from_file(file: &File, path: impl AsRef<Path>) -> Result<Artifact, OpenError> {
        let path = path.as_ref();
        Artifact::check(MappedFile::of(file, path)?, path)
    }

    fn check(map: MappedFile, path: &Path) -> Result<Artifact, OpenError> {
        let header = Header::decode(&map, map.len() as u64)?;
        let table_end = table::table_end(header.sections);
        let table = map
            .get(HEADER_LEN..table_end as usize)
            .ok_or(OpenError::TruncatedTable { found: map.len() as u64, expected: table_end })?;
        let head = map.first_chunk().ok_or(OpenError::TruncatedHeader { found: map.len() as u64 })?;
        if structure_hash(head, table) != header.structure_hash {
            return Err(OpenError::StructureHash);
        }
        let sections = table::decode(&header, table)?;
        for section in &sections {
            if matches!(section.kind, SectionKind::Manifest | SectionKind::Graph) {
                check_hash(&map, section, |_| ())?;
            }
        }
        let has = |kind| sections.iter().any(|section| section.kind == kind);
        let guest = GuestSections { guest: has(SectionKind::Guest), code: has(SectionKind::Code) };
        let facts = SectionFacts {
            len: |kind, model| find(&sections, model, kind).map_or(0, |section| section.len),
            guest,
            is_for_device: header.provider != ExecutionProvider::Cpu,
        };
        let manifest = Manifest::decode(bytes_of(&map, &sections[0]), header.models, &facts)?;
        for section in &sections {
            if section.kind == SectionKind::Weights && u64::from(section.alignment) == HUGE_PAGE {
                map.prefer_huge_pages(section.offset as usize, section.len as usize);
            }
        }
        Ok(Artifact { path: path.to_owned(), map, header, sections, manifest })
    }

    /// Checks what [`Artifact::open`] left out: the hash of every section, and that every gap is zeros.
    ///
    /// `progress` hears, every few megabytes, up to which byte of the file it has come; at last, the file's length.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> Result<(), OpenError> {
        let mut end = table::table_end(self.header.sections);
        for section in &self.sections {
            self.check_gap(end, section.offset)?;
            check_hash(&self.map, section, |hashed| progress(section.offset + hashed))?;
            end = section.end();
        }
        self.check_gap(end, self.header.file_len)?;
        progress(self.header.file_len);
        Ok(())
    }

    /// Checks that `key` has signed the header and the table, and through their hashes every section. Sections are not
    /// hashed here: [`Artifact::verify`] does that.
    pub fn verify_signature(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let signature = self.header.signature.ok_or(SignatureError::Unsigned)?;
        signature.check(key, &self.header.structure_hash)
    }

    /// All bytes of the file.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.map
    }

    fn check_gap(&self, start: u64, end: u64) -> Result<(), OpenError> {
        let gap = &self.map[start as usize..end as usize];
        match gap.iter().position(|&byte| byte != 0) {
            Some(at) => Err(OpenError::PaddingByte { offset: start + at as u64 }),
            None => Ok(()),
        }
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which file it was opened from.
    pub fn file_id(&self) -> FileId {
        self.map.id()
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The section table, in file order.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The model called `name`, with its index; the only one where `name` is `None` and there is no second.
    pub fn find_model(&self, name: Option<&str>) -> Option<(u32, &ModelRecord)> {
        let mut named =
            self.manifest.models.iter().enumerate().filter(|(_, model)| name.is_none_or(|name| model.name == name));
        match (named.next(), named.next()) {
            (Some((index, model)), None) => Some((index as u32, model)),
            _ => None,
        }
    }

    /// A model's graph.
    pub fn graph(&self, model: u32) -> &[u8] {
        self.section(model, SectionKind::Graph)
    }

    /// A model's weights; empty where all of them are in the graph.
    pub fn weights(&self, model: u32) -> &[u8] {
        self.section(model, SectionKind::Weights)
    }

    /// BLAKE3 of a model's weights, as the table has it; `None` where it has no such section.
    pub fn weights_hash(&self, model: u32) -> Option<&[u8; 32]> {
        find(&self.sections, model, SectionKind::Weights).map(|section| &section.hash)
    }

    /// A model's golden outputs; empty where none are kept.
    pub fn golden(&self, model: u32) -> &[u8] {
        self.section(model, SectionKind::Golden)
    }

    /// The guest's portable WebAssembly; `None` where there is no guest. Each call checks its hash.
    pub fn guest(&self) -> Result<Option<&[u8]>, OpenError> {
        self.checked(SectionKind::Guest)
    }

    /// The guest's native code; `None` where there is none. Each call checks its hash.
    ///
    /// [`Artifact::open`] leaves this to whoever is about to run it, who may do it beside other work. The manifest's
    /// [`CodeRecord`](crate::manifest::CodeRecord) tells for which engine and host the code is.
    pub fn native_code(&self) -> Result<Option<&[u8]>, OpenError> {
        self.checked(SectionKind::Code)
    }

    /// The guest's native code without a look at its hash: for who has had [`Artifact::native_code`] of the same
    /// artifact already.
    pub fn native_code_unchecked(&self) -> Option<&[u8]> {
        self.only(SectionKind::Code).map(|section| bytes_of(&self.map, section))
    }

    /// Whether there is native code of a guest.
    pub fn has_native_code(&self) -> bool {
        self.only(SectionKind::Code).is_some()
    }

    /// BLAKE3 of the guest section, as the table has it; `None` where there is no guest.
    pub fn guest_hash(&self) -> Option<&[u8; 32]> {
        self.only(SectionKind::Guest).map(|section| &section.hash)
    }

    fn checked(&self, kind: SectionKind) -> Result<Option<&[u8]>, OpenError> {
        let Some(section) = self.only(kind) else { return Ok(None) };
        check_hash(&self.map, section, |_| ())?;
        Ok(Some(bytes_of(&self.map, section)))
    }

    /// The section of a kind of which the whole artifact has one at most.
    fn only(&self, kind: SectionKind) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    /// A model's graph, the padding after it and its weights as one slice, as the `ort` encoding wants them.
    pub fn graph_and_weights(&self, model: u32) -> &[u8] {
        let Some(graph) = find(&self.sections, model, SectionKind::Graph) else { return &[] };
        let end = find(&self.sections, model, SectionKind::Weights).unwrap_or(graph).end();
        &self.map[graph.offset as usize..end as usize]
    }

    fn section(&self, model: u32, kind: SectionKind) -> &[u8] {
        find(&self.sections, model, kind).map_or(&[], |section| bytes_of(&self.map, section))
    }
}

fn find(sections: &[Section], model: u32, kind: SectionKind) -> Option<&Section> {
    sections.iter().find(|section| section.kind == kind && section.model == Some(model))
}

/// A section's bytes. The table was checked against the file's length, which is the map's.
fn bytes_of<'a>(map: &'a MappedFile, section: &Section) -> &'a [u8] {
    &map[section.offset as usize..section.end() as usize]
}

/// Compares a section with its hash; `progress` hears how many of its bytes have been hashed.
fn check_hash(map: &MappedFile, section: &Section, mut progress: impl FnMut(u64)) -> Result<(), OpenError> {
    let mut hasher = blake3::Hasher::new();
    for part in bytes_of(map, section).chunks(HASHED_AT_ONCE) {
        progress(hasher.update(part).count());
    }
    if *hasher.finalize().as_bytes() == section.hash {
        Ok(())
    } else {
        Err(OpenError::SectionHash { kind: section.kind, model: section.model })
    }
}
