//! [`WorkerSpec`]: which model a worker is for, how it starts, and what its process is given.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::instance::StartOptions;

/// What to start.
#[derive(Clone, Debug)]
pub struct WorkerSpec {
    /// The artifact. A relative path is taken from the launcher's working directory.
    pub artifact: PathBuf,
    /// Which of its models; `None` for its only one.
    pub model: Option<String>,
    /// Threads, packing, pinning.
    pub options: StartOptions,
    /// Which start to take.
    pub start: StartMode,
    /// The worker's environment; `None`: the launcher's, as it is at the launch.
    pub environment: Option<Vec<(OsString, OsString)>>,
    /// The worker's working directory; `None`: the launcher's.
    pub directory: Option<PathBuf>,
    /// The worker's stdin, stdout and stderr. It uses none of them; libraries may write to the last.
    pub stdio: [Stdio; 3],
}

/// Which start to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartMode {
    /// Always the normal one.
    Normal,
    /// Only from a snapshot.
    Snapshot,
    /// From a snapshot where there is a valid one, else normally, with the reason.
    #[default]
    Auto,
}

/// What one of the standard descriptors is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stdio {
    /// The launcher's own.
    #[default]
    Inherit,
    /// `/dev/null`.
    Null,
}

impl WorkerSpec {
    /// A worker for the only model of `artifact`, with everything else as it comes.
    pub fn new(artifact: impl Into<PathBuf>) -> WorkerSpec {
        WorkerSpec {
            artifact: artifact.into(),
            model: None,
            options: StartOptions::default(),
            start: StartMode::default(),
            environment: None,
            directory: None,
            stdio: [Stdio::default(); 3],
        }
    }

    /// The artifact as the worker finds it from its own working directory.
    pub(super) fn artifact_path(&self) -> PathBuf {
        let path: &Path = &self.artifact;
        match self.directory {
            Some(_) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            None => path.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_is_found_from_another_directory() {
        let mut spec = WorkerSpec::new("a/one.blink");
        assert_eq!(spec.artifact_path(), Path::new("a/one.blink"));
        spec.directory = Some("/".into());
        assert_eq!(spec.artifact_path(), std::env::current_dir().unwrap().join("a/one.blink"));
    }
}
