//! [`WorkerSpec`]: which model a worker is for, how it starts, and what its process is given.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use blink_artifact::signature::Vouched;

use super::limits::ProcessLimits;
use crate::channel::Orders;
use crate::device::Device;
use crate::grants::Grants;
use crate::instance::{DeviceOptions, StartOptions};
use crate::level::Level;
use crate::sandbox::Sandbox;

/// What to start.
#[derive(Clone, Debug)]
pub struct WorkerSpec {
    /// The artifact. A relative path is taken from the launcher's working directory.
    pub artifact: PathBuf,
    /// The artifact, held open: the worker is started from this file, whatever `artifact` names by then. A snapshot is
    /// used only where it names this very file still. `None`: the file that `artifact` names at the start.
    pub file: Option<Arc<File>>,
    /// Whether the held file alone may be used, because its signature was checked: a snapshot only where it was made of
    /// that very file, unchanged since, and one is made of no other. Without a held file it has no effect.
    pub is_admitted: bool,
    /// What a trusted key has signed: of the artifact that this is, a guest's own native code may be run. Of any other,
    /// and with `None`, it is not: the code in the cache is, made here of the guest's WebAssembly.
    pub own_code: Option<Vouched>,
    /// How much of the artifact is checked, and when. Above the default the file is held, whether or not it was before.
    pub level: Level,
    /// Which of its models; `None` for its only one.
    pub model: Option<String>,
    /// Where it is to run; `None`: on the CPU, where the artifact must be for that.
    pub device: Option<Device>,
    /// How it runs on a device.
    pub on_device: DeviceOptions,
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
    /// Whether its process has a group of its own: what a terminal sends to the launcher's does not reach it, nor may
    /// its guest read that terminal.
    pub own_group: bool,
    /// What its process may take.
    pub limits: ProcessLimits,
    /// The walls around its process.
    pub sandbox: Sandbox,
    /// What these leave open: what its guest may be given later.
    pub grants: Grants,
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
            file: None,
            is_admitted: false,
            own_code: None,
            level: Level::default(),
            model: None,
            device: None,
            on_device: DeviceOptions::default(),
            options: StartOptions::default(),
            start: StartMode::default(),
            environment: None,
            directory: None,
            stdio: [Stdio::default(); 3],
            own_group: false,
            limits: ProcessLimits::default(),
            sandbox: Sandbox::default(),
            grants: Grants::default(),
        }
    }

    /// The model's name as one word of a message.
    pub(super) fn model_word(&self) -> &OsStr {
        OsStr::new(self.model.as_deref().unwrap_or_default())
    }

    /// The artifact as the worker finds it from its own working directory.
    pub(super) fn artifact_path(&self) -> PathBuf {
        let path: &Path = &self.artifact;
        match self.directory {
            Some(_) => std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            None => path.to_owned(),
        }
    }

    /// The structure hash of the artifact whose own native code may be run.
    pub(super) fn signed(&self) -> Option<[u8; 32]> {
        self.own_code.map(|vouched| *vouched.structure_hash())
    }

    /// What the worker is told of its walls.
    pub(super) fn orders(&self) -> Orders {
        Orders { level: self.sandbox, grants: self.grants.clone() }
    }

    /// The held file, where it alone may be used.
    pub(super) fn admitted(&self) -> Option<&File> {
        self.file.as_deref().filter(|_| self.is_admitted)
    }

    /// Whether `artifact` names the file that is held; true where none is.
    pub(super) fn names_its_file(&self) -> bool {
        let Some(file) = &self.file else { return true };
        let same = |held: std::fs::Metadata, named: std::fs::Metadata| {
            let identity = |of: &std::fs::Metadata| (of.dev(), of.ino(), of.size(), of.mtime(), of.mtime_nsec());
            identity(&held) == identity(&named)
        };
        file.metadata().is_ok_and(|held| std::fs::metadata(&self.artifact).is_ok_and(|named| same(held, named)))
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

    #[test]
    fn a_path_names_the_held_file_until_another_has_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let [path, other] = ["a.blink", "b.blink"].map(|name| directory.path().join(name));
        std::fs::write(&path, "a").unwrap();
        std::fs::write(&other, "a").unwrap();
        let mut spec = WorkerSpec::new(&path);
        assert!(spec.names_its_file());
        spec.file = Some(File::open(&path).unwrap().into());
        assert!(spec.names_its_file());
        std::fs::rename(&other, &path).unwrap();
        assert!(!spec.names_its_file());
        std::fs::remove_file(&path).unwrap();
        assert!(!spec.names_its_file());
    }
}
