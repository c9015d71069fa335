//! [`Stopper`]: ends a worker from any thread, whatever it is doing.
//!
//! It ends the process that is the worker at that moment, and never another one that got its id. A worker that was
//! stopped stays so: no other takes its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::body::End;

/// Ends one worker. Cheap to clone; of no effect once the worker has ended.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Mutex<Stopped>>);

#[derive(Debug)]
struct Stopped {
    /// The process that is the worker now.
    process: Arc<dyn End>,
    is_stopped: bool,
}

impl Stopper {
    pub(super) fn of(process: Arc<dyn End>) -> Stopper {
        Stopper(Arc::new(Mutex::new(Stopped { process, is_stopped: false })))
    }

    /// Kills the worker's process; in a resident worker, stops its model. What it is asked meanwhile fails with [`super::WorkerError::Died`].
    pub fn stop(&self) {
        let mut stopped = self.lock();
        stopped.is_stopped = true;
        stopped.process.end();
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.lock().is_stopped
    }

    /// The worker is `process` from now on. One that was stopped meanwhile ends at once.
    pub(super) fn follow(&self, process: Arc<dyn End>) {
        let mut stopped = self.lock();
        if stopped.is_stopped {
            process.end();
        }
        stopped.process = process;
    }

    fn lock(&self) -> MutexGuard<'_, Stopped> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
