//! [`WorkerLaunch`]: a worker in the hands of a `Launcher`, clocked by its caller.
//!
//! The clock is read just before `Launcher::launch`, and again when the answer is in the caller's memory: the outputs of
//! a model when `Worker::run` has returned, a guest's when it has ended and its stdout is read. A worker that came up by
//! another start than the one that was asked for is an error.
//!
//! On a device the worker is a model in a process that others share ([`crate::device`]): nothing that the kernel counts
//! of a process is its own, so none of it is read.

use blink_runtime::timeline::now;
use blink_runtime::{Ended, Launcher, StartMode, Worker, WorkerSpec};

use crate::ask::{Ask, Given};
use crate::device::{OnDevice, Weights};
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
    /// What it is held to on a device, in place of `expected`; `None`: it is a process of its own.
    pub device: Option<OnDevice>,
}

impl WorkerLaunch {
    /// Launches a worker, has it answer once and `repeat` times more, and waits for its end. In between, `look` gets
    /// the id of the process, where that is the worker's own.
    pub fn launch_and(&self, repeat: u32, look: impl FnOnce(u32)) -> Result<Launched, LaunchError> {
        let (mut worker, mut launched) = self.answered()?;
        if self.device.is_none() {
            look(worker.pid());
        }
        for _ in 0..repeat {
            let mut ask = self.ask.prepare()?;
            let started = now();
            ask.put(&mut worker)?;
            launched.warm_ms.push((now() - started) as f64 / 1e6);
        }
        if repeat > 0 {
            // The last answer is looked at outside of the clock.
            launched.usage = None;
            let expected = launched.expected();
            self.checked(&self.ask.prepare()?.put(&mut worker)?, Some(&expected))?;
        }
        match worker.end() {
            Ended::Code(0) => Ok(launched),
            ended => Err(LaunchError::Ended { ended }),
        }
    }

    /// Launches a worker and has it answer. It lives on.
    pub fn answered(&self) -> Result<(Worker, Launched), LaunchError> {
        self.place_weights()?;
        let mut ask = self.ask.prepare()?;
        let spawned_at = now();
        let mut worker = self.launcher.launch(&self.spec)?;
        let given = ask.put(&mut worker)?;
        let stopped_at = now();
        let (output, used) = (given.output()?, given.used());
        let checked = self.checked(&given, self.expected.as_ref());
        // What is checked after an answer is not to stand in the way of what is measured next.
        worker.wait_checked()?;

        let usage = if self.device.is_none() { Usage::of_running(worker.pid()).ok() } else { None };
        let expected = match (&self.device, self.spec.start) {
            (Some(_), _) => "resident",
            (None, StartMode::Snapshot) => "snapshot",
            (None, _) => "normal",
        };
        let came_up = worker.start().name();
        if came_up != expected {
            return Err(LaunchError::OtherStart { expected, found: came_up });
        }
        let (digest, difference) = checked?;
        if let Some(device) = &self.device {
            device.check_weights(&mut worker)?;
        }
        let phases = worker.timeline().spans().into_iter().map(PhaseTime::from).collect();
        let cold_ms = (stopped_at - spawned_at) as f64 / 1e6;
        let warm_ms = Vec::new();
        Ok((worker, Launched { cold_ms, usage, phases, warm_ms, output, digest, difference, used }))
    }

    /// Has a worker that was launched so answer once more.
    pub fn again(&self, worker: &mut Worker) -> Result<(), LaunchError> {
        self.checked(&self.ask.prepare()?.put(worker)?, self.expected.as_ref()).map(drop)
    }

    /// The digest of an answer, which must be `expected`; on a device, and how far it is from the CPU's.
    fn checked(&self, given: &Given<'_>, expected: Option<&Expected>) -> Result<(String, Option<f64>), LaunchError> {
        match &self.device {
            Some(device) => Ok((given.digest(), Some(device.close.check(given)?))),
            None => Ok((check(given.digest(), "worker", expected)?, None)),
        }
    }

    /// Has the weights be where a start on a device is to find them: a start before it, which nobody clocks and which
    /// answers nothing, leaves them there, or takes them away with it.
    fn place_weights(&self) -> Result<(), LaunchError> {
        let Some(OnDevice { weights: Some(weights), .. }) = self.device else { return Ok(()) };
        let mut spec = self.spec.clone();
        spec.on_device.discard = weights == Weights::Uploaded;
        let mut worker = self.launcher.launch(&spec)?;
        worker.wait_ready()?;
        worker.end();
        Ok(())
    }
}
