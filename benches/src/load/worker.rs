//! [`WorkerServer`]: a worker that is asked through its launcher's handle.
//!
//! The bytes of its answers are compared, not hashed: with more workers than processors a hash would take from the
//! others what it costs.

use blink_runtime::timeline::now;
use blink_runtime::{Answer, Worker, golden};
use blink_tensors::{DType, Tensor, TensorView};

use super::LoadError;
use crate::launch::{LaunchError, check};
use crate::worker::{WorkerLaunch, digest};

pub(super) struct WorkerServer {
    name: String,
    worker: Worker,
    inputs: Vec<(String, Tensor)>,
    expected: Vec<Output>,
    pub(super) first_ms: f64,
}

/// An output that every later one must repeat.
struct Output {
    name: String,
    dtype: DType,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl WorkerServer {
    /// Launches a worker, which must give the answer that `launch` expects, twice.
    pub(super) fn start(name: &str, launch: &WorkerLaunch) -> Result<WorkerServer, LoadError> {
        let failed = |source| LoadError::Start { name: name.to_owned(), source: Box::new(source) };
        let (mut worker, launched) = launch.answered().map_err(failed)?;
        let answer = worker.run(&launch.views()).map_err(|source| failed(LaunchError::Worker(source)))?;
        check(digest(&answer), name, Some(&launched.expected())).map_err(failed)?;
        let expected = answer.iter().map(Output::of).collect();
        let (name, inputs, first_ms) = (name.to_owned(), launch.inputs.clone(), launched.cold_ms);
        Ok(WorkerServer { name, worker, inputs, expected, first_ms })
    }

    pub(super) fn ask(&mut self) -> Result<u64, LoadError> {
        let pid = self.worker.pid();
        let inputs: Vec<_> = self.inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
        let failed = |source| LoadError::Worker { name: self.name.clone(), source: Box::new(source) };
        let answer = self.worker.run(&inputs).map_err(failed)?;
        let answered_at = now();
        match different(&self.expected, &answer) {
            None => Ok(answered_at),
            Some(output) => Err(LoadError::WrongAnswer { name: self.name.clone(), pid, output }),
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.worker.pid()
    }
}

impl Output {
    fn of((name, view): (&str, TensorView<'_>)) -> Output {
        let bytes = golden::bytes_of(view).into_owned();
        Output { name: name.to_owned(), dtype: view.dtype(), shape: view.shape().to_vec(), bytes }
    }

    fn is(&self, view: TensorView<'_>) -> bool {
        self.dtype == view.dtype() && self.shape == view.shape() && *self.bytes == *golden::bytes_of(view)
    }
}

/// The first output that is not as expected. A worker has the same outputs, in the same order, at each run.
fn different(expected: &[Output], answer: &Answer<'_>) -> Option<String> {
    let mut pairs = expected.iter().zip(answer.iter());
    pairs.find(|(expected, (_, found))| !expected.is(*found)).map(|(expected, _)| expected.name.clone())
}
