//! Starting from a snapshot: which one, and the restorer that becomes the worker.
//!
//! Everything that may be wrong with a snapshot is a [`Reason`] and a normal start. Who it belongs to is asked here,
//! before it is opened; whether it fits the host, by the restorer, which alone maps it.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::sync::OnceLock;

use blink_snapshots::Reason;
use blink_snapshots::refusal::Refusal;
use blink_snapshots::store::{Found, Key, Store};

use super::read_ahead;
use super::spawn::{self, Spawned};
use super::{Ended, LaunchError, Launcher, Start, Worker, WorkerSpec};
use crate::channel::{SharedMemory, high, high_copy};
use crate::library;

/// What restored workers need beside their snapshot, made once for a launcher.
#[derive(Debug)]
pub(super) struct Restorer {
    /// Where snapshots are; `None` where no cache directory is known.
    store: Option<Store>,
    /// The restorer's program, in memory.
    program: OnceLock<Result<OwnedFd, String>>,
}

impl Restorer {
    /// With the snapshots of the cache directory.
    pub(super) fn new() -> Restorer {
        let store = library::snapshots_dir().ok().map(Store::new);
        Restorer { store, program: OnceLock::new() }
    }

    /// With the snapshots of `directory`.
    pub(super) fn within(directory: PathBuf) -> Restorer {
        Restorer { store: Some(Store::new(directory)), program: OnceLock::new() }
    }

    /// The directory of snapshots.
    pub(super) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    fn program(&self) -> Result<&OwnedFd, Reason> {
        let made = self.program.get_or_init(|| {
            let program = blink_snapshots::restorer().and_then(|file| high(file.into()));
            program.map_err(|error| match error.kind() {
                // A kernel without the call is another matter.
                io::ErrorKind::Unsupported if error.raw_os_error().is_none() => String::new(),
                _ => error.to_string(),
            })
        });
        made.as_ref().map_err(|error| match error.as_str() {
            "" => Reason::Unsupported,
            error => Reason::NoRestorer { error: error.to_owned() },
        })
    }
}

impl Launcher {
    /// What a snapshot for `spec` is called by.
    pub(super) fn key(&self, spec: &WorkerSpec) -> Result<Key, LaunchError> {
        let artifact = fs::canonicalize(&spec.artifact);
        Ok(Key {
            artifact: artifact.map_err(|source| LaunchError::Artifact { path: spec.artifact.clone(), source })?,
            model: spec.model.clone().unwrap_or_default(),
            threads: self.threads(spec)?,
            prepack: spec.options.prepack,
            pin: spec.options.pin,
            program: self.program.to_path_buf(),
            library: self.library(spec).map_err(|error| LaunchError::Options(error.into()))?.path,
        })
    }

    /// The snapshot for `spec`, or why there is none to use.
    pub(super) fn find(&self, spec: &WorkerSpec) -> Result<Found, Reason> {
        let store = self.restorer.store().ok_or(Reason::NoneMade)?;
        // What is missing here, a normal start misses too, and says so.
        let key = self.key(spec).map_err(|_| Reason::NoneMade)?;
        let found = store.find(&key)?.ok_or(Reason::NoneMade)?;
        if let Some(file) = spec.admitted()
            && !found.is_of(&key.artifact, file)
        {
            return Err(Reason::Replaced { path: spec.artifact.clone() });
        }
        // After the image was opened: one that is made of a later file of this name is not taken for the held one's.
        if spec.names_its_file() { Ok(found) } else { Err(Reason::Replaced { path: spec.artifact.clone() }) }
    }

    /// Starts a worker from a snapshot.
    pub(super) fn restore(
        &self,
        found: Found,
        spec: &WorkerSpec,
        threads: usize,
        spawned_at: u64,
    ) -> Result<Worker, Reason> {
        let memory = SharedMemory::new().map_err(|error| Reason::NoRestorer { error: error.to_string() })?;
        read_ahead::begin(&found, &spec.artifact);
        let spawned = self.spawn_restorer(&found.file, spec, memory)?;
        let start = self.count(Start::Snapshot);
        let fallback = Fallback { launcher: self.clone(), spec: spec.clone(), found };
        Ok(Worker::new(spawned, start, threads, spawned_at, spec.limits.memory, spec, Some(fallback)))
    }

    /// Spawns the restorer on the image in `file`.
    fn spawn_restorer(&self, file: &File, spec: &WorkerSpec, memory: SharedMemory) -> Result<Spawned, Reason> {
        let program = self.restorer.program()?;
        let failed = |error: String| Reason::NoRestorer { error };
        let image = high_copy(file).map_err(|error| failed(error.to_string()))?;
        // The process that is made asks for its own descriptor of that number, which is this one's copy.
        let path = PathBuf::from(format!("/proc/self/fd/{}", program.as_raw_fd()));
        let spawned = spawn::spawn(&path, &[], spec, memory, Some(image.as_fd()));
        spawned.map(Spawned::from).map_err(|error| failed(error.to_string()))
    }
}

/// What a restored worker falls back on.
#[derive(Debug)]
pub(super) struct Fallback {
    pub(super) launcher: Launcher,
    pub(super) spec: WorkerSpec,
    found: Found,
}

impl Fallback {
    /// The reason that the restorer told.
    pub(super) fn refused(&self, code: u32, [a, b]: [u64; 2]) -> Reason {
        match Refusal::decode(code, a, b) {
            Some(refusal) => self.found.reason(refusal),
            None => Reason::NoRestorer { error: format!("it refused with code {code}, which is not known") },
        }
    }

    /// The reason that its death is. A crash costs the snapshot; to be ended by somebody, by a sandbox, or by want of
    /// memory that it may not have, does not.
    pub(super) fn died(&self, ended: Ended) -> Reason {
        match ended {
            Ended::Signal(libc::SIGABRT) if self.spec.limits.memory.is_some() => {
                Reason::Ended { how: ended.to_string() }
            }
            Ended::Signal(
                libc::SIGKILL | libc::SIGTERM | libc::SIGINT | libc::SIGHUP | libc::SIGQUIT | libc::SIGSYS,
            ) => Reason::Ended { how: ended.to_string() },
            _ => {
                // What cannot be removed is tried again, and crashes again: slow, and told each time.
                let _ = self.launcher.restorer.store().map(|store| store.remove(&self.found));
                Reason::Crashed { how: ended.to_string() }
            }
        }
    }
}
