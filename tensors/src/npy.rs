//! NumPy's `.npy` files, versions 1.0, 2.0 and 3.0, by our own reader and writer.
//!
//! A file is read as data, never as code: the header is parsed by a grammar that knows three keys, every length in
//! it is checked against the bytes that are there before memory is taken, and object arrays (pickles) are refused.
//! Both byte orders and both axis orders are read; what comes out is row-major and little-endian.
//!
//! | in the file | dtype |
//! |---|---|
//! | `b1`, `u1`..`u8`, `i1`..`i8`, `f2`, `f4`, `f8` | bool, integers, f16, f32, f64 |
//! | `V2` | bf16, as `ml_dtypes` saves it |
//! | `V1` | an 8-bit float: f8e4m3fn, or the one the caller wants |
//! | `f1` | f8e5m2, as `ml_dtypes` saves it; read only |
//! | `U`, `S` | string; NUL at the end is padding |

mod data;
mod descr;
mod encode;
mod header;
mod literal;

use crate::{DType, MAX_RANK, Tensor, TensorError};

pub use encode::encode;

/// The longest header that is read, in bytes: 64 KiB.
pub const MAX_HEADER: usize = 64 * 1024;

/// The longest string element, in bytes of the file: 16 MiB.
pub const MAX_STRING_BYTES: usize = 16 * 1024 * 1024;

/// The most strings in a tensor: 2^20. In memory even an empty one takes more than its place in the file.
pub const MAX_STRINGS: usize = 1 << 20;

/// Why an npy file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum NpyError {
    #[error("file is not npy: it does not start with \\x93NUMPY")]
    Magic,
    #[error("npy file ends after {found} bytes, inside its header, which needs {expected}")]
    Truncated { expected: usize, found: usize },
    #[error("npy version is {major}.{minor}, expected 1.0, 2.0 or 3.0")]
    Version { major: u8, minor: u8 },
    #[error("npy header is {found} bytes long, expected at most {MAX_HEADER}")]
    HeaderLength { found: u32 },
    #[error("npy header is malformed at byte {at}: expected {expected}")]
    Syntax { at: usize, expected: &'static str },
    #[error("npy header has key '{key}': expected descr, fortran_order and shape")]
    UnknownKey { key: String },
    #[error("npy header has key '{key}' twice")]
    DuplicateKey { key: String },
    #[error("npy header has no key '{key}'")]
    MissingKey { key: &'static str },
    #[error("npy array holds python objects, which are never loaded: save strings as '<U', with arr.astype(str)")]
    Object,
    #[error("npy array holds records with fields: save every field as an array of its own")]
    Record,
    #[error("npy array has dtype '{descr}', which no tensor has: save it as a bool, integer, float or string array")]
    Descr { descr: String },
    #[error("npy tensor has more than {MAX_RANK} dims")]
    Rank,
    #[error("npy data is {found} bytes long, expected exactly {expected}")]
    DataLength { expected: usize, found: usize },
    #[error("bool tensor has byte {found} at element {index}: expected 0 or 1")]
    Bool { index: usize, found: u8 },
    #[error("npy strings take {found} bytes each, expected at most {MAX_STRING_BYTES}")]
    StringBytes { found: usize },
    #[error("npy tensor has {found} strings, expected at most {MAX_STRINGS}")]
    StringCount { found: usize },
    #[error("string at element {index} has {found:#x}, which is no unicode code point")]
    CodePoint { index: usize, found: u32 },
    #[error("string at element {index} is not utf-8: save strings as '<U', with arr.astype(str)")]
    Utf8 { index: usize },
    #[error("string at element {index} ends in NUL, which npy takes for padding")]
    TrailingNul { index: usize },
    #[error("npy has no {dtype}: write the tensor as raw bytes")]
    NoDescr { dtype: DType },
    #[error("npy tensor: {0}")]
    Tensor(#[from] TensorError),
    #[error("npy file could not be written: {0}")]
    Io(#[from] std::io::Error),
}

/// The tensor in an npy file, whose bytes are all of `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Tensor, NpyError> {
    decode_as(bytes, None)
}

/// As [`decode`], where `wanted` chooses among the dtypes that share `V1`, the four 8-bit floats. It converts
/// nothing: an array of any other dtype is read as what it is.
pub fn decode_as(bytes: &[u8], wanted: Option<DType>) -> Result<Tensor, NpyError> {
    let (header, data) = header::parse(bytes)?;
    data::tensor(&header, data, wanted)
}
