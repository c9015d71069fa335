//! [`Artifact`]: a mapped file whose structure, manifest and graphs have been checked.
//!
//! There is no way to get one that was not: [`Artifact::open`] and [`Artifact::read`] are the only doors. Weights and
//! golden outputs are hashed by [`Artifact::verify`] alone, since hashing them takes longer than a start may. A guest and
//! its native code are hashed each time that they are asked for ([`Artifact::guest`], [`Artifact::native_code`]), and by
//! verify.

use std::borrow::Cow;
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::OpenError;
use crate::header::{ExecutionProvider, HEADER_LEN, HUGE_PAGE, Header, MAX_SECTIONS, structure_hash};
use crate::manifest::rules::{GuestSections, SectionFacts};
use crate::manifest::{Manifest, ModelRecord};
use crate::map::{FileId, MappedFile, open_file};
use crate::signature::{PublicKey, SignatureError};
use crate::source::Source;
use crate::table::{self, Section, SectionKind};

/// An artifact, open and mapped, checked at level "code" of `docs/security.md`.
///
/// Slices that it lends are of its mapping: a file that is cut meanwhile ends the process that looks there. All else is
/// as it was checked, and where it came by [`Artifact::read`] every further check reads, too.
#[derive(Debug)]
pub struct Artifact {
    path: PathBuf,
    source: Source,
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
        Artifact::check(Source::mapped(MappedFile::open(path)?), path)
    }

    /// As [`Artifact::open`], on a file that is open already; `path` is what errors and [`Artifact::path`] give.
    pub fn from_file(file: &File, path: impl AsRef<Path>) -> Result<Artifact, OpenError> {
        let path = path.as_ref();
        Artifact::check(Source::mapped(MappedFile::of(file, path)?), path)
    }

    /// As [`Artifact::open`], for a process that must live: what is checked is read, and a file that is cut meanwhile is
    /// an error. It costs a copy of what is checked.
    pub fn read(path: impl AsRef<Path>) -> Result<Artifact, OpenError> {
        let path = path.as_ref();
        let file = open_file(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        Artifact::read_from(Arc::new(file), path)
    }

    /// As [`Artifact::read`], on a file that is open already.
    pub fn read_from(file: Arc<File>, path: impl AsRef<Path>) -> Result<Artifact, OpenError> {
        let path = path.as_ref();
        Artifact::check(Source::read(MappedFile::of(&file, path)?, file), path)
    }

    fn check(source: Source, path: &Path) -> Result<Artifact, OpenError> {
        let len = source.len();
        let head = source.bytes(0..len.min(table::table_end(MAX_SECTIONS)), path)?;
        let header = Header::decode(&head, len)?;
        let table_end = table::table_end(header.sections);
        let table = head
            .get(HEADER_LEN..table_end as usize)
            .ok_or(OpenError::TruncatedTable { found: len, expected: table_end })?;
        let first = head.first_chunk().ok_or(OpenError::TruncatedHeader { found: len })?;
        if structure_hash(first, table) != header.structure_hash {
            return Err(OpenError::StructureHash);
        }
        let sections = table::decode(&header, table)?;
        let of_manifest = source.bytes(range(&sections[0]), path)?;
        if *blake3::hash(&of_manifest).as_bytes() != sections[0].hash {
            return Err(wrong_hash(&sections[0]));
        }
        for section in sections.iter().filter(|section| section.kind == SectionKind::Graph) {
            check_hash(&source, path, section, |_| ())?;
        }
        let has = |kind| sections.iter().any(|section| section.kind == kind);
        let guest = GuestSections { guest: has(SectionKind::Guest), code: has(SectionKind::Code) };
        let facts = SectionFacts {
            len: |kind, model| find(&sections, model, kind).map_or(0, |section| section.len),
            guest,
            is_for_device: header.provider != ExecutionProvider::Cpu,
        };
        let manifest = Manifest::decode(&of_manifest, header.models, &facts)?;
        for section in &sections {
            if section.kind == SectionKind::Weights && u64::from(section.alignment) == HUGE_PAGE {
                source.map().prefer_huge_pages(section.offset as usize, section.len as usize);
            }
        }
        drop((head, of_manifest));
        Ok(Artifact { path: path.to_owned(), source, header, sections, manifest })
    }

    /// Checks what [`Artifact::open`] left out: the hash of every section, and that every gap is zeros.
    ///
    /// `progress` hears, every few megabytes, up to which byte of the file it has come; at last, the file's length.
    pub fn verify(&self, mut progress: impl FnMut(u64)) -> Result<(), OpenError> {
        let mut end = table::table_end(self.header.sections);
        for section in &self.sections {
            self.check_gap(end, section.offset)?;
            check_hash(&self.source, &self.path, section, |hashed| progress(section.offset + hashed))?;
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

    /// Bytes of `range`, which is in the file.
    pub(crate) fn bytes(&self, range: Range<u64>) -> Result<Cow<'_, [u8]>, OpenError> {
        self.source.bytes(range, &self.path)
    }

    fn check_gap(&self, start: u64, end: u64) -> Result<(), OpenError> {
        self.source.each(start..end, &self.path, |offset, gap| match gap.iter().position(|&byte| byte != 0) {
            Some(at) => Err(OpenError::PaddingByte { offset: offset + at as u64 }),
            None => Ok(()),
        })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which file it was opened from.
    pub fn file_id(&self) -> FileId {
        self.source.map().id()
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

    /// A model's golden outputs; empty where none are kept. Their hash is not looked at.
    pub fn golden(&self, model: u32) -> Result<Cow<'_, [u8]>, OpenError> {
        match find(&self.sections, model, SectionKind::Golden) {
            Some(section) => self.bytes(range(section)),
            None => Ok(Cow::default()),
        }
    }

    /// The guest's portable WebAssembly; `None` where there is no guest. Each call checks its hash.
    pub fn guest(&self) -> Result<Option<Cow<'_, [u8]>>, OpenError> {
        self.checked(SectionKind::Guest)
    }

    /// The guest's native code; `None` where there is none. Each call checks its hash.
    ///
    /// [`Artifact::open`] leaves this to whoever is about to run it, who may do it beside other work. The manifest's
    /// [`CodeRecord`](crate::manifest::CodeRecord) tells for which engine and host the code is.
    pub fn native_code(&self) -> Result<Option<Cow<'_, [u8]>>, OpenError> {
        self.checked(SectionKind::Code)
    }

    /// The guest's native code without a look at its hash: for who has had [`Artifact::native_code`] of the same
    /// artifact already.
    pub fn native_code_unchecked(&self) -> Option<&[u8]> {
        self.only(SectionKind::Code).map(|section| self.mapped(range(section)))
    }

    /// Whether there is native code of a guest.
    pub fn has_native_code(&self) -> bool {
        self.only(SectionKind::Code).is_some()
    }

    /// BLAKE3 of the guest section, as the table has it; `None` where there is no guest.
    pub fn guest_hash(&self) -> Option<&[u8; 32]> {
        self.only(SectionKind::Guest).map(|section| &section.hash)
    }

    fn checked(&self, kind: SectionKind) -> Result<Option<Cow<'_, [u8]>>, OpenError> {
        let Some(section) = self.only(kind) else { return Ok(None) };
        let bytes = self.bytes(range(section))?;
        // What is given is what was hashed, also where the file changes meanwhile.
        if *blake3::hash(&bytes).as_bytes() == section.hash { Ok(Some(bytes)) } else { Err(wrong_hash(section)) }
    }

    /// The section of a kind of which the whole artifact has one at most.
    fn only(&self, kind: SectionKind) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind)
    }

    /// A model's graph, the padding after it and its weights as one slice, as the `ort` encoding wants them.
    pub fn graph_and_weights(&self, model: u32) -> &[u8] {
        let Some(graph) = find(&self.sections, model, SectionKind::Graph) else { return &[] };
        let end = find(&self.sections, model, SectionKind::Weights).unwrap_or(graph).end();
        self.mapped(graph.offset..end)
    }

    fn section(&self, model: u32, kind: SectionKind) -> &[u8] {
        find(&self.sections, model, kind).map_or(&[], |section| self.mapped(range(section)))
    }

    /// The table was checked against the file's length, which is the map's.
    fn mapped(&self, range: Range<u64>) -> &[u8] {
        &self.source.map()[range.start as usize..range.end as usize]
    }
}

fn find(sections: &[Section], model: u32, kind: SectionKind) -> Option<&Section> {
    sections.iter().find(|section| section.kind == kind && section.model == Some(model))
}

/// Where a section's bytes are.
fn range(section: &Section) -> Range<u64> {
    section.offset..section.end()
}

fn wrong_hash(section: &Section) -> OpenError {
    OpenError::SectionHash { kind: section.kind, model: section.model }
}

/// Compares a section with its hash; `progress` hears how many of its bytes have been hashed.
fn check_hash(source: &Source, path: &Path, section: &Section, mut progress: impl FnMut(u64)) -> Result<(), OpenError> {
    let mut hasher = blake3::Hasher::new();
    source.each(range(section), path, |_, piece| {
        progress(hasher.update(piece).count());
        Ok(())
    })?;
    if *hasher.finalize().as_bytes() == section.hash { Ok(()) } else { Err(wrong_hash(section)) }
}
