//! [`Image`]: an artifact as bytes, laid out by the specification and not by the crate, to be broken rule by rule.
//!
//! After a patch, `seal` makes the hashes right again, so that it is the rule that refuses and not the hash.

use std::io::Write;

use blink_artifact::{Artifact, OpenError, SectionKind};

use super::{Part, parts, parts_for_device, parts_with_guest};

pub(crate) const MANIFEST: u32 = 1;
pub(crate) const GOLDEN: u32 = 2;
pub(crate) const GRAPH: u32 = 3;
pub(crate) const WEIGHTS: u32 = 4;
pub(crate) const GUEST: u32 = 16;
pub(crate) const CODE: u32 = 17;
/// The model index of what belongs to no model.
pub(crate) const WHOLE: u32 = 0xffff_ffff;

const PAGE: usize = 4096;
const HEADER: usize = 256;
const ENTRY: usize = 64;

/// A field of a table entry: its offset in the entry.
#[derive(Clone, Copy)]
pub(crate) enum Field {
    Kind = 0,
    Model = 4,
    Offset = 8,
    Len = 16,
    Alignment = 24,
    Zero = 28,
    Hash = 32,
}

/// A section with raw codes.
#[derive(Clone)]
pub(crate) struct RawSection {
    pub(crate) kind: u32,
    pub(crate) model: u32,
    pub(crate) alignment: u32,
    pub(crate) bytes: Vec<u8>,
}

impl RawSection {
    /// A section aligned to a page.
    pub(crate) fn new(kind: u32, model: u32, bytes: &[u8]) -> RawSection {
        RawSection { kind, model, alignment: 4096, bytes: bytes.to_vec() }
    }

    /// A section as the writer takes it, in the specification's own numbers.
    pub(crate) fn of(part: &Part) -> RawSection {
        let kind = match part.kind {
            SectionKind::Manifest => MANIFEST,
            SectionKind::Golden => GOLDEN,
            SectionKind::Graph => GRAPH,
            SectionKind::Weights => WEIGHTS,
            SectionKind::Guest => GUEST,
            SectionKind::Code => CODE,
        };
        let (model, alignment) = (part.model.unwrap_or(WHOLE), part.alignment);
        RawSection { kind, model, alignment, bytes: part.bytes.clone() }
    }
}

#[derive(Clone)]
pub(crate) struct Image(pub(crate) Vec<u8>);

impl Image {
    /// Manifest, golden, graph and weights of one model, a page each.
    pub(crate) fn small() -> Image {
        Image::lay(1, &Image::small_sections())
    }

    /// The sections of [`Image::small`].
    pub(crate) fn small_sections() -> Vec<RawSection> {
        parts().iter().map(RawSection::of).collect()
    }

    /// As [`Image::small`], with a guest on a page and its native code on two.
    pub(crate) fn with_guest() -> Image {
        Image::lay(1, &Image::guest_sections())
    }

    /// The sections of [`Image::with_guest`].
    pub(crate) fn guest_sections() -> Vec<RawSection> {
        parts_with_guest().iter().map(RawSection::of).collect()
    }

    /// As [`Image::small`], for CUDA.
    pub(crate) fn for_device() -> Image {
        Image::lay(1, &Image::device_sections()).made_for_cuda()
    }

    /// The sections of [`Image::for_device`].
    pub(crate) fn device_sections() -> Vec<RawSection> {
        parts_for_device().iter().map(RawSection::of).collect()
    }

    /// One artifact of each format version.
    pub(crate) fn samples() -> [Image; 3] {
        [Image::small(), Image::with_guest(), Image::for_device()]
    }

    /// Says in the header that it is for CUDA, and of format version 3.
    pub(crate) fn made_for_cuda(self) -> Image {
        self.with_header(8, 3).with_header(36, 2)
    }

    /// An artifact of `models` models with these sections, one after the other: for the CPU, of format
    /// version 2 where one of them is of a guest, else of version 1.
    pub(crate) fn lay(models: u32, sections: &[RawSection]) -> Image {
        let mut bytes = vec![0; HEADER + ENTRY * sections.len()];
        for (index, section) in sections.iter().enumerate() {
            bytes.resize(bytes.len().next_multiple_of(section.alignment.max(1) as usize), 0);
            let mut entry = [0; ENTRY];
            entry[0..4].copy_from_slice(&section.kind.to_le_bytes());
            entry[4..8].copy_from_slice(&section.model.to_le_bytes());
            entry[8..16].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
            entry[16..24].copy_from_slice(&(section.bytes.len() as u64).to_le_bytes());
            entry[24..28].copy_from_slice(&section.alignment.to_le_bytes());
            entry[32..64].copy_from_slice(blake3::hash(&section.bytes).as_bytes());
            bytes[HEADER + ENTRY * index..][..ENTRY].copy_from_slice(&entry);
            bytes.extend_from_slice(&section.bytes);
        }
        bytes.resize(bytes.len().next_multiple_of(PAGE), 0);
        let mut image = Image(bytes);
        image.put(0, &[0x89, 0x42, 0x4c, 0x4e, 0x4b, 0x0d, 0x0a, 0x1a]);
        let has_guest = sections.iter().any(|section| section.kind == GUEST || section.kind == CODE);
        image.put(8, &u32::to_le_bytes(if has_guest { 2 } else { 1 }));
        image.put(12, &256u32.to_le_bytes());
        image.put(24, &(sections.len() as u32).to_le_bytes());
        image.put(28, &64u32.to_le_bytes());
        image.put(32, &2u32.to_le_bytes());
        image.put(36, &1u32.to_le_bytes());
        image.put(40, &[1, 0, 31, 0, 1, 0]);
        image.put(48, &models.to_le_bytes());
        image.put_file_len();
        image.seal();
        image
    }

    /// Overwrites bytes.
    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Overwrites a 4-byte field of the header and seals.
    pub(crate) fn with_header(mut self, at: usize, value: u32) -> Image {
        self.put(at, &value.to_le_bytes());
        self.seal();
        self
    }

    /// Overwrites a field of a table entry, with as many bytes as `value` has, and seals.
    pub(crate) fn with_entry(mut self, index: usize, field: Field, value: &[u8]) -> Image {
        self.put(HEADER + ENTRY * index + field as usize, value);
        self.seal();
        self
    }

    /// Overwrites the header's file length with the real one.
    pub(crate) fn put_file_len(&mut self) {
        let len = self.0.len() as u64;
        self.put(16, &len.to_le_bytes());
    }

    /// Cuts or extends with zeros, says so in the header, and seals.
    pub(crate) fn with_len(mut self, len: usize) -> Image {
        self.0.resize(len, 0);
        self.put_file_len();
        self.seal();
        self
    }

    /// Makes the structure hash right, if there is a whole table to hash.
    pub(crate) fn seal(&mut self) {
        if let Some(table) = self.0.get(HEADER..self.sections().saturating_mul(ENTRY).saturating_add(HEADER)) {
            let hash = blake3::Hasher::new().update(&self.0[..64]).update(table).finalize();
            self.put(64, hash.as_bytes());
        }
    }

    /// The sections that its table counts.
    pub(crate) fn sections(&self) -> usize {
        u32::from_le_bytes(self.0[24..28].try_into().unwrap()) as usize
    }

    /// The bytes of a section in the file.
    pub(crate) fn range(&self, index: usize) -> std::ops::Range<usize> {
        let offset = self.entry(index, Field::Offset);
        offset..offset + self.entry(index, Field::Len)
    }

    /// A field of 8 bytes of a table entry.
    pub(crate) fn entry(&self, index: usize, field: Field) -> usize {
        let at = HEADER + ENTRY * index + field as usize;
        u64::from_le_bytes(self.0[at..at + 8].try_into().unwrap()) as usize
    }

    /// Where the table ends.
    pub(crate) fn table_end(&self) -> usize {
        HEADER + ENTRY * self.sections()
    }

    /// Opens it as a file.
    pub(crate) fn open(&self) -> Result<Artifact, OpenError> {
        open(&self.0)
    }
}

/// Opens a file of these bytes.
fn open(bytes: &[u8]) -> Result<Artifact, OpenError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Artifact::from_file(&file, "patched.blink")
}
