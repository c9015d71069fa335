//! Why a repository does not open, and why an artifact is not served.

use std::io;
use std::path::PathBuf;

use blink_artifact::signature::{AdmitError, SignatureError};
use blink_artifact::{ExecutionProvider, HostClass, OpenError, OrtVersion};
use blink_runtime::library::ORT_VERSION;
use blink_runtime::{Device, ModelError};

use crate::integrity::POISONED;

/// Why there is no repository. Nothing is served.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RepositoryError {
    #[error("{path} cannot be served: {source}", path = path.display())]
    Source { path: PathBuf, source: io::Error },
    #[error(
        "{path} is neither a file nor a directory: name an artifact, or a directory of them",
        path = path.display()
    )]
    SourceKind { path: PathBuf },
    #[error(
        "model '{name}', version {version}, is there twice: {first} and {second}; rename one, or give it another \
         version as NAME/VERSION/model.blink",
        first = first.display(), second = second.display()
    )]
    Twice { name: String, version: u64, first: PathBuf, second: PathBuf },
    #[error("thread of the repository could not be started: {0}")]
    Thread(io::Error),
}

/// Why an artifact is not served. Clients may read the words: they name no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum LoadError {
    #[error("its name cannot be a model's: {rule}")]
    Name { rule: &'static str },
    #[error("its model '{model}' has a name that cannot be served: {rule}")]
    ModelName { model: String, rule: &'static str },
    #[error("no model.blink is in its version directory")]
    NoArtifact,
    #[error("its directory cannot be read: {0}")]
    Directory(String),
    #[error("{words}")]
    Open { words: String, class: OpenClass },
    #[error(
        "artifact was compiled for {found} hosts, this one is {here}; compile it again on this host, or with \
         `--target portable`"
    )]
    Host { found: HostClass, here: HostClass },
    #[error("artifact was compiled with ONNX Runtime {found}, this blink runs {ORT_VERSION}; compile it again")]
    OrtVersion { found: OrtVersion },
    #[error("artifact was compiled for {found}, and is to run on {asked}; {advice}", found = found.name())]
    Device { found: ExecutionProvider, asked: String, advice: &'static str },
    #[error("artifact has a guest, which cannot run on {device}; give --device cpu, or serve its models without it")]
    GuestDevice { device: Device },
    #[error("{0}")]
    Signature(SignatureError),
    #[error("another artifact is served by that name and version already")]
    Taken,
    #[error("another app answers at {prefix} already; give this one another prefix")]
    PrefixTaken { prefix: String },
    #[error("its guest has no native code that is trusted here, and none can be made; the server's log tells why")]
    NoCode,
    #[error("{POISONED}")]
    Poisoned,
    #[error("no worker of it comes up; the server's log tells why")]
    DoesNotStart,
}

/// Kinds of files that are no artifacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenClass {
    /// It cannot be read.
    Unreadable,
    /// It can, and is damaged or no artifact at all.
    Damaged,
}

impl From<&OpenError> for LoadError {
    fn from(error: &OpenError) -> LoadError {
        let class = match error {
            OpenError::Io { .. } => OpenClass::Unreadable,
            _ => OpenClass::Damaged,
        };
        let words = match error {
            // What the file begins with is nobody's who may not read it.
            OpenError::NotAnArtifact { .. } => "file is not an artifact; make one with `blink compile`".to_owned(),
            error => error.to_string(),
        };
        LoadError::Open { words, class }
    }
}

impl From<AdmitError> for LoadError {
    fn from(error: AdmitError) -> LoadError {
        match error {
            AdmitError::Signature(error) => LoadError::Signature(error),
            AdmitError::Damaged(error) => LoadError::from(&error),
        }
    }
}

impl From<ModelError> for LoadError {
    fn from(error: ModelError) -> LoadError {
        match error {
            ModelError::Open { source, .. } => LoadError::from(&source),
            ModelError::Host { found, here, .. } => LoadError::Host { found, here },
            ModelError::OrtVersion { found, .. } => LoadError::OrtVersion { found },
            ModelError::Device { found, asked, advice, .. } => LoadError::Device { found, asked, advice },
            ModelError::NoSuchModel { name: model, .. } | ModelError::Ambiguous { known: model, .. } => {
                LoadError::ModelName { model, rule: "expected one that the artifact has" }
            }
        }
    }
}
