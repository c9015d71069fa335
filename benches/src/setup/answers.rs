//! [`Reference`]: what every answer is held against.
//!
//! First the artifact must give its golden answer, by one thread, as it was recorded. Then a worker with the threads and
//! the packing that are measured must agree with it within rounding; from then on each way must repeat that worker's bits.

use blink_runtime::{Launcher, Model, WorkerSpec, golden};
use blink_tensors::{Tensor, TensorView, npy};

use super::SetupError;
use crate::agreement;
use crate::launch::Expected;
use crate::measurement::Answers;
use crate::worker::digest;

/// A normal worker's answer.
pub(super) struct Reference {
    /// What workers must repeat.
    pub(super) expected: Expected,
    /// The name of the first output.
    pub(super) output: String,
    /// That output, as `.npy`; empty where it cannot be written so.
    pub(super) npy: Vec<u8>,
    /// What the measurement says of it.
    pub(super) answers: Answers,
}

impl Reference {
    /// Has workers answer: to the golden inputs where there are any, then to `inputs`.
    pub(super) fn make(
        launcher: &Launcher,
        spec: &WorkerSpec,
        model: &Model,
        inputs: &[(String, Tensor)],
        are_given: bool,
    ) -> Result<Reference, SetupError> {
        let record = model.record();
        let mut golden = None;
        if let Some(recorded) = &record.golden {
            if !recorded.reproducible {
                return Err(SetupError::Random { model: record.name.clone() });
            }
            golden = Some(check_golden(launcher, spec, model)?);
        }

        let mut worker = launcher.launch(spec)?;
        let answer = worker.run(&views(inputs))?;
        let output = record.outputs.first().map(|value| value.name.clone()).unwrap_or_default();
        let npy = answer.iter().next().map(|(_, view)| npy(view)).unwrap_or_default();
        if let (Some(golden), false) = (&golden, are_given) {
            for (recorded, (name, found)) in golden.iter().zip(answer.iter()) {
                if golden::bytes_of(recorded.view()) != golden::bytes_of(found) {
                    let way = format!("output '{name}' of a worker with other threads or packing than the golden run");
                    agreement::compare_tensors(recorded.view(), found)
                        .map_err(|source| SetupError::Answer { way, source })?;
                }
            }
        }
        let expected = Expected { digest: digest(&answer), len: npy.len() };
        let held_against = match (golden.is_some(), are_given) {
            (true, false) => "the artifact's golden run",
            (true, true) => "a normal worker's first answer to the inputs given, once its golden run was right",
            (false, _) => "a normal worker's first answer: the artifact has no golden run",
        };
        let answers = Answers { held_against: held_against.to_owned(), digest: expected.digest.clone(), checked: 1 };
        worker.end();
        Ok(Reference { expected, output, npy, answers })
    }
}

/// Has a worker with one thread give the golden answer; its outputs.
fn check_golden(launcher: &Launcher, spec: &WorkerSpec, model: &Model) -> Result<Vec<Tensor>, SetupError> {
    let mut spec = spec.clone();
    (spec.options.threads, spec.options.prepack) = (Some(1), None);
    let inputs = golden::inputs(model.record())?.unwrap_or_default();
    let mut worker = launcher.launch(&spec)?;
    let answer = worker.run(&views(&inputs))?;
    golden::compare(model, answer.iter().map(|(_, view)| view))?;
    let outputs = answer.iter().map(|(_, view)| view.to_owned()).collect();
    worker.end();
    Ok(outputs)
}

fn views(inputs: &[(String, Tensor)]) -> Vec<(&str, TensorView<'_>)> {
    inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect()
}

/// A tensor as `.npy`; nothing where that has no form for it.
fn npy(view: TensorView<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    match npy::encode(view, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}
