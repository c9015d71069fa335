//! The launcher: worker processes from artifacts, and tensors to them and back.
//!
//! | file | what it holds |
//! |---|---|
//! | `spec.rs` | [`WorkerSpec`]: what is to be started, and how |
//! | `spawn.rs` | a process with a socket and memory shared with it |
//! | `child.rs`, `stopper.rs` | its life and end |
//! | `resident.rs`, `body.rs` | the worker of a device; a process, or a model in one |
//! | `limits.rs`, `memory.rs` | what it may take, and what it has taken |
//! | `worker.rs`, `error.rs` | [`Worker`]: the handle, and why it gives no answer |
//! | `checking.rs`, `changed.rs` | every byte of its artifact, where that is asked for; whether it has died of it |
//! | `guest.rs` | running its guest |
//! | `answer.rs` | [`Answer`]: outputs where the worker put them |
//! | `restore.rs` | starting from a snapshot |
//! | `read_ahead.rs` | reading what it needs from disk, where it is not in memory |
//! | `warm.rs`, `proof.rs` | making one, and proving it |
//!
//! The launcher does nothing that the worker does not wait for: it opens no artifact and loads no library.

mod answer;
mod body;
mod changed;
mod checking;
mod child;
mod error;
mod guest;
mod limits;
mod memory;
mod proof;
mod read_ahead;
mod resident;
mod restore;
mod spawn;
mod spec;
mod stopper;
mod warm;
mod worker;

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub use answer::Answer;
pub use blink_snapshots::Reason;
pub use child::Ended;
pub use error::WorkerError;
pub use guest::{Load, Streams};
pub use limits::{LimitError, ProcessLimits};
pub use memory::WorkerMemory;
pub use resident::DeviceReady;
pub use spec::{StartMode, Stdio, WorkerSpec};
pub use stopper::Stopper;
pub use warm::{WarmError, Warmed};
pub use worker::Worker;

use blink_artifact::open_file;
use checking::Checking;
use resident::Residents;
use restore::Restorer;

use crate::channel::{Arguments, FailureClass, Mode, SharedMemory, high_copy};
use crate::device::Device;
use crate::host;
use crate::instance::{StartError, thread_count};
use crate::level::Level;
use crate::library::{self, Library, LibraryError};
use crate::sandbox::Sandbox;
use crate::timeline::now;

/// Why no worker was launched.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LaunchError {
    #[error(transparent)]
    Options(#[from] StartError),
    #[error("{path}: {source}", path = path.display())]
    Artifact { path: PathBuf, source: io::Error },
    #[error("{artifact} was to start from a snapshot: {reason}", artifact = artifact.display())]
    NoSnapshot { artifact: PathBuf, reason: Reason },
    #[error("{what} holds a NUL byte, which no process can be given")]
    Nul { what: &'static str },
    #[error("artifact that is held open cannot be given to a worker: {source}; raise the limit on open files")]
    File { source: io::Error },
    #[error("worker was not started, as it could not be limited: {0}")]
    Limit(#[from] LimitError),
    #[error("memory to share with a worker could not be had: {source}")]
    Memory { source: io::Error },
    #[error("socket to a worker could not be made: {source}; raise the limit on open files")]
    Socket { source: io::Error },
    #[error("device cuda:{ordinal} cannot be used: {message}")]
    Device { ordinal: u32, class: FailureClass, message: String },
    #[error("worker of device cuda:{ordinal} cannot be talked to: {source}; try again")]
    Resident { ordinal: u32, source: io::Error },
    #[error(
        "{artifact} was to start from a snapshot on {device}: a device's state cannot be written down; leave --start out",
        artifact = artifact.display()
    )]
    NoDeviceSnapshot { artifact: PathBuf, device: Device },
    #[error(
        "{artifact} was to run on {device} behind strict walls: what a device's driver needs is not known, so none \
         stand around its worker; ask for --sandbox standard, or for --device cpu",
        artifact = artifact.display()
    )]
    NoDeviceSandbox { artifact: PathBuf, device: Device },
    #[error("worker cannot be told of its walls: {source}")]
    Orders { source: io::Error },
    #[error("worker could not be started: {program}: {source}", program = program.display())]
    Spawn { program: PathBuf, source: io::Error },
}

/// How a worker came up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// Artifact opened, library loaded, session made.
    Normal {
        /// Why not from a snapshot; `None` where none was asked for.
        reason: Option<Reason>,
    },
    /// Mapped back from a worker that was written down.
    Snapshot,
    /// In the resident worker of a device.
    Resident,
}

impl Start {
    /// The name, in lower case.
    pub const fn name(&self) -> &'static str {
        match self {
            Start::Normal { .. } => "normal",
            Start::Snapshot => "snapshot",
            Start::Resident => "resident",
        }
    }
}

/// How many workers a launcher has started in which way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Normal starts.
    pub normal: u64,
    /// Starts from a snapshot, those included that became normal ones.
    pub restored: u64,
    /// Starts in the resident worker of a device.
    pub resident: u64,
    /// Starts on the CPU in place of a device that could not be used.
    pub fell_back: u64,
    /// Workers that were to have walls, and around which not all of them stand, because the kernel does not give them.
    pub short_of_walls: u64,
    /// Resident workers that had ended when they were needed, most of them because their device was lost.
    pub devices_lost: u64,
    /// Normal starts where a snapshot was wanted, by the reason's name.
    pub reasons: BTreeMap<&'static str, u64>,
}

/// Starts workers. Cheap to clone: clones share their counts.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: Arc<Path>,
    /// What the CPU quota and the affinity mask allow, asked once: it takes longer than the rest of a launch.
    allowed: Arc<OnceLock<usize>>,
    restorer: Arc<Restorer>,
    residents: Arc<Residents>,
    counts: Arc<Mutex<Counts>>,
}

impl Launcher {
    /// A launcher of workers that run `program`: a `blink` binary of this same build, whose `main` asks
    /// [`crate::worker::is_asked_for`].
    pub fn new(program: impl Into<PathBuf>) -> Launcher {
        let program = program.into();
        // Where a worker gets another working directory, the program must still be found.
        let program = std::path::absolute(&program).unwrap_or(program);
        let restorer = Arc::new(Restorer::new());
        let residents = Arc::default();
        Launcher { program: program.into(), allowed: Arc::default(), restorer, residents, counts: Arc::default() }
    }

    /// The same launcher with its snapshots in `directory`, instead of the cache directory's.
    pub fn with_snapshots(self, directory: impl Into<PathBuf>) -> Launcher {
        Launcher { restorer: Arc::new(Restorer::within(directory.into())), ..self }
    }

    /// Starts a worker and returns as soon as its process is there, before it has opened anything. What goes wrong
    /// from then on is told by its first run.
    pub fn launch(&self, spec: &WorkerSpec) -> Result<Worker, LaunchError> {
        if spec.level == Level::Code {
            return self.start(spec);
        }
        let open = || open_file(&spec.artifact).map(Arc::new);
        let file = spec.file.clone().map_or_else(open, Ok);
        let file = file.map_err(|source| LaunchError::Artifact { path: spec.artifact.clone(), source })?;
        let mut worker = self.start(&WorkerSpec { file: Some(Arc::clone(&file)), ..spec.clone() })?;
        // It starts while its artifact is hashed.
        worker.check(Checking::of(spec, file));
        Ok(worker)
    }

    fn start(&self, spec: &WorkerSpec) -> Result<Worker, LaunchError> {
        let spawned_at = now();
        let threads = self.threads(spec)?;
        let mut fell_back = None;
        if let Some((device, ordinal)) = spec.device.and_then(|device| Some((device, device.ordinal()?))) {
            if spec.start == StartMode::Snapshot {
                return Err(LaunchError::NoDeviceSnapshot { artifact: spec.artifact.clone(), device });
            }
            let launched = match spec.sandbox {
                Sandbox::Strict => Err(LaunchError::NoDeviceSandbox { artifact: spec.artifact.clone(), device }),
                Sandbox::Standard | Sandbox::Off => self.launch_on_device(spec, ordinal, threads, spawned_at),
            };
            match (device, launched) {
                (
                    Device::CudaOrCpu(_),
                    Err(
                        error @ (LaunchError::Device { .. }
                        | LaunchError::Resident { .. }
                        | LaunchError::NoDeviceSandbox { .. }),
                    ),
                ) => fell_back = Some(error.to_string()),
                (_, launched) => return launched,
            }
        }
        let reason = match spec.start {
            StartMode::Normal => None,
            StartMode::Auto | StartMode::Snapshot => {
                match self.find(spec).and_then(|found| self.restore(found, spec, threads, spawned_at)) {
                    Ok(worker) => return Ok(self.told(worker, fell_back)),
                    Err(reason) => Some(reason),
                }
            }
        };
        if let (StartMode::Snapshot, Some(reason)) = (spec.start, &reason) {
            return Err(LaunchError::NoSnapshot { artifact: spec.artifact.clone(), reason: reason.clone() });
        }
        let spawned = self.start_normally(spec, threads)?;
        let start = self.count(Start::Normal { reason });
        let worker = Worker::new(spawned, start, threads, spawned_at, spec, None).counted_by(&self.counts);
        Ok(self.told(worker, fell_back))
    }

    /// The worker, which tells and counts why it is not on a device.
    fn told(&self, mut worker: Worker, fell_back: Option<String>) -> Worker {
        if let Some(reason) = fell_back {
            self.lock().fell_back += 1;
            worker.set_fell_back(reason);
        }
        worker
    }

    fn count_lost_device(&self) {
        self.lock().devices_lost += 1;
    }

    /// Threads of a worker's runs.
    fn threads(&self, spec: &WorkerSpec) -> Result<usize, StartError> {
        let allowed = || *self.allowed.get_or_init(|| host::cpu_quota().count());
        thread_count(Some(spec.options.threads.unwrap_or_else(allowed)))
    }

    /// ONNX Runtime for a worker: where the variables of its own environment lead, and for those that it has not, where
    /// this process's do.
    fn library(&self, spec: &WorkerSpec) -> Result<Library, LibraryError> {
        let given = |name: &str| spec.environment.iter().flatten().find(|(given, _)| given == name);
        let variable = |name: &str| given(name).map(|(_, value)| value.clone()).or_else(|| env::var_os(name));
        library::find_for(Some(self.program.to_path_buf()), &variable)
    }

    /// How its workers were started so far.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn start_normally(&self, spec: &WorkerSpec, threads: usize) -> Result<spawn::Spawned, LaunchError> {
        let memory = SharedMemory::new().map_err(|source| LaunchError::Memory { source })?;
        let file = spec.file.as_ref().map(high_copy).transpose().map_err(|source| LaunchError::File { source })?;
        let arguments = self.arguments(spec, threads, file.is_some());
        let file = file.as_ref().map(|file| file.as_fd());
        let spawned: spawn::Spawned = spawn::spawn(&self.program, &arguments.to_words(), spec, memory, file)?.into();
        spawned.tell(&spec.orders())?;
        Ok(spawned)
    }

    /// What a worker of `spec` is started with.
    fn arguments(&self, spec: &WorkerSpec, threads: usize, held: bool) -> Arguments {
        Arguments {
            artifact: spec.artifact_path(),
            held,
            // What is not found here the worker looks for itself, and says so.
            library: self.library(spec).ok().map(|library| library.path),
            code: library::guests_dir().ok(),
            signed: spec.signed(),
            model: spec.model.clone(),
            threads,
            prepack: spec.options.prepack,
            pin: spec.options.pin,
            // Here it is the CPU's, whatever was tried before.
            device: spec.device.map(|_| Device::Cpu),
            on_device: spec.on_device,
            sandbox: spec.sandbox,
            mode: Mode::Serve,
        }
    }

    /// Counts a start, and gives it back.
    fn count(&self, start: Start) -> Start {
        let mut counts = self.lock();
        match &start {
            Start::Normal { reason } => {
                counts.normal += 1;
                if let Some(reason) = reason {
                    *counts.reasons.entry(reason.name()).or_default() += 1;
                }
            }
            Start::Snapshot => counts.restored += 1,
            Start::Resident => counts.resident += 1,
        }
        start
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
