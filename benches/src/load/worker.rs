//! [`WorkerServer`]: a worker that is asked through its launcher's handle.
//!
//! The bytes of its answers are compared, not hashed: with more workers than processors a hash would take from the
//! others what it costs.

use std::sync::Arc;

use blink_runtime::timeline::now;
use blink_runtime::{Answer, Worker, golden};
use blink_tensors::{DType, TensorView};

use super::LoadError;
use crate::ask::{Ask, Given};
use crate::device::Closeness;
use crate::launch::{LaunchError, check};
use crate::worker::WorkerLaunch;

pub(super) struct WorkerServer {
    name: String,
    worker: Worker,
    ask: Ask,
    expected: Expected,
    pub(super) first_ms: f64,
}

/// What every later answer must repeat.
enum Expected {
    Outputs(Vec<Output>),
    Stdout(Vec<u8>),
    /// On a device: the CPU's answer, nearly.
    Close(Arc<Closeness>),
}

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
        let mut ask = launch.ask.prepare().map_err(failed)?;
        let given = ask.put(&mut worker).map_err(failed)?;
        let expected = match &launch.device {
            Some(device) => {
                device.close.check(&given).map_err(failed)?;
                Expected::Close(Arc::clone(&device.close))
            }
            None => {
                check(given.digest(), name, Some(&launched.expected())).map_err(failed)?;
                Expected::of(given)
            }
        };
        Ok(WorkerServer {
            name: name.to_owned(),
            worker,
            ask: launch.ask.clone(),
            expected,
            first_ms: launched.cold_ms,
        })
    }

    pub(super) fn ask(&mut self) -> Result<u64, LoadError> {
        let pid = self.worker.pid();
        let failed = |source: LaunchError| LoadError::Worker { name: self.name.clone(), source: Box::new(source) };
        let mut ask = self.ask.prepare().map_err(failed)?;
        let given = ask.put(&mut self.worker).map_err(failed)?;
        let answered_at = now();
        if let Expected::Close(close) = &self.expected {
            return close.check(&given).map(|_| answered_at).map_err(failed);
        }
        match self.expected.different(&given) {
            None => Ok(answered_at),
            Some(output) => Err(LoadError::WrongAnswer { name: self.name.clone(), pid, output: output.to_owned() }),
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.worker.pid()
    }

    /// Whether its process is the worker's alone.
    pub(super) fn is_alone(&self) -> bool {
        !matches!(self.expected, Expected::Close(_))
    }
}

impl Expected {
    fn of(given: Given<'_>) -> Expected {
        match given {
            Given::Tensors(answer, _) => Expected::Outputs(answer.iter().map(Output::of).collect()),
            Given::Guest(written, _) => Expected::Stdout(written),
        }
    }

    /// The first output that is not as expected.
    fn different(&self, given: &Given<'_>) -> Option<&str> {
        match (self, given) {
            (Expected::Outputs(expected), Given::Tensors(answer, _)) => different(expected, answer),
            (Expected::Stdout(expected), Given::Guest(written, _)) => (expected != written).then_some("stdout"),
            // What is close to the CPU's answer is not the same from one run to the next.
            (Expected::Close(_), _) => None,
            // A worker is asked the same each time.
            (Expected::Outputs(_), Given::Guest(..)) | (Expected::Stdout(_), Given::Tensors(..)) => Some("stdout"),
        }
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
fn different<'e>(expected: &'e [Output], answer: &Answer<'_>) -> Option<&'e str> {
    let mut pairs = expected.iter().zip(answer.iter());
    pairs.find(|(expected, (_, found))| !expected.is(*found)).map(|(expected, _)| expected.name.as_str())
}
