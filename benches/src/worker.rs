//! [`WorkerLaunch`]: a worker in the hands of a `Launcher`, clocked by its caller.
//!
//! The clock is read just before `Launcher::launch`, and again when `Worker::run` has returned: then the outputs are in
//! the caller's memory. A worker that came up by another start than the one that was asked for is an error.

use blink_runtime::timeline::now;
use blink_runtime::{Answer, Ended, Launcher, StartMode, Worker, WorkerSpec, golden};
use blink_tensors::{Tensor, TensorView, npy};

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
    /// What it gets, by name.
    pub inputs: Vec<(String, Tensor)>,
    /// The output that stands for its answer beside those of processes.
    pub output: String,
    /// The answer it must give. `None`: any answer counts.
    pub expected: Option<Expected>,
}

impl WorkerLaunch {
    /// Launches a worker, has it answer once and `repeat` times more, and waits for its end. In between, `look` gets
    /// the id of the process.
    pub fn launch_and(&self, repeat: u32, look: impl FnOnce(u32)) -> Result<Launched, LaunchError> {
        let (mut worker, mut launched) = self.answered()?;
        look(worker.pid());
        let inputs = self.views();
        for _ in 0..repeat {
            let started = now();
            worker.run(&inputs)?;
            launched.warm_ms.push((now() - started) as f64 / 1e6);
        }
        if repeat > 0 {
            // The last answer is looked at outside of the clock.
            launched.usage = None;
            check(digest(&worker.run(&inputs)?), "worker", Some(&launched.expected()))?;
        }
        match worker.end() {
            Ended::Code(0) => Ok(launched),
            ended => Err(LaunchError::Ended { ended }),
        }
    }

    /// Launches a worker and has it answer. It lives on.
    pub fn answered(&self) -> Result<(Worker, Launched), LaunchError> {
        let inputs = self.views();
        let spawned_at = now();
        let mut worker = self.launcher.launch(&self.spec)?;
        let answer = worker.run(&inputs)?;
        let stopped_at = now();
        let (output, found) = (self.npy(&answer)?, digest(&answer));

        let usage = Usage::of_running(worker.pid()).ok();
        let expected = if self.spec.start == StartMode::Snapshot { "snapshot" } else { "normal" };
        let came_up = worker.start().name();
        if came_up != expected {
            return Err(LaunchError::OtherStart { expected, found: came_up });
        }
        let digest = check(found, "worker", self.expected.as_ref())?;
        let phases = worker.timeline().spans().into_iter().map(PhaseTime::from).collect();
        let cold_ms = (stopped_at - spawned_at) as f64 / 1e6;
        Ok((worker, Launched { cold_ms, usage, phases, warm_ms: Vec::new(), output, digest }))
    }

    /// What it gets, as `Worker::run` takes it.
    pub fn views(&self) -> Vec<(&str, TensorView<'_>)> {
        self.inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect()
    }

    /// The answer as `.npy`, as a process writes it.
    fn npy(&self, answer: &Answer<'_>) -> Result<Vec<u8>, LaunchError> {
        let (_, view) = answer
            .iter()
            .find(|(name, _)| *name == self.output)
            .ok_or_else(|| LaunchError::OutputName { name: self.output.clone() })?;
        let mut bytes = Vec::new();
        npy::encode(view, &mut bytes)?;
        Ok(bytes)
    }
}

/// BLAKE3, in hex, over the bytes of every output, in order.
pub(crate) fn digest(answer: &Answer<'_>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (_, view) in answer.iter() {
        hasher.update(&golden::bytes_of(view));
    }
    hasher.finalize().to_hex().to_string()
}
