//! `blink run`: what an artifact does, once: its model on tensors, or its guest on whatever it reads.
//!
//! | file | what it does |
//! |---|---|
//! | `tensors.rs` | tensors in, tensors out |
//! | `guest.rs` | runs the guest on this process's own streams |
//! | `grants.rs` | what a guest is given: directories, variables, limits |
//! | `compose.rs` | an artifact for a guest and models that were not compiled together |
//! | `load.rs` | models that a guest brings |
//! | `timeline.rs` | where the time of a start went, in words and as JSON |

mod compose;
mod grants;
mod guest;
mod load;
mod tensors;
mod timeline;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use blink_artifact::{OpenError, open_file};
use blink_runtime::sandbox::Sandbox;
use blink_runtime::{
    Device, DeviceOptions, Launcher, Level, Model, Start, StartMode, StartOptions, Worker, WorkerSpec,
};
use clap::ValueEnum;

use crate::output::{Output, note};
use crate::program;

pub(super) use tensors::views;
pub(super) use timeline::TimelineReport;

use super::trust::{TrustFlags, admit, check};
use grants::Grants;

/// Run an artifact once: its guest where it has one, else its model on inputs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The artifact.
    #[arg(value_name = "ARTIFACT", required_unless_present = "guest")]
    pub(crate) artifact: Option<PathBuf>,
    /// Which of the artifact's models to run on inputs, where it has several. With --guest: a model of the guest's.
    #[arg(long, value_name = "NAME | [NAME=]FILE")]
    pub(crate) model: Vec<String>,
    /// An input: a .npy, .npz or .json file, or raw bytes with their dtype and shape; `-` is stdin.
    #[arg(short, long, value_name = "[NAME=]FILE | [NAME]:DTYPE:SHAPE=FILE")]
    pub(crate) input: Vec<String>,
    /// Where an output goes: .npy, .npz, .json or .bin; `-` is .npy on stdout.
    #[arg(short, long, value_name = "[NAME=]FILE")]
    pub(crate) output: Vec<String>,
    /// Threads of a run [default: what the CPU quota allows].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Whether weights are packed at start [default: as the compiler recorded].
    #[arg(long, value_enum)]
    pub(crate) prepack: Option<Prepack>,
    /// Where to run: cpu, cuda, cuda:N, or cuda-or-cpu, which falls back and says so [default: the CPU; an artifact for
    /// CUDA has to be told].
    #[arg(long, value_name = "DEVICE")]
    pub(crate) device: Option<Device>,
    /// Refuse a model of which the device leaves nodes to the CPU.
    #[arg(long, requires = "device")]
    pub(crate) strict_placement: bool,
    /// How the worker comes up: `auto` takes a snapshot where there is a valid one, and else says why not.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) start: StartArg,
    /// The walls around the worker: strict (all of them, or nothing runs), standard (what this kernel gives) or off.
    #[arg(long, value_name = "strict | standard | off", default_value = "standard")]
    pub(crate) sandbox: Sandbox,
    /// Most values of an output that --format json prints.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) max_values: usize,
    /// Write the timeline of the start here, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
    /// How much of the artifact is checked: `code`: what can execute; `lazy`: every byte, after the answer; `full`: every
    /// byte, before it.
    #[arg(long, value_name = "code | lazy | full", default_value = "code")]
    pub(crate) verify: Level,
    #[command(flatten)]
    pub(crate) trust: TrustFlags,
    #[command(flatten)]
    pub(crate) grants: Grants,
}

/// `--prepack` of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub(crate) enum Prepack {
    On,
    Off,
}

impl Prepack {
    pub(super) fn is_on(self) -> bool {
        self == Prepack::On
    }
}

/// `--start` of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub(crate) enum StartArg {
    Normal,
    Snapshot,
    Auto,
}

/// A use of the verb that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUse(pub(crate) String);

/// Launches a worker, and has it do what the artifact is for.
pub(crate) fn run(args: &RunArgs, output: &Output) -> anyhow::Result<()> {
    let grants = args.grants.resolve()?;
    let composed = compose::compose(args, output)?;
    let path = composed.as_ref().map(compose::Composed::path).or(args.artifact.as_deref());
    let path = &path.context("no artifact")?.to_owned();
    let model = model_name(args)?;
    let launcher = Launcher::new(program::path()?);
    let keys = args.trust.store()?;
    // Opened once: the worker gets this file, and what is read here is read of it.
    let open = |source| OpenError::Io { path: path.clone(), source };
    let file = open_file(path).map(Arc::new).map_err(open).with_context(|| path.display().to_string())?;
    let spec = WorkerSpec { file: Some(Arc::clone(&file)), grants: grants.of_worker()?, ..spec(args, path, model) };
    let (spec, worker, artifact) = match keys {
        Some(keys) => {
            let (artifact, vouched) = admit(&file, path, &keys)?;
            let own_code = artifact.has_native_code().then_some(vouched);
            let spec = WorkerSpec { is_admitted: true, own_code, ..spec };
            let worker = launcher.launch(&spec)?;
            (spec, worker, artifact)
        }
        None => {
            // Nobody has signed what was composed a moment ago, and of a single model no guest is run.
            let has_guest = composed.is_none() && model.is_none();
            let own_code = if has_guest { args.trust.directory().own_code(path)? } else { None };
            let spec = WorkerSpec { own_code, ..spec };
            // A worker takes nothing else, and says so.
            if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
                check(&file, path)?;
            }
            let worker = launcher.launch(&spec)?;
            // The worker starts meanwhile.
            (spec, worker, check(&file, path)?)
        }
    };
    let takes_tensors = model.is_some() || !args.input.is_empty() || !args.output.is_empty();
    if artifact.manifest().guest.is_none() || takes_tensors {
        grants.refuse_without_guest(&artifact)?;
        return tensors::run(args, worker, &Model::of(artifact, model)?, output);
    }
    guest::run(args, guest::Launch { launcher, spec, artifact, composed }, worker, &grants.request, output)
}

/// The model that was asked for by name.
fn model_name(args: &RunArgs) -> anyhow::Result<Option<&str>> {
    match &args.model[..] {
        _ if args.grants.guest.is_some() => Ok(None),
        [] => Ok(None),
        [name] => Ok(Some(name)),
        _ => Err(WrongUse("--model is there twice: a run on inputs is of one model".into()).into()),
    }
}

fn spec(args: &RunArgs, artifact: &Path, model: Option<&str>) -> WorkerSpec {
    let start = match args.start {
        StartArg::Normal => StartMode::Normal,
        StartArg::Snapshot => StartMode::Snapshot,
        StartArg::Auto => StartMode::Auto,
    };
    let options =
        StartOptions { threads: args.threads, prepack: args.prepack.map(Prepack::is_on), ..StartOptions::default() };
    WorkerSpec {
        level: args.verify,
        model: model.map(str::to_owned),
        device: args.device,
        on_device: DeviceOptions { strict: args.strict_placement, ..DeviceOptions::default() },
        options,
        start,
        sandbox: args.sandbox,
        ..WorkerSpec::new(artifact)
    }
}

/// Why the worker was not restored, where that was wanted.
fn start_reason(worker: &Worker) -> Option<String> {
    match worker.start() {
        Start::Normal { reason } => reason.as_ref().map(ToString::to_string),
        Start::Snapshot | Start::Resident => None,
    }
}

/// Says on stderr which walls stand around the worker.
fn tell_walls(args: &RunArgs, worker: &Worker) {
    match worker.walls() {
        Some(walls) if walls.is_whole() => note!("sandbox {}: {walls}", args.sandbox),
        Some(walls) => note!("sandbox {}: {walls}; this kernel does not give {}", args.sandbox, walls.missing()),
        None if args.sandbox == Sandbox::Off => note!("sandbox off"),
        None => note!("no sandbox: none stands around the worker of a device"),
    }
}

fn tell_start(worker: &Worker) {
    if let Some(reason) = worker.fell_back() {
        note!("ran on the CPU: {reason}");
    }
    if let Some(reason) = start_reason(worker) {
        note!("started normally: {reason}");
    }
}
