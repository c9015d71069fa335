//! [`WorkerLaunch`]: a worker in the hands of a `Launcher`, clocked by its caller.
//!
//! The clock is read just before `Launcher::launch`, and again when the answer is in the caller's memory: the outputs of
//! a model when `Worker::run` has returned, a guest's when it has ended and its stdout is read. A worker that came up by
//! another start than the one that was asked for is an error.

use blink_runtime::timeline::now;
use blink_runtime::{Ended, Launcher, StartMode, Worker, WorkerSpec};

use crate::ask::Ask;
use crate::launch::{Expected, LaunchError, Launched, check};
use crate::timeline::PhaseTime;
use crate::usage::Usage;

/// A worker to be launched again and again.
#[derive(Clone)]
pub struct WorkerLaunch {
    /// Who launches it.
    pub launcher: Launcher,
    /// What is launched. Its start is [`StartMode::Normal`] or [`StartMode::Snapshot`].
    pub spec: WorkerSpec,
    /// What it is asked.
    pub ask: Ask,
    /// The answer it must give. `None`: any answer counts.
    pub expected: Option<Expected>,
}

impl WorkerLaunch {
    /// Launches a worker, has it answer once and `repeat` times more, and waits for its end. In between, `look` gets
    /// the id of the process.
    pub fn launch_and(&self, repeat: u32, look: impl FnOnce(u32)) -> Result<Launched, LaunchError> {
        let (mut worker, mut launched) = self.answered()?;
        look(worker.pid());
        for _ in 0..repeat {
            let mut ask = self.ask.prepare()?;
            let started = now();
            ask.put(&mut worker)?;
            launched.warm_ms.push((now() - started) as f64 / 1e6);
        }
        if repeat > 0 {
            // The last answer is looked at outside of the clock.
            launched.usage = None;
            check(self.ask.prepare()?.put(&mut worker)?.digest(), "worker", Some(&launched.expected()))?;
        }
        match worker.end() {
            Ended::Code(0) => Ok(launched),
            ended => Err(LaunchError::Ended { ended }),
        }
    }

    /// Launches a worker and has it answer. It lives on.
    pub fn answered(&self) -> Result<(Worker, Launched), LaunchError> {
        let mut ask = self.ask.prepare()?;
        let spawned_at = now();
        let mut worker = self.launcher.launch(&self.spec)?;
        let given = ask.put(&mut worker)?;
        let stopped_at = now();
        let (output, found, used) = (given.output()?, given.digest(), given.used());

        let usage = Usage::of_running(worker.pid()).ok();
        let expected = if self.spec.start == StartMode::Snapshot { "snapshot" } else { "normal" };
        let came_up = worker.start().name();
        if came_up != expected {
            return Err(LaunchError::OtherStart { expected, found: came_up });
        }
        let digest = check(found, "worker", self.expected.as_ref())?;
        let phases = worker.timeline().spans().into_iter().map(PhaseTime::from).collect();
        let cold_ms = (stopped_at - spawned_at) as f64 / 1e6;
        Ok((worker, Launched { cold_ms, usage, phases, warm_ms: Vec::new(), output, digest, used }))
    }

    /// Has a worker that was launched so answer once more.
    pub fn again(&self, worker: &mut Worker) -> Result<(), LaunchError> {
        check(self.ask.prepare()?.put(worker)?.digest(), "worker", self.expected.as_ref()).map(drop)
    }
}
