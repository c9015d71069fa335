//! The section table (layout: `docs/format.md`): where each part of the artifact stands.
//!
//! [`decode`] keeps the format's one geometric rule: sections follow each other with nothing between them but
//! the padding that their alignment asks for.

use crate::error::OpenError;
use crate::header::{HEADER_LEN, HUGE_PAGE, Header, PAGE, WITH_GUEST, WITHOUT_GUEST, u32_at, u64_at};
use crate::manifest::{MAX_MANIFEST_LEN, ManifestError};

/// Bytes an entry takes.
pub(crate) const ENTRY_LEN: usize = 64;
/// The model index of a section that belongs to no model.
pub(crate) const WHOLE_ARTIFACT: u32 = u32::MAX;

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SectionKind {
    /// JSON that describes the artifact; the first section.
    Manifest,
    /// Outputs of a model's golden run.
    Golden,
    /// A model's optimised graph.
    Graph,
    /// A model's weights; right after its graph.
    Weights,
    /// The guest: portable WebAssembly. From format version 2 on.
    Guest,
    /// What the guest was compiled to, for one kind of host; right after it.
    Code,
}

impl SectionKind {
    /// Every kind.
    const ALL: [SectionKind; 6] = [
        SectionKind::Manifest,
        SectionKind::Golden,
        SectionKind::Graph,
        SectionKind::Weights,
        SectionKind::Guest,
        SectionKind::Code,
    ];

    /// Whether such a section belongs to the whole artifact, and not to one of its models.
    pub(crate) fn is_of_artifact(self) -> bool {
        matches!(self, SectionKind::Manifest | SectionKind::Guest | SectionKind::Code)
    }

    /// The first format version that has such sections.
    pub(crate) const fn since(self) -> u32 {
        match self {
            SectionKind::Manifest | SectionKind::Golden | SectionKind::Graph | SectionKind::Weights => WITHOUT_GUEST,
            SectionKind::Guest | SectionKind::Code => WITH_GUEST,
        }
    }

    pub(crate) const fn code(self) -> u32 {
        match self {
            SectionKind::Manifest => 1,
            SectionKind::Golden => 2,
            SectionKind::Graph => 3,
            SectionKind::Weights => 4,
            SectionKind::Guest => 16,
            SectionKind::Code => 17,
        }
    }

    fn from_code(code: u32) -> Option<SectionKind> {
        SectionKind::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl std::fmt::Display for SectionKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            SectionKind::Manifest => "manifest",
            SectionKind::Golden => "golden",
            SectionKind::Graph => "graph",
            SectionKind::Weights => "weights",
            SectionKind::Guest => "guest",
            SectionKind::Code => "code",
        })
    }
}

/// One section: what it is, where it stands, and the hash of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it holds.
    pub kind: SectionKind,
    /// Index of the model it belongs to; `None` for the whole artifact.
    pub model: Option<u32>,
    /// First byte in the file.
    pub offset: u64,
    /// Length in bytes, at least 1.
    pub len: u64,
    /// Power of two that divides `offset`.
    pub alignment: u32,
    /// BLAKE3 of the bytes.
    pub hash: [u8; 32],
}

impl Section {
    /// One past the last byte in the file.
    pub fn end(&self) -> u64 {
        self.offset + self.len
    }

    pub(crate) fn encode(&self) -> [u8; ENTRY_LEN] {
        let mut bytes = [0; ENTRY_LEN];
        bytes[0..4].copy_from_slice(&self.kind.code().to_le_bytes());
        bytes[4..8].copy_from_slice(&self.model.unwrap_or(WHOLE_ARTIFACT).to_le_bytes());
        bytes[8..16].copy_from_slice(&self.offset.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.len.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.alignment.to_le_bytes());
        bytes[32..64].copy_from_slice(&self.hash);
        bytes
    }

    fn decode(index: usize, bytes: &[u8; ENTRY_LEN], previous_end: u64, header: &Header) -> Result<Section, OpenError> {
        let code = u32_at(bytes, 0);
        let kind = SectionKind::from_code(code).ok_or(OpenError::SectionKind { index, code })?;
        if kind.since() > header.version {
            return Err(OpenError::SectionVersion { index, kind, version: header.version });
        }
        let model = Some(u32_at(bytes, 4)).filter(|&model| model != WHOLE_ARTIFACT);
        let alignment = u32_at(bytes, 24);
        check_alignment(index, alignment)?;
        let (offset, len) = (u64_at(bytes, 8), u64_at(bytes, 16));
        if len == 0 {
            return Err(OpenError::SectionEmpty { index });
        }
        if offset.checked_add(len).is_none_or(|end| end > header.file_len) {
            return Err(OpenError::SectionOutside { index, offset, len, file_len: header.file_len });
        }
        let expected = previous_end.next_multiple_of(u64::from(alignment));
        if offset != expected {
            return Err(OpenError::SectionOffset { index, found: offset, expected });
        }
        if u32_at(bytes, 28) != 0 {
            return Err(OpenError::ReservedEntryByte { index });
        }
        let mut hash = [0; 32];
        hash.copy_from_slice(&bytes[32..64]);
        Ok(Section { kind, model, offset, len, alignment, hash })
    }
}

/// Whether a section can have this alignment.
pub(crate) fn check_alignment(index: usize, found: u32) -> Result<(), OpenError> {
    let possible = found.is_power_of_two() && (PAGE..=HUGE_PAGE).contains(&u64::from(found));
    if possible { Ok(()) } else { Err(OpenError::SectionAlignment { index, found }) }
}

/// One past the last byte of a table of `sections` entries.
pub(crate) fn table_end(sections: u32) -> u64 {
    HEADER_LEN as u64 + u64::from(sections) * ENTRY_LEN as u64
}

/// Reads and checks the table that follows `header`; `table` is exactly its bytes.
pub(crate) fn decode(header: &Header, table: &[u8]) -> Result<Vec<Section>, OpenError> {
    let mut sections: Vec<Section> = Vec::with_capacity(header.sections as usize);
    let mut end = table_end(header.sections);
    for (index, entry) in table.as_chunks::<ENTRY_LEN>().0.iter().enumerate() {
        let section = Section::decode(index, entry, end, header)?;
        check_place(index, &section, &sections, header)?;
        end = section.end();
        sections.push(section);
    }
    if end.next_multiple_of(PAGE) != header.file_len {
        return Err(OpenError::TrailingBytes { end, file_len: header.file_len });
    }
    if header.version == WITH_GUEST && sections.iter().all(|section| section.kind != SectionKind::Guest) {
        return Err(OpenError::NoGuest { version: header.version });
    }
    for model in 0..header.models {
        let count = |kind| sections.iter().filter(|s| s.kind == kind && s.model == Some(model)).count();
        // A second weights section has had no place already: it does not follow the graph.
        for (kind, possible) in [(SectionKind::Graph, 1..=1), (SectionKind::Golden, 0..=1)] {
            let found = count(kind);
            if !possible.contains(&found) {
                return Err(OpenError::SectionsOfModel { model, kind, found });
            }
        }
    }
    Ok(sections)
}

/// The rules on which section may stand after those `before` it, and how long a manifest may be.
fn check_place(index: usize, section: &Section, before: &[Section], header: &Header) -> Result<(), OpenError> {
    let previous = before.last();
    let is_manifest = section.kind == SectionKind::Manifest;
    if is_manifest != (index == 0) {
        return Err(OpenError::ManifestPlace { index, kind: section.kind });
    }
    if is_manifest && section.len > MAX_MANIFEST_LEN {
        return Err(ManifestError::TooLong { found: section.len }.into());
    }
    let model_fits = match section.model {
        None => section.kind.is_of_artifact(),
        Some(model) => !section.kind.is_of_artifact() && model < header.models,
    };
    if !model_fits {
        return Err(OpenError::SectionModel { index, kind: section.kind, found: section.model });
    }
    let after_its_graph = previous.is_some_and(|p| p.kind == SectionKind::Graph && p.model == section.model);
    if section.kind == SectionKind::Weights && !after_its_graph {
        return Err(OpenError::WeightsPlace { index });
    }
    if section.kind == SectionKind::Guest && before.iter().any(|other| other.kind == SectionKind::Guest) {
        return Err(OpenError::SecondGuest { index });
    }
    if section.kind == SectionKind::Code && previous.is_none_or(|p| p.kind != SectionKind::Guest) {
        return Err(OpenError::CodePlace { index });
    }
    Ok(())
}
