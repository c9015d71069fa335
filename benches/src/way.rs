//! [`Way`]: one way to start a model, whether by a worker or by a process of its own, launched again and again.

use crate::launch::{Expected, LaunchError, Launched};
use crate::process::ProcessLaunch;
use crate::worker::WorkerLaunch;

/// A way to start a model.
#[derive(Clone)]
pub struct Way {
    /// Its name, for programs.
    pub name: String,
    /// How it is launched.
    pub launch: Launch,
}

/// How a way is launched.
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Launch {
    Worker(Box<WorkerLaunch>),
    Process(ProcessLaunch),
}

impl Way {
    /// Whether it is a worker.
    pub fn is_worker(&self) -> bool {
        matches!(self.launch, Launch::Worker(_))
    }

    /// Launches it once, for its first answer.
    pub fn launch(&self) -> Result<Launched, LaunchError> {
        self.launch_and(0, |_| ())
    }

    /// Launches it for its first answer and `repeat` later runs, which count for `warm_ms`. Once the answer has come,
    /// `look` gets the id of the process, where the answer is known already.
    pub fn launch_and(&self, repeat: u32, look: impl FnOnce(u32)) -> Result<Launched, LaunchError> {
        match &self.launch {
            Launch::Worker(worker) => worker.launch_and(repeat, look),
            Launch::Process(process) => process.launch_and(repeat, look),
        }
    }

    /// From here on, any other answer than this is an error.
    pub fn expect(&mut self, expected: Expected) {
        match &mut self.launch {
            Launch::Worker(worker) => worker.expected = Some(expected),
            Launch::Process(process) => process.expected = Some(expected),
        }
    }
}
