//! [`Proof`]: answers of a worker that was started normally, and whether restored ones give the same bits.

use blink_tensors::{DType, Tensor, TensorView};

use super::warm::WarmError;
use super::{Launcher, StartMode, Worker, WorkerError, WorkerSpec};
use crate::golden;

/// Inputs, and what a normal worker answered to each.
pub(super) struct Proof {
    inputs: Vec<Vec<(String, Tensor)>>,
    expected: Vec<Vec<Output>>,
    runs: usize,
}

#[derive(PartialEq)]
struct Output {
    name: String,
    dtype: DType,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Proof {
    /// Starts a worker normally and has it answer to each of `inputs`. Those after the first that the model does not
    /// take, since what they hold was drawn without knowing what it means, are left out.
    pub(super) fn begin(
        launcher: &Launcher,
        spec: &WorkerSpec,
        inputs: Vec<Vec<(String, Tensor)>>,
    ) -> Result<Proof, WarmError> {
        let mut worker = launcher.launch(&WorkerSpec { start: StartMode::Normal, ..spec.clone() })?;
        let mut proof = Proof { inputs: Vec::new(), expected: Vec::new(), runs: 0 };
        for inputs in inputs {
            match answer(&mut worker, &inputs) {
                Err(WarmError::Worker(WorkerError::Failed { .. })) if !proof.inputs.is_empty() => {}
                expected => {
                    proof.expected.push(expected?);
                    proof.inputs.push(inputs);
                }
            }
        }
        Ok(proof)
    }

    /// Has a restored worker answer to the same, in the same order.
    pub(super) fn compare(&mut self, worker: &mut Worker) -> Result<(), WarmError> {
        for (run, (inputs, expected)) in self.inputs.iter().zip(&self.expected).enumerate() {
            let found = answer(worker, inputs)?;
            if let Some((_, output)) = found.iter().zip(expected).find(|(found, expected)| found != expected) {
                return Err(WarmError::Differs { run: run + 1, output: output.name.clone() });
            }
            self.runs += 1;
        }
        Ok(())
    }

    /// Runs that were compared.
    pub(super) fn runs(&self) -> usize {
        self.runs
    }
}

fn answer(worker: &mut Worker, inputs: &[(String, Tensor)]) -> Result<Vec<Output>, WarmError> {
    let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
    let output = |(name, view): (&str, TensorView<'_>)| Output {
        name: name.to_owned(),
        dtype: view.dtype(),
        shape: view.shape().to_vec(),
        bytes: golden::bytes_of(view).into_owned(),
    };
    Ok(worker.run(&inputs)?.iter().map(output).collect())
}
