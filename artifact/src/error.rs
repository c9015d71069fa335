//! Why an artifact is refused: one enum for reading, one for writing, a variant for each rule of `docs/format.md`.

use std::io;
use std::path::PathBuf;

use crate::manifest::ManifestError;
use crate::table::SectionKind;

/// Why a file was not accepted as an artifact.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OpenError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is not a regular file: an artifact is a file that can be mapped")]
    NotAFile { path: PathBuf },
    #[error("file is empty: expected an artifact made by `blink compile`")]
    Empty,
    #[error("file is not an artifact: it starts with {found:02x?}; make one with `blink compile MODEL.onnx -o OUT.blink`")]
    NotAnArtifact { found: Vec<u8> },
    #[error("file ends inside the header: found {found} bytes, expected at least 256; copy or compile it again")]
    TruncatedHeader { found: u64 },
    #[error("format version {found} is not known, this blink reads version 1; compile the model again, or use the blink that made it")]
    FormatVersion { found: u32 },
    #[error("header length is {found}, expected 256")]
    HeaderLength { found: u32 },
    #[error("file has {found} bytes, its header says {recorded}: it was cut or extended; copy or compile it again")]
    FileLength { recorded: u64, found: u64 },
    #[error("file length {recorded} is not a multiple of 4096")]
    FileLengthUnaligned { recorded: u64 },
    #[error("section count is {found}, expected 2 to 256")]
    SectionCount { found: u32 },
    #[error("section entries have {found} bytes, expected 64")]
    EntryLength { found: u32 },
    #[error("host class {code} is not known to this blink")]
    HostClass { code: u32 },
    #[error("execution provider {code} is not known to this blink")]
    Provider { code: u32 },
    #[error("model count is {found}, expected 1 to 64")]
    ModelCount { found: u32 },
    #[error("header byte {offset} must be zero")]
    ReservedHeaderByte { offset: usize },
    #[error("signature block is in use, and this blink knows no signatures; use a newer one")]
    UnknownSignature,
    #[error("file ends inside the section table: found {found} bytes, expected at least {expected}")]
    TruncatedTable { found: u64, expected: u64 },
    #[error("structure hash does not match: header or section table were changed; copy or compile the artifact again")]
    StructureHash,
    #[error("section {index} has kind {code}, which this blink does not know")]
    SectionKind { index: usize, code: u32 },
    #[error("section {index} has alignment {found}, expected a power of two from 4096 to 2097152")]
    SectionAlignment { index: usize, found: u32 },
    #[error("section {index} is empty")]
    SectionEmpty { index: usize },
    #[error("section {index} ({len} bytes at {offset}) passes the end of the file at {file_len}")]
    SectionOutside { index: usize, offset: u64, len: u64, file_len: u64 },
    #[error("section {index} starts at {found}, expected {expected}: sections neither overlap nor leave holes")]
    SectionOffset { index: usize, found: u64, expected: u64 },
    #[error("section {index} has a byte in use that must be zero")]
    ReservedEntryByte { index: usize },
    #[error("section {index} is a {kind}: the manifest is the first section and the only one of its kind")]
    ManifestPlace { index: usize, kind: SectionKind },
    #[error("section {index}, a {kind}, belongs to model {found:?}, which the artifact does not have")]
    SectionModel { index: usize, kind: SectionKind, found: Option<u32> },
    #[error("section {index} holds weights and does not follow its model's graph")]
    WeightsPlace { index: usize },
    #[error("model {model} has {found} {kind} sections")]
    SectionsOfModel { model: u32, kind: SectionKind, found: usize },
    #[error("sections end at {end}, the file at {file_len}: only padding to the next 4096 may follow")]
    TrailingBytes { end: u64, file_len: u64 },
    #[error("{kind} of model {model:?} does not match its hash: the file was damaged; copy or compile it again")]
    SectionHash { kind: SectionKind, model: Option<u32> },
    #[error("byte {offset} lies between sections and must be zero")]
    PaddingByte { offset: u64 },
    #[error("manifest is not valid: {0}")]
    Manifest(#[from] ManifestError),
}

/// Why an artifact could not be written. Nothing is left behind in any of these cases.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum WriteError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} has no file name to write to")]
    NoFileName { path: PathBuf },
    #[error("{path} exists and is not a regular file")]
    NotAFile { path: PathBuf },
    #[error("{kind} section gave {found} bytes, {expected} were announced")]
    SectionLength { kind: SectionKind, found: u64, expected: u64 },
    #[error("{found} sections were written, {planned} were planned")]
    SectionCount { found: usize, planned: u32 },
    #[error("artifact would break its own format: {0}")]
    Invalid(#[from] OpenError),
}
