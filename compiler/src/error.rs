//! Why an artifact was not made. Whatever the reason, no artifact was written and an older one is untouched.

use std::io;
use std::path::PathBuf;

use blink_artifact::{ExecutionProvider, HostClass, OpenError, OrtVersion, WriteError};
use blink_runtime::library::{LibraryError, ORT_VERSION};
use blink_runtime::{EngineError, FailureClass, LaunchError, ModelError, RunError, StartError, WorkerError};

use crate::child::{ChildError, Told};
use crate::guest::GuestError;
use crate::onnx::OnnxError;
use crate::ort_format::OrtFormatError;

/// Why an artifact was not made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CompileError {
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("model cannot be tried on a device: {0}")]
    Launch(#[from] LaunchError),
    #[error("model cannot be tried on a device: {0}")]
    Worker(#[from] WorkerError),
    #[error(
        "model '{model}' does not run rightly on the device: {what}; leave the trial out with `--try-on none` if that is \
         what it should do"
    )]
    DeviceAnswer { model: String, what: String },
    #[error("ONNX Runtime does not take this model: {message}{nodes}")]
    Refused { message: String, nodes: String },
    #[error("model has no symbolic dim '{name}': it has {known}")]
    UnknownDim { name: String, known: String },
    #[error("symbolic dim '{name}' is set twice")]
    DuplicateDim { name: String },
    #[error(
        "model name {name:?} cannot be used: expected 1 to 1024 bytes without '/' and control characters; give one with --name, or --model NAME=FILE"
    )]
    Name { name: String },
    #[error(
        "target {asked} cannot be compiled on this host, which is {here}: the layout is chosen by the CPU that \
         compiles; compile on such a host, or use `--target portable`"
    )]
    Target { asked: HostClass, here: HostClass },
    #[error("two models would be called '{name}': give one another name with --model NAME=FILE")]
    DuplicateName { name: String },
    #[error(
        "{found} models were given, an artifact has 1 to 64: name models with `blink compile MODEL.onnx` or --model; \
         a guest needs one too"
    )]
    ModelCount { found: usize },
    #[error("output {path} is a file that it is to be made of: name another one with -o", path = path.display())]
    OutputIsInput { path: PathBuf },
    #[error("{path}: {source}", path = path.display())]
    Artifact { path: PathBuf, source: OpenError },
    #[error(
        "{path} was compiled for {found} hosts, the artifact is to be for {expected}: compile its models for that \
         target, or choose with --target",
        path = path.display()
    )]
    OtherHosts { path: PathBuf, found: HostClass, expected: HostClass },
    #[error(
        "{path} was compiled for {}, the artifact is to be for {}: an artifact is for one of them; compile its models \
         again with --device {}",
        of(*found), of(*expected), of(*expected).to_ascii_lowercase(), path = path.display()
    )]
    OtherProvider { path: PathBuf, found: ExecutionProvider, expected: ExecutionProvider },
    #[error(
        "{path} was compiled with ONNX Runtime {found}, this blink compiles with {ORT_VERSION}: compile its \
         models again",
        path = path.display()
    )]
    OtherOrt { path: PathBuf, found: OrtVersion },
    #[error(transparent)]
    Guest(#[from] GuestError),
    #[error("{0}")]
    Link(#[source] blink_runtime::GuestError),
    #[error(
        "output '{output}' passes what half floats can hold where the fp32 graph stays finite: compile with --precision \
         fp32"
    )]
    HalfNotFinite { output: String },
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
    /// An error of a child, in its words.
    #[error(transparent)]
    Told(#[from] Told),
    #[error(transparent)]
    Child(#[from] ChildError),
}

/// Whose an error is, by what there is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Whoever asks: what is asked for cannot be.
    Request,
    /// The model's, or the guest's.
    Model,
    /// As a worker's failure of this class.
    Class(FailureClass),
    /// Something else's.
    Other,
}

impl CompileError {
    /// Whose it is.
    pub fn blame(&self) -> Blame {
        match self {
            CompileError::Onnx(_) | CompileError::Refused { .. } | CompileError::HalfNotFinite { .. } => Blame::Model,
            CompileError::Guest(error) if error.is_of_the_guest() => Blame::Model,
            CompileError::Link(_) => Blame::Model,
            CompileError::Guest(GuestError::OptimiseComponent) => Blame::Request,
            CompileError::OtherHosts { .. } | CompileError::OtherOrt { .. } | CompileError::OtherProvider { .. } => {
                Blame::Class(FailureClass::Foreign)
            }
            CompileError::Artifact { source, .. } => Blame::Class(source.into()),
            CompileError::UnknownDim { .. }
            | CompileError::DuplicateDim { .. }
            | CompileError::Name { .. }
            | CompileError::DuplicateName { .. }
            | CompileError::ModelCount { .. }
            | CompileError::Target { .. }
            | CompileError::OutputIsInput { .. } => Blame::Request,
            CompileError::Launch(LaunchError::Device { class, .. }) => Blame::Class(*class),
            CompileError::Library(error) => Blame::Class(error.into()),
            CompileError::Engine(error) => Blame::Class(error.into()),
            CompileError::Start(error) => Blame::Class(error.into()),
            CompileError::Told(told) => told.blame,
            CompileError::Child(error) => error.blame(),
            _ => Blame::Other,
        }
    }
}

/// What a provider is called.
fn of(provider: ExecutionProvider) -> &'static str {
    match provider {
        ExecutionProvider::Cpu => "CPU",
        ExecutionProvider::Cuda => "CUDA",
    }
}
