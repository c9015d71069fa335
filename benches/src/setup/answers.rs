//! [`Reference`]: what every answer is held against.
//!
//! First each model of the artifact must give its golden answer, by one thread, as it was recorded. Then a worker with
//! the threads and the packing that are measured must agree with it within rounding; from then on each way must repeat
//! that worker's bits. A guest's answer is what it writes to stdout: nobody has recorded that, so a normal worker's is
//! taken, once its models were right.

use blink_runtime::{Answer, Launcher, Model, WorkerSpec, golden};
use blink_tensors::{Tensor, TensorView, npy};

use super::SetupError;
use crate::agreement;
use crate::ask::{Ask, Given, views};
use crate::device::Closeness;
use crate::launch::{Expected, LaunchError};
use crate::measurement::Answers;

/// A normal worker's answer.
pub(super) struct Reference {
    /// What workers must repeat.
    pub(super) expected: Expected,
    /// What its answer beside those of processes is, in words: one `.npy` of the first output, or stdout.
    pub(super) what: String,
    /// That answer; empty where it cannot be written so.
    pub(super) output: Vec<u8>,
    /// Every output, by name; none of a guest.
    outputs: Vec<(String, Tensor)>,
    /// What the measurement says of it.
    pub(super) answers: Answers,
}

impl Reference {
    /// Has workers answer: to the golden inputs of each model that has any, then to `ask`. Whether somebody gave its
    /// inputs, `are_given` tells.
    pub(super) fn make(
        launcher: &Launcher,
        spec: &WorkerSpec,
        models: &[Model],
        ask: &Ask,
        are_given: bool,
    ) -> Result<Reference, SetupError> {
        let mut golden = Vec::new();
        for model in models {
            match &model.record().golden {
                Some(recorded) if !recorded.reproducible => {
                    return Err(SetupError::Random { model: model.record().name.clone() });
                }
                Some(_) => golden.push(check_golden(launcher, spec, model)?),
                None => {}
            }
        }

        let failed = |source| SetupError::Launch { way: "a normal worker".to_owned(), source };
        let mut prepared = ask.prepare().map_err(failed)?;
        let mut worker = launcher.launch(spec)?;
        let given = match prepared.put(&mut worker) {
            // Its own words are enough.
            Err(LaunchError::Worker(source)) => return Err(source.into()),
            given => given.map_err(failed)?,
        };
        let mut outputs = Vec::new();
        let (what, output) = match &given {
            Given::Guest(written, _) => ("stdout of a guest".to_owned(), written.clone()),
            Given::Tensors(answer, output) => {
                if let ([golden], false) = (&golden[..], are_given) {
                    agrees(golden, answer)?;
                }
                outputs.extend(answer.iter().map(|(name, view)| (name.to_owned(), view.to_owned())));
                (format!("one .npy of '{output}'"), answer.iter().next().map(|(_, view)| npy(view)).unwrap_or_default())
            }
        };
        let held_against = match (&given, golden.len() == models.len(), are_given) {
            (Given::Guest(..), true, _) => "a normal worker's first answer, once its models' golden runs were right",
            (Given::Guest(..), false, _) => {
                "a normal worker's first answer, once the golden runs that its models have were right: some have none"
            }
            (_, true, false) => "the artifact's golden run",
            (_, true, true) => "a normal worker's first answer to the inputs given, once its golden run was right",
            (_, false, _) => "a normal worker's first answer: the artifact has no golden run",
        };
        let expected = Expected { digest: given.digest(), len: output.len() };
        let answers = Answers { held_against: held_against.to_owned(), digest: expected.digest.clone(), checked: 1 };
        worker.end();
        Ok(Reference { expected, what, output, outputs, answers })
    }

    /// What answers of a device are held to: this one, which is the CPU's, nearly.
    pub(super) fn closeness(&self, models: &[Model]) -> Closeness {
        let record = models.first().and_then(|model| model.record().device.as_ref());
        let errors = record.and_then(|record| record.error.as_ref());
        let errors: Option<Vec<f64>> = errors.map(|errors| errors.iter().map(|error| error.max_rel).collect());
        Closeness::new(self.outputs.clone(), errors.as_deref())
    }
}

/// Has a worker with one thread give the golden answer; its outputs.
fn check_golden(launcher: &Launcher, spec: &WorkerSpec, model: &Model) -> Result<Vec<Tensor>, SetupError> {
    let mut spec = spec.clone();
    (spec.options.threads, spec.options.prepack) = (Some(1), None);
    let inputs = golden::inputs(model.record())?.unwrap_or_default();
    let mut worker = launcher.launch(&spec)?;
    let answer = worker.run_model(model.index(), &views(&inputs))?;
    golden::compare(model, answer.iter().map(|(_, view)| view))?;
    let outputs = answer.iter().map(|(_, view)| view.to_owned()).collect();
    worker.end();
    Ok(outputs)
}

/// Whether a worker with the threads and the packing that are measured agrees with the golden run.
fn agrees(golden: &[Tensor], answer: &Answer<'_>) -> Result<(), SetupError> {
    for (recorded, (name, found)) in golden.iter().zip(answer.iter()) {
        if golden::bytes_of(recorded.view()) != golden::bytes_of(found) {
            let way = format!("output '{name}' of a worker with other threads or packing than the golden run");
            agreement::compare_tensors(recorded.view(), found).map_err(|source| SetupError::Answer { way, source })?;
        }
    }
    Ok(())
}

/// A tensor as `.npy`; nothing where that has no form for it.
fn npy(view: TensorView<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    match npy::encode(view, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}
