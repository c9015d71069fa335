//! Why a model was not compiled. Whatever the reason, no artifact was written and an older one is untouched.

use std::io;
use std::path::PathBuf;

use blink_artifact::{HostClass, OpenError, WriteError};
use blink_runtime::library::LibraryError;
use blink_runtime::{EngineError, ModelError, RunError, StartError};

use crate::onnx::OnnxError;
use crate::ort_format::OrtFormatError;

/// Why a model was not compiled.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CompileError {
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("ONNX Runtime does not take this model: {message}{nodes}")]
    Refused { message: String, nodes: String },
    #[error("model has no symbolic dim '{name}': it has {known}")]
    UnknownDim { name: String, known: String },
    #[error("symbolic dim '{name}' is set twice")]
    DuplicateDim { name: String },
    #[error(
        "model name {name:?} cannot be used: expected 1 to 1024 bytes without '/' and control characters; give one with --name"
    )]
    Name { name: String },
    #[error(
        "target {asked} cannot be compiled on this host, which is {here}: the layout is chosen by the CPU that \
         compiles; compile on such a host, or use `--target portable`"
    )]
    Target { asked: HostClass, here: HostClass },
    #[error("output {path} is the model itself: name another file with -o", path = path.display())]
    OutputIsModel { path: PathBuf },
    #[error("temporary file beside {path}: {source}", path = path.display())]
    Temporary { path: PathBuf, source: io::Error },
    #[error("optimised graph could not be laid out: {0}")]
    OrtFormat(#[from] OrtFormatError),
    #[error("optimised graph could not be read back: {source}")]
    Optimised { source: prost::DecodeError },
    #[error("optimised graph has weights outside the file they should be in: '{name}'")]
    StrayWeight { name: String },
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("artifact could not be read back: {0}")]
    ReadBack(#[from] OpenError),
    #[error("artifact could not be started: {0}")]
    Start(#[from] StartError),
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("artifact could not be run: {0}")]
    Run(#[from] RunError),
    #[error(
        "artifact answers otherwise than the model it was made of (output '{output}'): this is a bug, please report it with the model"
    )]
    Disagrees { output: String },
}
