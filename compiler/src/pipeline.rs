//! [`compile`]: read, prepare, write, prove, publish.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use blink_artifact::manifest::GuestRecord;
use blink_artifact::{ExecutionProvider, HostClass, Manifest, PendingArtifact};
use blink_runtime::golden::{self, GoldenError};
use blink_runtime::{Model, host};

use crate::assemble::Assembly;
use crate::clock::{Clock, Heard};
use crate::device_trial::Tried;
use crate::error::CompileError;
use crate::guest;
use crate::prepare::{Prepared, Workshop};
use crate::read::{Inputs, Origin};
use crate::request::{CompileDevice, Request, Stage, Target};
use crate::summary::Summary;
use crate::surroundings::{Here, Surroundings};

/// One at a time in a process: trials measure time, and memory in the process's one arena.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Compiles models, and the guest beside them, into one artifact. `progress` hears of each stage as it begins, with the
/// file that it is about.
///
/// The artifact appears at its place whole, after each of its models has been started and has given the recorded answer
/// and its guest has been linked, or not at all. The same request on the same kind of host gives the same bytes.
///
/// It reads what the request names in this very process: files of people whose programs one would run. Others are for
/// [`crate::compile_apart`].
pub fn compile(request: &Request, mut progress: impl FnMut(Stage, &Path)) -> Result<Summary, CompileError> {
    let (pending, summary) = make(request, &Here::new(request), &mut progress)?;
    pending.publish()?;
    Ok(summary)
}

/// The artifact that `request` asks for, proved, before it has its name.
pub(crate) fn make(
    request: &Request,
    surroundings: &dyn Surroundings,
    progress: Heard<'_>,
) -> Result<(PendingArtifact, Summary), CompileError> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut clock = Clock::new(progress);
    let host_class = host_class(request.target, request.device)?;

    let Inputs { models: inputs, guest, mut notes } = Inputs::open(request, host_class, &mut clock)?;
    let needs_engine = inputs.iter().any(|input| matches!(input.from, Origin::Onnx { .. }));
    let engine = needs_engine.then(|| surroundings.engine()).transpose()?;

    let shop = Workshop { request, host_class, engine, files: surroundings.files() };
    let mut models = inputs.into_iter().map(|input| shop.prepare(input, &mut clock)).collect::<Result<Vec<_>, _>>()?;
    notes.extend(models.iter().flat_map(|model| model.notes.iter().cloned()));
    let guest = match (guest, &request.guest) {
        (Some(checked), Some(source)) => {
            clock.begin(Stage::Guest, &source.path);
            Some(guest::prepare(checked, source, host_class.is_portable(), surroundings)?)
        }
        _ => None,
    };
    notes.extend(guest.iter().flat_map(|guest| guest.notes.iter().cloned()));

    let (output, guest, provider) = (&request.output, guest.as_ref(), request.device.provider());
    let write = |models: &[Prepared], clock: &mut Clock<'_>| {
        clock.begin(Stage::Write, output);
        let manifest = manifest(models, guest.map(|guest| &guest.record));
        Assembly { host_class, provider, manifest: &manifest, models, guest }.write(surroundings.output()?)
    };
    let mut pending = write(&models, &mut clock)?;
    if provider == ExecutionProvider::Cuda {
        clock.begin(Stage::Try, output);
        notes.extend(take_down(surroundings.try_on_device(&pending)?, &mut models));
        // The same sections under another manifest.
        pending = write(&models, &mut clock)?;
    }
    models.iter().try_for_each(Prepared::check_unchanged)?;

    clock.begin(Stage::Prove, &request.output);
    prove(&pending, request)?;
    let bytes = pending.artifact().header().file_len;
    let summary = Summary {
        output: output.clone(),
        target: host_class,
        device: provider,
        bytes,
        guest: guest.map(guest::Prepared::summary),
        models: models.into_iter().map(|model| model.summary).collect(),
        notes,
        seconds: clock.finish(),
        missing_walls: Vec::new(),
    };
    Ok((pending, summary))
}

/// Puts what came of trials on a device into each model's record. Tells what the user should know.
fn take_down(tried: Option<Tried>, models: &mut [Prepared]) -> Option<String> {
    let why = match tried {
        Some(Tried::Trials(trials)) => {
            for (model, trial) in models.iter_mut().zip(trials) {
                model.set_trial(trial);
            }
            return None;
        }
        Some(Tried::NoDevice(why)) => format!(" ({why})"),
        None => String::new(),
    };
    // What was taken over may know it already.
    let is_unknown = |model: &Prepared| model.record.device.as_ref().is_some_and(|device| device.trial.is_none());
    let note = format!("compiled without a device{why}: memory and placement are not known until it is run");
    models.iter().any(is_unknown).then_some(note)
}

fn host_class(target: Target, device: CompileDevice) -> Result<HostClass, CompileError> {
    let here = host::class();
    match target {
        // The device computes most of it, and has no use for the block layout of a CPU.
        Target::Class(asked) if device != CompileDevice::Cpu && asked == here => Ok(here.portable()),
        Target::Portable => Ok(here.portable()),
        Target::Class(asked) if asked == here || asked == here.portable() => Ok(asked),
        Target::Class(asked) => Err(CompileError::Target { asked, here }),
    }
}

fn manifest(models: &[Prepared], guest: Option<&GuestRecord>) -> Manifest {
    Manifest {
        compiler: env!("CARGO_PKG_VERSION").into(),
        models: models.iter().map(|model| model.record.clone()).collect(),
        guest: guest.cloned(),
    }
}

/// Starts each model and compares its answer with the golden run's; links the guest.
fn prove(pending: &PendingArtifact, request: &Request) -> Result<(), CompileError> {
    let artifact = pending.artifact();
    if let Some(guest) = &request.guest {
        // What it carries was made a moment ago, by this process.
        let made = Some(&artifact.header().structure_hash);
        blink_runtime::link_guest(&artifact, made, guest.cache.as_ref()).map_err(CompileError::Link)?;
    }
    for record in &artifact.manifest().models {
        let model = Model::of(pending.artifact(), Some(&record.name))?;
        match golden::check(&model) {
            Ok(_) => {}
            Err(GoldenError::Start(error)) => return Err(error.into()),
            Err(GoldenError::Run(error)) => return Err(error.into()),
            Err(GoldenError::Differs { name, .. } | GoldenError::Shape { name, .. }) => {
                return Err(CompileError::Disagrees { output: name });
            }
            // Those of a worker are none of this process's; all else, there is no answer to compare.
            Err(
                GoldenError::Inputs(_) | GoldenError::Recorded(_) | GoldenError::Launch(_) | GoldenError::Worker(_),
            ) => {
                return Err(CompileError::Disagrees { output: "none could be computed".into() });
            }
        }
    }
    Ok(())
}
