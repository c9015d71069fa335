//! `--input` and `--output`: tensors from files and to files, as the command line names them.
//!
//! | file | what it holds |
//! |---|---|
//! | `input.rs` | `[NAME=]FILE`, `[NAME]:dtype:shape=FILE` |
//! | `output.rs` | `[NAME=]FILE` |

mod input;
mod output;

use std::io;
use std::path::PathBuf;

use blink_tensors::json::JsonError;
use blink_tensors::npy::NpyError;
use blink_tensors::npz::NpzError;
use blink_tensors::raw::RawError;

pub(crate) use input::read_inputs;
pub(crate) use output::{Destination, write_outputs};

/// Why a tensor was not read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub(crate) enum TensorFileError {
    #[error("{path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} cannot be written: {source}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{path}: {source}", path = path.display())]
    Npy { path: PathBuf, source: NpyError },
    #[error("{path}: {source}", path = path.display())]
    Npz { path: PathBuf, source: NpzError },
    #[error("{path} is not JSON: {source}", path = path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{path}: {source}", path = path.display())]
    JsonTensor { path: PathBuf, source: JsonError },
    #[error("{path}: {source}", path = path.display())]
    Raw { path: PathBuf, source: RawError },
    #[error(
        "{path} has no format that can be told: expected .npy, .npz or .json; for raw bytes write \
         NAME:dtype:shape=FILE, such as x:f32:1x3x224x224=FILE",
        path = path.display()
    )]
    UnknownFormat { path: PathBuf },
    #[error("{path} does not say which {side} it is for: the model has {known}; write NAME=FILE", path = path.display())]
    NameNeeded { path: PathBuf, side: &'static str, known: String },
    #[error("{side} '{name}' is not known: the model has {known}")]
    UnknownName { name: String, side: &'static str, known: String },
    #[error("{path} has no tensor '{name}': it has {known}", path = path.display())]
    NotInArchive { path: PathBuf, name: String, known: String },
    #[error("{path} cannot hold a tensor: expected .npy, .npz, .json, or .bin for raw bytes", path = path.display())]
    OutputFormat { path: PathBuf },
    #[error("output '{name}' is a string tensor, which raw bytes cannot hold: use .npy or .json")]
    StringsAsBytes { name: String },
    #[error("two outputs are to be written to {path}", path = path.display())]
    SameFile { path: PathBuf },
    #[error("stdin can be read once: only one --input can be '-'")]
    StdinTwice,
}
