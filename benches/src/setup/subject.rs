//! What is measured: models, or the guest beside them; what workers are asked; and what the measurement says of that.

use std::fs;
use std::path::Path;

use blink_runtime::{Model, ModelError, golden};
use blink_tensors::Tensor;

use super::{Plan, SetupError};
use crate::ask::{Ask, GuestRun};
use crate::measurement::{GuestSubject, Subject};

/// The models that are measured: the one that was named or the only one; of a guest, all.
pub(super) fn models(plan: &Plan) -> Result<Vec<Model>, SetupError> {
    if plan.guest.is_none() {
        return Ok(vec![Model::open_named(&plan.artifact, plan.model.as_deref())?]);
    }
    let models = Model::of_worker(&plan.artifact, None)?;
    match models.first().is_some_and(|model| model.artifact().manifest().guest.is_some()) {
        true => Ok(models),
        false => Err(SetupError::NoGuest { artifact: plan.artifact.clone() }),
    }
}

/// What workers are asked.
pub(super) fn ask(plan: &Plan, models: &[Model]) -> Result<Ask, SetupError> {
    let record = match (&plan.guest, models) {
        (Some(guest), _) => return Ok(Ask::Guest(Box::new(guest.clone()))),
        (None, []) => return Err(SetupError::NoGuest { artifact: plan.artifact.clone() }),
        (None, [model, ..]) => model.record(),
    };
    let inputs = match &plan.inputs {
        Some(inputs) => inputs.clone(),
        None => golden::inputs(record)?.ok_or_else(|| SetupError::NoInputs { model: record.name.clone() })?,
    };
    Ok(Ask::Tensors { inputs, output: record.outputs.first().map(|value| value.name.clone()).unwrap_or_default() })
}

/// What the measurement says of them.
pub(super) fn subject(plan: &Plan, models: &[Model], ask: &Ask, program: &Path) -> Result<Subject, SetupError> {
    let len = |path: &Path| {
        let metadata = fs::metadata(path).map_err(|source| SetupError::Io { path: path.to_owned(), source })?;
        Ok::<_, SetupError>(metadata.len())
    };
    let input = |(name, tensor): &(String, Tensor)| format!("{name} {}{:?}", tensor.dtype(), tensor.shape());
    let names: Vec<&str> = models.iter().map(|model| model.record().name.as_str()).collect();
    let (inputs, guest) = match ask {
        Ask::Tensors { inputs, .. } => (inputs.iter().map(input).collect(), None),
        Ask::Guest(run) => {
            let guest = models.first().map_or(Ok(None), |model| guest(model, run))?;
            (vec![format!("stdin, {} bytes", len(&run.stdin)?)], guest)
        }
    };
    Ok(Subject {
        artifact: plan.artifact.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        bytes: len(&plan.artifact)?,
        model: names.join(", "),
        weights_bytes: models.iter().map(|model| model.artifact().weights(model.index()).len() as u64).sum(),
        inputs,
        guest,
        program_bytes: len(program)?,
    })
}

/// The guest of the artifact that `model` is in.
fn guest(model: &Model, run: &GuestRun) -> Result<Option<GuestSubject>, SetupError> {
    let artifact = model.artifact();
    let open = |source| ModelError::Open { path: artifact.path().to_owned(), source };
    let (Some(record), Some(wasm)) = (&artifact.manifest().guest, artifact.guest().map_err(open)?) else {
        return Ok(None);
    };
    let (name, arguments) = (record.name.clone(), run.request.arguments.clone());
    Ok(Some(GuestSubject { name, bytes: wasm.len() as u64, arguments }))
}
