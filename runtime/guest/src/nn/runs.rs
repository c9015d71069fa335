//! [`Runs`]: every run of a model that a guest asks for goes through here: clocked, cancelled, counted.

use std::sync::Arc;
use std::time::Instant;

use blink_artifact::manifest::ValueSpec;
use blink_tensors::TensorView;

use super::budget::{Budget, Held};
use super::failure::{Code, Error, Failure, out_of_time};
use crate::cancel::Cancel;
use crate::models::{ComputeError, Graph, Outputs};

/// The runs of one guest.
pub(super) struct Runs {
    pub(super) budget: Budget,
    cancel: Arc<Cancel>,
    count: u64,
    nanoseconds: u64,
}

/// The outputs of one run, counted as held until all of them are dropped: the engine frees them together.
pub(super) struct Answer {
    outputs: Box<dyn Outputs>,
    _held: Held,
}

impl Runs {
    pub(super) fn new(budget: Budget, cancel: Arc<Cancel>) -> Runs {
        Runs { budget, cancel, count: 0, nanoseconds: 0 }
    }

    /// Runs, and the nanoseconds that they took.
    pub(super) fn total(&self) -> (u64, u64) {
        (self.count, self.nanoseconds)
    }

    /// Runs `graph`. How large its outputs are is known when they are there, so they are counted then.
    pub(super) fn compute(&mut self, graph: &dyn Graph, inputs: &[(&str, TensorView<'_>)]) -> Result<Answer, Failure> {
        let begin = Instant::now();
        let result = graph.compute(inputs, &self.cancel);
        self.count += 1;
        self.nanoseconds += u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let outputs = result.map_err(|error| match error {
            _ if self.cancel.is_cancelled() => out_of_time(),
            ComputeError::Inputs(words) => Error::new(Code::InvalidArgument, words).into(),
            ComputeError::Failed(words) => Error::new(Code::RuntimeError, words).into(),
        })?;
        let (found, expected) = (outputs.count(), graph.outputs().len());
        if found != expected {
            let words = format!("model gave {found} outputs, expected {expected}");
            return Err(Error::new(Code::RuntimeError, words).into());
        }
        let bytes = (0..found).filter_map(|index| outputs.get(index).bytes()).map(<[u8]>::len);
        let bytes = bytes.fold(0usize, usize::saturating_add);
        Ok(Answer { _held: self.budget.hold(found as u64, bytes)?, outputs })
    }
}

impl Answer {
    /// The output at `index`, which `value` describes: its shape and its elements.
    pub(super) fn output(&self, index: usize, value: &ValueSpec) -> Result<(&[usize], &[u8]), Error> {
        let view = self.outputs.get(index);
        match view.bytes() {
            Some(bytes) if view.dtype() == value.dtype => Ok((view.shape(), bytes)),
            _ => {
                let words = format!("output '{}' is of dtype {}, expected {}", value.name, view.dtype(), value.dtype);
                Err(Error::new(Code::RuntimeError, words))
            }
        }
    }

    /// The elements of the output at `index`; none where they are not bytes.
    pub(super) fn elements(&self, index: usize) -> &[u8] {
        self.outputs.get(index).bytes().unwrap_or_default()
    }
}
