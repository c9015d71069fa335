//! [`Proof`]: answers of a worker that was started normally, and whether restored ones give the same bits.

use blink_tensors::{DType, Tensor, TensorView};

use super::warm::WarmError;
use super::{Launcher, StartMode, Worker, WorkerError, WorkerSpec};
use crate::golden;

/// Inputs, and what a normal worker answered to each.
pub(super) struct Proof {
    answered: Vec<(Question, Vec<Output>)>,
    runs: usize,
}

/// Inputs for one of the worker's models.
pub(super) struct Question {
    /// Its index in the artifact.
    pub(super) model: u32,
    pub(super) inputs: Vec<(String, Tensor)>,
    /// Whether the model is known to take them. What others hold was drawn without knowing what it means.
    pub(super) is_known: bool,
}

#[derive(PartialEq)]
struct Output {
    name: String,
    dtype: DType,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Proof {
    /// Starts a worker normally and has it answer to each of `questions`. Those that a model turns out not to take are
    /// left out, where it was not known that it does.
    pub(super) fn begin(launcher: &Launcher, spec: &WorkerSpec, questions: Vec<Question>) -> Result<Proof, WarmError> {
        let mut worker = launcher.launch(&WorkerSpec { start: StartMode::Normal, ..spec.clone() })?;
        let mut proof = Proof { answered: Vec::new(), runs: 0 };
        for question in questions {
            match answer(&mut worker, &question) {
                Err(WarmError::Worker(WorkerError::Failed { .. })) if !question.is_known => {}
                expected => proof.answered.push((question, expected?)),
            }
        }
        Ok(proof)
    }

    /// Has a restored worker answer to the same, in the same order.
    pub(super) fn compare(&mut self, worker: &mut Worker) -> Result<(), WarmError> {
        for (run, (question, expected)) in self.answered.iter().enumerate() {
            let found = answer(worker, question)?;
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

fn answer(worker: &mut Worker, Question { model, inputs, .. }: &Question) -> Result<Vec<Output>, WarmError> {
    let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
    let output = |(name, view): (&str, TensorView<'_>)| Output {
        name: name.to_owned(),
        dtype: view.dtype(),
        shape: view.shape().to_vec(),
        bytes: golden::bytes_of(view).into_owned(),
    };
    Ok(worker.run_model(*model, &inputs)?.iter().map(output).collect())
}
