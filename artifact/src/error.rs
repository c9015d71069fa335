//! Why an artifact is refused: one enum for reading, one for writing, a variant for each rule of `docs/format.md`.
//!
//! The texts of [`OpenError`] do not name the file: whoever asked for it knows what the user calls it.

use std::io;
use std::path::PathBuf;

use crate::manifest::ManifestError;
use crate::table::SectionKind;

/// Why a file was not accepted as an artifact.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OpenError {
    #[error("file cannot be read: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("not a regular file: expected an artifact made by `blink compile`, which can be mapped")]
    NotAFile { path: PathBuf },
    #[error(
        "file was cut while it was read: it had {expected} bytes, and has {found} now; put a whole one in its place by \
         renaming it"
    )]
    Cut { expected: u64, found: u64 },
    #[error("file is empty: expected an artifact made by `blink compile`")]
    Empty,
    #[error(
        "file is not an artifact: it starts with {found:02x?}; make one with `blink compile MODEL.onnx -o OUT.blink`"
    )]
    NotAnArtifact { found: Vec<u8> },
    #[error("file ends inside the header: found {found} bytes, expected at least 256; copy or compile it again")]
    TruncatedHeader { found: u64 },
    #[error(
        "format version is {found}, this blink reads 1 to 3; compile the model again, or use the blink that made it"
    )]
    FormatVersion { found: u32 },
    #[error("header length is {found}, expected 256; copy or compile it again")]
    HeaderLength { found: u32 },
    #[error("file has {found} bytes, its header says {recorded}: it was cut or extended; copy or compile it again")]
    FileLength { recorded: u64, found: u64 },
    #[error("file length is {recorded}, expected a multiple of 4096; compile the model again")]
    FileLengthUnaligned { recorded: u64 },
    #[error("section count is {found}, expected 2 to 256; copy or compile it again")]
    SectionCount { found: u32 },
    #[error("section entry length is {found}, expected 64; copy or compile it again")]
    EntryLength { found: u32 },
    #[error("host class {code} is not known, expected 1 to 5; use a newer blink, or compile the model again")]
    HostClass { code: u32 },
    #[error(
        "execution provider is {code}, expected 1 (CPU) in format versions 1 and 2, 2 (CUDA) in version 3; use a newer \
         blink, or compile the model again"
    )]
    Provider { code: u32 },
    #[error("model count is {found}, expected 1 to 64; copy or compile it again")]
    ModelCount { found: u32 },
    #[error("header byte {offset} is in use, expected zero; copy or compile it again")]
    ReservedHeaderByte { offset: usize },
    #[error(
        "signature is of algorithm {algorithm}, which this blink does not know, expected 1 (ed25519); use a newer one"
    )]
    SignatureAlgorithm { algorithm: u32 },
    #[error(
        "signature block names no algorithm, and header byte {offset} in it is in use, expected zero; copy the artifact \
         again, or sign it again"
    )]
    SignatureWithoutAlgorithm { offset: usize },
    #[error("signature block names no key; copy the artifact again, or sign it again")]
    SignatureWithoutKey,
    #[error("signature is all zeros; copy the artifact again, or sign it again")]
    SignatureEmpty,
    #[error(
        "header byte {offset} beside the signature is in use, expected zero; copy the artifact again, or sign it again"
    )]
    ReservedSignatureByte { offset: usize },
    #[error("file ends inside the section table: found {found} bytes, expected at least {expected}; copy it again")]
    TruncatedTable { found: u64, expected: u64 },
    #[error("structure hash does not match: header or section table were changed; copy or compile the artifact again")]
    StructureHash,
    #[error(
        "section {index} has kind {code}, which this blink does not know; use a newer one, or compile the model again"
    )]
    SectionKind { index: usize, code: u32 },
    #[error("section {index} is a {kind} section, which format version {version} does not have; compile it again")]
    SectionVersion { index: usize, kind: SectionKind, version: u32 },
    #[error("section {index} has alignment {found}, expected a power of two from 4096 to 2097152")]
    SectionAlignment { index: usize, found: u32 },
    #[error("section {index} is empty, expected at least 1 byte")]
    SectionEmpty { index: usize },
    #[error("section {index} ({len} bytes at {offset}) passes the end of the file at {file_len}")]
    SectionOutside { index: usize, offset: u64, len: u64, file_len: u64 },
    #[error("section {index} starts at {found}, expected {expected}: sections neither overlap nor leave holes")]
    SectionOffset { index: usize, found: u64, expected: u64 },
    #[error("section {index} has a byte in use that must be zero")]
    ReservedEntryByte { index: usize },
    #[error("section {index} is a {kind} section: the manifest is the first section and the only one of its kind")]
    ManifestPlace { index: usize, kind: SectionKind },
    #[error("section {index} is the {}, which the artifact cannot have", part(*kind, *found))]
    SectionModel { index: usize, kind: SectionKind, found: Option<u32> },
    #[error("section {index} holds weights, expected right after its model's graph")]
    WeightsPlace { index: usize },
    #[error("section {index} holds native code, expected right after the guest that it was made of")]
    CodePlace { index: usize },
    #[error("section {index} is a second guest: an artifact has one at most")]
    SecondGuest { index: usize },
    #[error("no section is a guest, which every artifact of format version {version} has; compile it again")]
    NoGuest { version: u32 },
    #[error("model {model} has {found} {kind} sections, expected {}", expected(*kind))]
    SectionsOfModel { model: u32, kind: SectionKind, found: usize },
    #[error("sections end at {end}, the file at {file_len}: only zeros up to the next multiple of 4096 may follow")]
    TrailingBytes { end: u64, file_len: u64 },
    #[error("{} does not match its hash: the file was damaged; copy or compile it again", part(*kind, *model))]
    SectionHash { kind: SectionKind, model: Option<u32> },
    #[error("byte {offset} lies between sections, expected zero: the file was damaged; copy or compile it again")]
    PaddingByte { offset: u64 },
    #[error("manifest is not valid: {0}")]
    Manifest(#[from] ManifestError),
}

/// Why an artifact could not be written. No other file is left, and the destination is as it was before, but for the
/// one case that [`PendingFile::publish`](crate::PendingFile::publish) describes.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum WriteError {
    #[error("{path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} has no file name to write to: name a file, such as model.blink", path = path.display())]
    NoFileName { path: PathBuf },
    #[error("{path} exists and is not a regular file: name another file", path = path.display())]
    NotAFile { path: PathBuf },
    #[error("{kind} section gave {found} bytes, {expected} were announced")]
    SectionLength { kind: SectionKind, found: u64, expected: u64 },
    #[error("{found} sections were given, {planned} were planned")]
    SectionCount { found: usize, planned: u32 },
    #[error("artifact would break its own format: {0}")]
    Invalid(#[from] OpenError),
}

/// What a section is called: `manifest`, `weights of model 0`.
fn part(kind: SectionKind, model: Option<u32>) -> String {
    match model {
        Some(model) => format!("{kind} of model {model}"),
        None if kind.is_of_artifact() => kind.to_string(),
        None => format!("{kind} of no model"),
    }
}

/// How many sections of a kind a model has.
fn expected(kind: SectionKind) -> &'static str {
    if kind == SectionKind::Graph { "1" } else { "at most 1" }
}
