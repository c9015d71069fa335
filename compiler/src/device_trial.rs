//! A trial on a device: the artifact as it will be, started there before it gets its name. What it takes, where its nodes
//! go, how far its answer is from the CPU's, and which way of running it is fastest, goes into the record.

use std::sync::Arc;
use std::time::Instant;

use blink_artifact::manifest::{DeviceRuns, DeviceTrial, ModelRecord, OutputError};
use blink_artifact::{Artifact, PendingArtifact};
use blink_runtime::{
    Device, DeviceFacts, DeviceOptions, LaunchError, Launcher, StartMode, StartOptions, Worker, WorkerSpec, golden,
};
use blink_tensors::TensorView;
use serde::{Deserialize, Serialize};

use crate::error::CompileError;
use crate::half;

/// Runs that are timed of each way, after as many that are not.
const ROUNDS: usize = 30;
/// How much faster than the plain way another one has to be.
const WORTH_IT: f64 = 0.98;
/// The largest distance from the CPU's answer, as a part of its largest value, that rounding can account for.
const TOLERATED: f64 = 0.25;

/// Where to try what is compiled for a device.
#[derive(Clone, Debug)]
pub struct TrialPlace {
    /// What starts the device's worker.
    pub launcher: Launcher,
    /// Number of the device.
    pub ordinal: u32,
    /// Whether it is an error where the device cannot be used; else that is told, and nothing is tried.
    pub is_required: bool,
}

/// What came of trials.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Tried {
    /// One for each model of the artifact.
    Trials(Vec<DeviceTrial>),
    /// Why there was no device.
    NoDevice(String),
}

/// Tries every model of `pending`.
pub(crate) fn run(pending: &PendingArtifact, place: &TrialPlace) -> Result<Tried, CompileError> {
    match place.launcher.start_device(place.ordinal) {
        Ok(_) => {}
        Err(error @ (LaunchError::Device { .. } | LaunchError::Resident { .. })) if !place.is_required => {
            return Ok(Tried::NoDevice(error.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    let artifact = pending.artifact();
    let models = artifact.manifest().models.iter();
    let trials = models.map(|record| Job { place, pending, artifact: &artifact, record }.run());
    Ok(Tried::Trials(trials.collect::<Result<_, _>>()?))
}

struct Job<'a> {
    place: &'a TrialPlace,
    pending: &'a PendingArtifact,
    artifact: &'a Arc<Artifact>,
    record: &'a ModelRecord,
}

/// One output's shape and bytes.
type Answer = Vec<(Vec<usize>, Vec<u8>)>;

impl Job<'_> {
    fn run(&self) -> Result<DeviceTrial, CompileError> {
        let inputs = golden::inputs(self.record).ok().flatten();
        let mut worker = self.on_device(DeviceRuns::Plain)?;
        let trial = |facts: DeviceFacts| DeviceTrial {
            device: facts.name,
            peak: facts.arena,
            on_device: facts.placement.on_device,
            on_cpu: facts.placement.on_cpu,
            error: None,
            runs: DeviceRuns::Plain,
        };
        let Some(inputs) = inputs else { return Ok(trial(self.facts(&mut worker)?)) };
        let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
        let (plain, plain_ms) = timed(&mut worker, &inputs)?;
        let mut trial = trial(self.facts(&mut worker)?);
        trial.error = Some(self.distance(&mut worker, &inputs)?);
        drop(worker);

        let mut least = plain_ms * WORTH_IT;
        for runs in [DeviceRuns::Bound, DeviceRuns::Graph] {
            // What cannot be run so, or gives other bits, is run plainly.
            let Ok(mut worker) = self.on_device(runs) else { continue };
            let Ok((answer, ms)) = timed(&mut worker, &inputs) else { continue };
            if self.facts(&mut worker)?.runs == runs && answer == plain && ms < least {
                (least, trial.runs) = (ms, runs);
            }
        }
        Ok(trial)
    }

    fn on_device(&self, runs: DeviceRuns) -> Result<Worker, CompileError> {
        let on_device = DeviceOptions { runs: Some(runs), ..DeviceOptions::default() };
        self.start(Device::Cuda(self.place.ordinal), on_device, StartOptions::default())
    }

    fn start(&self, device: Device, on_device: DeviceOptions, options: StartOptions) -> Result<Worker, CompileError> {
        let file = self.pending.file().try_clone().map_err(|source| LaunchError::File { source })?;
        let spec = WorkerSpec {
            file: Some(Arc::new(file)),
            model: Some(self.record.name.clone()),
            device: Some(device),
            on_device,
            options,
            start: StartMode::Normal,
            ..WorkerSpec::new(self.artifact.path())
        };
        Ok(self.place.launcher.launch(&spec)?)
    }

    fn facts(&self, worker: &mut Worker) -> Result<DeviceFacts, CompileError> {
        let missing =
            || CompileError::DeviceAnswer { model: self.record.name.clone(), what: "it tells nothing".into() };
        worker.device()?.ok_or_else(missing)
    }

    /// How far the device's answer is from the CPU's, which the same graph gives in a worker of its own.
    fn distance(
        &self,
        worker: &mut Worker,
        inputs: &[(&str, TensorView<'_>)],
    ) -> Result<Vec<OutputError>, CompileError> {
        let options = StartOptions { threads: Some(1), prepack: None, pin: false };
        let mut on_cpu = self.start(Device::Cpu, DeviceOptions::default(), options)?;
        let (expected, found) = (on_cpu.run(inputs)?, worker.run(inputs)?);
        let refused = |output: &str, what: String| {
            let what = format!("output '{output}' {what}");
            CompileError::DeviceAnswer { model: self.record.name.clone(), what }
        };
        let outputs = self.record.outputs.iter().zip(expected.iter()).zip(found.iter());
        let error = |((spec, (_, expected)), (_, found))| {
            let spec: &blink_artifact::manifest::ValueSpec = spec;
            let Some(error) = half::distance(expected, found) else {
                let shapes = format!("has shape {:?}, the CPU gave {:?}", found.shape(), expected.shape());
                return Err(refused(&spec.name, shapes));
            };
            // Written so that a distance that is no number is refused, too.
            if error.max_rel <= TOLERATED || error.max_abs == 0.0 {
                return Ok(error);
            }
            let (found, most) = (error.max_rel, TOLERATED);
            Err(refused(
                &spec.name,
                format!("is {found:.3} of its largest value from the CPU's, at most {most} is rounding"),
            ))
        };
        outputs.map(error).collect()
    }
}

/// The answer of a run, and the median time of later ones in milliseconds.
fn timed(worker: &mut Worker, inputs: &[(&str, TensorView<'_>)]) -> Result<(Answer, f64), CompileError> {
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..2 * ROUNDS {
        let begin = Instant::now();
        worker.run(inputs)?;
        if round >= ROUNDS {
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    let answer = worker.run(inputs)?;
    let output = |(_, view): (&str, TensorView<'_>)| (view.shape().to_vec(), golden::bytes_of(view).into_owned());
    Ok((answer.iter().map(output).collect(), times[ROUNDS / 2]))
}
