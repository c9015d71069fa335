//! Why an `.ort` file could not be read or laid out again.

/// Why an `.ort` file could not be read or laid out again.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OrtFormatError {
    #[error("file is not an ORT-format model: expected the identifier \"ORTM\" in bytes 4 to 8")]
    NotOrt,
    #[error("ORT-format model is of version '{found}', expected '6': save it again with ONNX Runtime 1.31")]
    UnsupportedVersion { found: String },
    #[error("ORT-format model is damaged: {what} at byte {at} leaves the file of {len} bytes")]
    OutOfBounds { what: &'static str, at: usize, len: usize },
    #[error("ORT-format model is damaged: the number at byte {at} is not on a multiple of {align}")]
    Misaligned { at: usize, align: usize },
    #[error("ORT-format model is damaged: table {table} at byte {at} has a malformed vtable")]
    BadTable { table: &'static str, at: usize },
    #[error("table {table} sets field {slot}, which this version does not know: save it again with ONNX Runtime 1.31")]
    UnknownField { table: &'static str, slot: usize },
    #[error("table {table} holds a value of kind {tag}, expected 1 to {known}")]
    UnknownKind { table: &'static str, tag: u64, known: usize },
    #[error("table {table} has no field {slot}, which every model must have")]
    MissingField { table: &'static str, slot: usize },
    #[error("ORT-format model nests tables deeper than {limit} levels")]
    TooDeep { limit: usize },
    #[error("ORT-format model repeats more data than its {len} bytes hold: offsets that share tables are not accepted")]
    Shared { len: usize },
    #[error("tensor '{tensor}' keeps its elements in another file: save the model with its weights inside")]
    ExternalData { tensor: String },
    #[error("name of {found} bytes is longer than the {limit} bytes a weight's name may have")]
    NameTooLong { found: usize, limit: usize },
    #[error("weights alignment is {found}, expected a power of two from 4096 to 2097152")]
    BadAlignment { found: u64 },
    #[error("laid-out model takes {total} bytes, the limit is {limit}: quantize it or split it")]
    TooLarge { total: u64, limit: u64 },
}
