//! Worker threads that exist only once there is work.
//!
//! ONNX Runtime starts its workers while it makes a session, and each spins on a core that the start itself could
//! use. These are recorded instead, and started by the first run. Through that run every thread has a core of its
//! own: a new thread otherwise often shares the creator's for milliseconds.

use std::os::unix::thread::JoinHandleExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use ort::environment::ThreadManager;

use super::EngineError;

/// The workers of one session.
#[derive(Clone, Default)]
pub(super) struct DeferredThreads(Arc<Mutex<State>>);

type Work = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    started: bool,
    waiting: Vec<(Slot, Work)>,
    running: Vec<Slot>,
}

/// A worker as ONNX Runtime knows it: there is a thread in it once it runs.
type Slot = Arc<Mutex<Option<JoinHandle<()>>>>;

/// Stack of a worker: what ONNX Runtime's own threads get on Linux.
const STACK: usize = 8 << 20;

impl DeferredThreads {
    /// Starts the workers that wait. With `pin`, they and the caller get a core each until the guard is dropped.
    pub(super) fn start(&self, pin: bool) -> Result<Option<Pinned>, EngineError> {
        let mut state = lock(&self.0);
        state.started = true;
        let waiting = std::mem::take(&mut state.waiting);
        if waiting.is_empty() {
            return Ok(None);
        }
        for (slot, work) in waiting {
            *lock(&slot) = Some(spawn(work).map_err(|source| EngineError::Thread { source })?);
            state.running.push(slot);
        }
        Ok(if pin { Pinned::new(state.running.clone()) } else { None })
    }
}

impl ThreadManager for DeferredThreads {
    type Thread = Slot;

    fn create(&self, work: impl FnOnce() + Send + 'static) -> ort::Result<Slot> {
        let slot = Slot::default();
        let mut state = lock(&self.0);
        if state.started {
            *lock(&slot) = Some(spawn(Box::new(work)).map_err(ort::Error::wrap)?);
        } else {
            state.waiting.push((Arc::clone(&slot), Box::new(work)));
        }
        Ok(slot)
    }

    fn join(slot: Slot) -> ort::Result<()> {
        // A worker that never ran has nothing to join: its work is dropped with the session.
        if let Some(thread) = lock(&slot).take() {
            let _ = thread.join();
        }
        Ok(())
    }
}

fn spawn(work: Work) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name("blink-intra-op".into()).stack_size(STACK).spawn(work)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Threads that have a core each for now; dropped, they may run anywhere again.
pub(super) struct Pinned {
    #[cfg(target_os = "linux")]
    allowed: libc::cpu_set_t,
    workers: Vec<Slot>,
}

#[cfg(target_os = "linux")]
impl Pinned {
    /// Pins the caller where it runs and the workers elsewhere; `None` where there is only one core to run on.
    fn new(workers: Vec<Slot>) -> Option<Pinned> {
        // SAFETY: an all-zero set is a valid value, and the calls below only read and write the sets they are given.
        let (allowed, here) = unsafe {
            let mut allowed: libc::cpu_set_t = std::mem::zeroed();
            if libc::sched_getaffinity(0, size_of_val(&allowed), &mut allowed) != 0 {
                return None;
            }
            (allowed, libc::sched_getcpu())
        };
        let here = usize::try_from(here).ok()?;
        let others: Vec<usize> = (0..libc::CPU_SETSIZE as usize)
            // SAFETY: the index is below the size of the set.
            .filter(|&cpu| cpu != here && unsafe { libc::CPU_ISSET(cpu, &allowed) })
            .collect();
        if others.is_empty() {
            return None;
        }
        for (index, worker) in workers.iter().enumerate() {
            set_affinity(worker, &only(others[index % others.len()]));
        }
        // SAFETY: the set is valid; thread 0 is the caller.
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &only(here)) };
        Some(Pinned { allowed, workers })
    }
}

#[cfg(target_os = "linux")]
impl Drop for Pinned {
    fn drop(&mut self) {
        // SAFETY: the set was filled in by the kernel; thread 0 is the caller.
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &self.allowed) };
        self.workers.iter().for_each(|worker| set_affinity(worker, &self.allowed));
    }
}

#[cfg(target_os = "linux")]
fn only(cpu: usize) -> libc::cpu_set_t {
    // SAFETY: an all-zero set is a valid value, and `cpu` is below its size.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        set
    }
}

#[cfg(target_os = "linux")]
fn set_affinity(worker: &Slot, set: &libc::cpu_set_t) {
    if let Some(thread) = &*lock(worker) {
        // SAFETY: the handle is held, so the thread has not been joined. A refusal costs speed and nothing else.
        unsafe { libc::pthread_setaffinity_np(thread.as_pthread_t(), size_of::<libc::cpu_set_t>(), set) };
    }
}

#[cfg(not(target_os = "linux"))]
impl Pinned {
    fn new(_: Vec<Slot>) -> Option<Pinned> {
        None
    }
}
