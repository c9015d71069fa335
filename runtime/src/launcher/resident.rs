//! [`Resident`]: the worker of a device, which a launcher starts once and has all its models for that device started in.

use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::body::Body;
use super::child::{Child, Ended};
use super::spawn::{self, Spawned};
use super::worker::Worker;
use super::{LaunchError, Launcher, Start, Stdio, WorkerSpec};
use crate::channel::{FailureClass, SharedMemory, control, high, high_copy};
use crate::device::Device;
use crate::library::{self, Library};
use crate::timeline::Recorded;
use crate::worker::resident::ResidentArguments;

/// How long a worker that was given up may take to end by itself before another one is started beside it.
const LAST: Duration = Duration::from_secs(2);
/// How long to wait between two looks whether one has ended.
const PAUSE: Duration = Duration::from_millis(2);

/// The resident workers of a launcher, by the number of their device.
#[derive(Debug, Default)]
pub(super) struct Residents {
    workers: Mutex<HashMap<u32, Arc<Resident>>>,
    /// Most bytes of device memory that each may hold.
    memory: Option<u64>,
}

impl Residents {
    /// Those of a launcher whose workers may hold `memory` bytes of their device each.
    pub(super) fn with_memory(memory: Option<u64>) -> Residents {
        Residents { workers: Mutex::default(), memory }
    }
}

/// A resident worker that has come up.
#[derive(Debug)]
pub(super) struct Resident {
    child: Mutex<Child>,
    pid: u32,
    control: Mutex<UnixStream>,
    name: String,
    /// What it took to come up, until a model's timeline has it.
    phases: Mutex<Vec<Recorded>>,
    /// Whether it has said that its device is lost, or cannot be talked to: its process may take a while to end.
    is_lost: AtomicBool,
}

impl Resident {
    /// No more models are to be started in it.
    pub(super) fn give_up(&self) {
        self.is_lost.store(true, Ordering::Release);
    }

    /// The id of its process.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it does so within `patience`. Others may ask meanwhile.
    pub(super) fn has_ended(&self, patience: Duration) -> Option<Ended> {
        let began = Instant::now();
        loop {
            let ended = lock(&self.child).ended_within(Duration::ZERO);
            if ended.is_some() || began.elapsed() >= patience {
                return ended;
            }
            thread::sleep(PAUSE);
        }
    }

    /// Whether it can take no more models. One that is about to end is waited for: the next is to find its memory free.
    fn is_gone(&self) -> bool {
        if self.is_lost.load(Ordering::Acquire) {
            self.has_ended(LAST);
            return true;
        }
        self.has_ended(Duration::ZERO).is_some()
    }
}

/// A device that is ready for models.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceReady {
    /// Its number.
    pub ordinal: u32,
    /// What it calls itself.
    pub name: String,
    /// The resident worker's process.
    pub pid: u32,
    /// What it took to come up; empty where a model's timeline has it already.
    pub phases: Vec<Recorded>,
}

impl Launcher {
    /// The same launcher, whose resident workers may hold `bytes` of their device's memory each.
    pub fn with_device_memory(self, bytes: u64) -> Launcher {
        Launcher { residents: Arc::new(Residents::with_memory(Some(bytes))), ..self }
    }

    /// Has the worker of device `ordinal` come up, so that no model waits for that; returns when it has. Does nothing
    /// where it has already.
    pub fn start_device(&self, ordinal: u32) -> Result<DeviceReady, LaunchError> {
        let resident = self.resident(ordinal)?;
        let phases = std::mem::take(&mut *lock(&resident.phases));
        Ok(DeviceReady { ordinal, name: resident.name.clone(), pid: resident.pid, phases })
    }

    /// Starts the model of `spec` in the resident worker of device `ordinal`.
    pub(super) fn launch_on_device(
        &self,
        spec: &WorkerSpec,
        ordinal: u32,
        threads: usize,
        spawned_at: u64,
    ) -> Result<Worker, LaunchError> {
        let resident = self.resident(ordinal)?;
        match self.launch_in(&resident, spec, ordinal, threads, spawned_at) {
            // It has ended since it was asked for.
            Err(LaunchError::Resident { .. }) => {
                resident.give_up();
                self.launch_in(&self.resident(ordinal)?, spec, ordinal, threads, spawned_at)
            }
            launched => launched,
        }
    }

    fn launch_in(
        &self,
        resident: &Arc<Resident>,
        spec: &WorkerSpec,
        ordinal: u32,
        threads: usize,
        spawned_at: u64,
    ) -> Result<Worker, LaunchError> {
        let memory = SharedMemory::new().map_err(|source| LaunchError::Memory { source })?;
        let file = spec.file.as_ref().map(high_copy).transpose().map_err(|source| LaunchError::File { source })?;
        let mut arguments = self.arguments(spec, threads, file.is_some());
        // Another process opens it, whose working directory may be another one.
        arguments.artifact = std::path::absolute(&arguments.artifact).unwrap_or(arguments.artifact);
        arguments.device = Some(Device::Cuda(ordinal));
        arguments.library = None;
        for (word, what) in [(arguments.artifact.as_os_str(), "artifact"), (spec.model_word(), "model")] {
            if !control::is_word(word) {
                return Err(LaunchError::Nul { what });
            }
        }
        let socket = |source| LaunchError::Socket { source };
        let (here, there) = UnixStream::pair().map_err(socket)?;
        let here = UnixStream::from(high(here.into()).map_err(socket)?);
        let body = Body::tenant(Arc::clone(resident), &here).map_err(socket)?;
        let given = [there.as_fd(), memory.descriptor()].into_iter().chain(file.as_ref().map(AsFd::as_fd));
        let given: Vec<BorrowedFd<'_>> = given.collect();
        let control = lock(&resident.control);
        control::send_start(&control, &arguments, &given)
            .map_err(|source| LaunchError::Resident { ordinal, source })?;
        drop(control);
        let start = self.count(Start::Resident);
        let spawned = Spawned { body, socket: here, memory };
        let mut worker = Worker::new(spawned, start, threads, spawned_at, None, spec, None);
        worker.add_to_timeline(&std::mem::take(&mut *lock(&resident.phases)));
        Ok(worker)
    }

    /// The resident worker of a device, started where there is none that lives.
    fn resident(&self, ordinal: u32) -> Result<Arc<Resident>, LaunchError> {
        let mut workers = lock(&self.residents.workers);
        if let Some(resident) = workers.get(&ordinal) {
            if !resident.is_gone() {
                return Ok(Arc::clone(resident));
            }
            self.count_lost_device();
        }
        workers.remove(&ordinal);
        let resident = Arc::new(self.start_resident(ordinal)?);
        workers.insert(ordinal, Arc::clone(&resident));
        Ok(resident)
    }

    fn start_resident(&self, ordinal: u32) -> Result<Resident, LaunchError> {
        let refused = |class, message| LaunchError::Device { ordinal, class, message };
        let library = library::find_cuda().map_err(|error| refused(FailureClass::Library, error.to_string()))?;
        let memory = SharedMemory::new().map_err(|source| LaunchError::Memory { source })?;
        let arguments = ResidentArguments { ordinal, library: library.path.clone(), memory: self.residents.memory };
        let spec = WorkerSpec {
            environment: Some(environment(&library)),
            // What a terminal sends to the launcher is the launcher's to act on.
            own_group: true,
            stdio: [Stdio::Null, Stdio::Inherit, Stdio::Inherit],
            ..WorkerSpec::new("")
        };
        let spawned = spawn::spawn(&self.program, &arguments.to_words(), &spec, memory, None)?;
        let Spawned { body: mut child, socket, .. } = spawned;
        let greeting = control::hear_greeting(&socket).map_err(|source| LaunchError::Resident { ordinal, source })?;
        let Some(control::Greeting { device, phases }) = greeting else {
            let ended = child.wait(Duration::from_secs(1));
            let source = io::Error::other(format!("it said nothing: {ended}"));
            return Err(LaunchError::Resident { ordinal, source });
        };
        let name = device.map_err(|(class, message)| {
            refused(FailureClass::from_code(class).unwrap_or(FailureClass::Device), message)
        })?;
        Ok(Resident {
            pid: child.pid(),
            child: Mutex::new(child),
            control: Mutex::new(socket),
            name,
            phases: Mutex::new(phases),
            is_lost: AtomicBool::new(false),
        })
    }
}

/// This process's environment, with the library's directory in front of those where the loader looks: ONNX Runtime and
/// NVIDIA's libraries ask for each other by name, some of them only once they are needed.
fn environment(library: &Library) -> Vec<(OsString, OsString)> {
    const NAME: &str = "LD_LIBRARY_PATH";
    let own = library.path.parent().unwrap_or(&library.path).to_owned();
    let given = env::var_os(NAME).filter(|given| !given.is_empty());
    let paths = [own.clone()].into_iter().chain(given.iter().flat_map(env::split_paths));
    // A directory whose name holds a colon cannot be among others.
    let paths = env::join_paths(paths).unwrap_or_else(|_| own.into());
    env::vars_os().filter(|(name, _)| name != NAME).chain([(NAME.into(), paths)]).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::Origin;

    #[test]
    fn libraries_beside_onnx_runtime_are_found_first() {
        let paths = |path: &str| {
            let library = Library { path: path.into(), origin: Origin::Cache };
            let found: Vec<_> =
                environment(&library).into_iter().filter(|(name, _)| name == "LD_LIBRARY_PATH").collect();
            assert_eq!(found.len(), 1, "{found:?}");
            env::split_paths(&found[0].1).collect::<Vec<_>>()
        };
        assert_eq!(paths("/a b/libonnxruntime.so")[0].to_str(), Some("/a b"));
        // One that cannot be a part of a list stands alone.
        assert_eq!(paths("/a:b/libonnxruntime.so").len(), 2);
    }
}
