//! [`Setup`]: an artifact made ready to be launched again and again.
//!
//! Its files stand in a directory of the bench's own: inputs, snapshots, and copies of the program and of ONNX Runtime's
//! library where starts from the disk are wanted, since what anybody runs cannot be taken out of the page cache. Before
//! anything is measured, the artifact has given its golden answer and each way to start has given the same one.
//!
//! | file | what it holds |
//! |---|---|
//! | `subject.rs` | what is measured, and what workers are asked |
//! | `answers.rs` | what every answer is held against |
//! | `ways.rs` | the ways to start |
//! | `device.rs` | those on a device |

mod answers;
mod device;
mod subject;
mod ways;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use blink_compiler::CompileError;
use blink_runtime::golden::GoldenError;
use blink_runtime::library::{self, LIBRARY_VARIABLE, LibraryError};
use blink_runtime::sandbox::Sandbox;
use blink_runtime::{
    CodeCache, Device, DeviceOptions, Launcher, Level, Model, ModelError, NativeCode, StartMode, StartOptions, Stdio,
    WarmError, WorkerError, WorkerSpec,
};
use blink_tensors::npy::NpyError;
use blink_tensors::{Tensor, TensorError, npy};

use self::answers::Reference;
use self::subject::{ask, models, subject};
use crate::agreement::Disagreement;
use crate::ask::{Ask, GuestRun};
use crate::device::Resident;
use crate::launch::LaunchError;
use crate::measurement::{Answers, OnDevice, Subject};
use crate::page_cache::Files;
use crate::peer::{Given, Peer};
use crate::way::Way;

/// What is to be launched.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The program that workers are: `blink`.
    pub program: PathBuf,
    /// The artifact.
    pub artifact: PathBuf,
    /// Which of its models; `None` for its only one.
    pub model: Option<String>,
    /// What a run is given; `None`: what the artifact's golden run was given.
    pub inputs: Option<Vec<(String, Tensor)>>,
    /// What its guest is given, where that is what is measured; then `model` and `inputs` are `None`.
    pub guest: Option<GuestRun>,
    /// Threads of a run.
    pub threads: usize,
    /// Whether weights are packed; `None`: as the compiler recorded.
    pub prepack: Option<bool>,
    /// The starts of workers, in order.
    pub starts: Starts,
    /// The walls around workers.
    pub sandbox: Sandbox,
    /// At which levels of checking each of them is made, in order; those on a device are made at the default.
    pub levels: Vec<Level>,
    /// Commands to measure against.
    pub peers: Vec<Peer>,
    /// Where it is to run, as in [`WorkerSpec::device`]; a CUDA device where there is a `resident`, else none.
    pub device: Option<Device>,
    /// The worker of the device that starts are to be made in. Then `starts` and `peers` are not looked at.
    pub resident: Option<Resident>,
    /// Whether nodes that the device leaves to the CPU are an error.
    pub strict_placement: bool,
    /// Whether starts from the disk are wanted.
    pub from_disk: bool,
    /// Whether nothing but the clock is read.
    pub is_bare: bool,
    /// Where files go: a directory that exists, on a disk.
    pub directory: PathBuf,
}

/// Which starts of workers are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Starts {
    /// From a snapshot where one can be made, and normally.
    Any,
    /// These; one that cannot be made is an error.
    These(Vec<StartMode>),
}

/// An artifact that is ready.
pub struct Setup {
    /// The ways to start, each of which has answered once; workers first. The first is the one that budgets mean.
    pub ways: Vec<Way>,
    /// What each way's answer differed by from a normal worker's, as a share of the largest value; `None`: it was not
    /// compared.
    pub differences: Vec<Option<f64>>,
    /// What is measured.
    pub subject: Subject,
    /// What answers are held against.
    pub answers: Answers,
    /// Whether weights are packed at start.
    pub prepack: bool,
    /// What workers are asked.
    pub ask: Ask,
    /// What peers are given.
    pub given: Given,
    /// What all starts of workers read.
    pub files: Files,
    /// A worker, with everything but its start.
    pub spec: WorkerSpec,
    /// Who launches workers.
    pub launcher: Launcher,
    /// The program that workers are.
    pub program: PathBuf,
    /// ONNX Runtime's library that they load.
    pub library: PathBuf,
    /// Where the files of the bench are; snapshots stand in its `snapshots`.
    pub directory: PathBuf,
    /// The commands among the ways.
    pub peers: Vec<Peer>,
    /// The device that starts are made on; `None`: each is a process.
    pub device: Option<OnDevice>,
    /// Whether nothing but the clock is read.
    pub is_bare: bool,
    /// Milliseconds that the looks after each start took.
    pub looks_ms: Vec<f64>,
    /// What cannot be measured, and why.
    pub left_out: Vec<String>,
}

/// Why an artifact cannot be measured.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SetupError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(transparent)]
    Golden(#[from] GoldenError),
    #[error("inputs cannot be made: {0}")]
    Inputs(#[from] TensorError),
    #[error("model '{model}' has no golden run, whose inputs a bench takes: give it some with --input NAME=FILE")]
    NoInputs { model: String },
    #[error(
        "{artifact} has no guest to be given stdin: leave out --stdin to measure its model",
        artifact = artifact.display()
    )]
    NoGuest { artifact: PathBuf },
    #[error("model '{model}' draws random numbers: there is no answer that every start must give")]
    Random { model: String },
    #[error("input '{name}' cannot be written as npy: {source}")]
    Npy { name: String, source: NpyError },
    #[error("{path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error(transparent)]
    Launcher(#[from] blink_runtime::LaunchError),
    #[error("no worker can be restored from a snapshot: {0}")]
    Snapshot(#[from] WarmError),
    #[error("{way}: {source}")]
    Launch { way: String, source: LaunchError },
    #[error("{way} gave another answer than a worker that was started normally: {source}")]
    Answer { way: String, source: Disagreement },
    #[error("guest has no native code that may be run here, and none could be made: {0}")]
    Guest(#[from] CompileError),
    #[error("two ways are called '{name}': write --against NAME=COMMAND with another name")]
    Twice { name: String },
}

impl Setup {
    /// Makes `plan` ready. `tell` hears of what takes long.
    pub fn make(plan: &Plan, mut tell: impl FnMut(&str)) -> Result<Setup, SetupError> {
        let (program, library) = programs(plan)?;
        let resident = plan.resident.as_ref();
        let launcher = resident.map_or_else(|| Launcher::new(&program), |resident| resident.launcher.clone());
        let launcher = launcher.with_snapshots(plan.directory.join("snapshots"));
        let options = StartOptions { threads: Some(plan.threads), prepack: plan.prepack, ..StartOptions::default() };
        let stdio = [Stdio::Null, Stdio::Null, Stdio::Inherit];
        let start = StartMode::Normal;
        let environment = plan.from_disk.then(|| environment(&library));
        let on_device = DeviceOptions { strict: plan.strict_placement, ..DeviceOptions::default() };
        // Until starts on the device are added: the answer that they are held against is the CPU's.
        let device = resident.map_or(plan.device, |_| Some(Device::Cpu));
        let given = WorkerSpec::new(&plan.artifact);
        let mut spec =
            WorkerSpec { options, start, stdio, environment, device, on_device, sandbox: plan.sandbox, ..given };

        // Dropped before anything starts from the disk: what is mapped here stays in the page cache.
        let models = models(plan)?;
        models.iter().try_for_each(|model| Model::check_device(model.artifact(), plan.device))?;
        let has_guest = models.iter().any(|model| model.artifact().manifest().guest.is_some());
        if plan.guest.is_none() && (has_guest || plan.model.is_some()) {
            // A worker for one model links no guest.
            spec.model = models.first().map(|model| model.record().name.clone());
        }
        let ask = ask(plan, &models)?;
        let mut code = None;
        if let (Ask::Guest(_), Some(model)) = (&ask, models.first()) {
            tell("finding native code of the guest");
            code = native_code(model, &mut spec)?;
        }
        tell("checking the golden run");
        let mut asked = spec.clone();
        if resident.is_some() && plan.inputs.is_none() {
            // The golden run itself: half floats that are rounded in another order may be further apart than threads allow.
            (asked.options.threads, asked.options.prepack) = (Some(1), None);
        }
        let reference = Reference::make(&launcher, &asked, &models, &ask, plan.inputs.is_some())?;
        let subject = subject(plan, &models, &ask, &program)?;
        let prepack = plan.prepack.unwrap_or(models.iter().any(|model| model.record().prepack));
        let close = Arc::new(reference.closeness(&models));
        drop(models);
        let inputs: &[(String, Tensor)] = match &ask {
            Ask::Tensors { inputs, .. } => inputs,
            Ask::Guest(_) => &[],
        };
        let written = match write_inputs(inputs, &plan.directory) {
            // Nobody but peers reads them.
            Err(SetupError::Npy { .. }) if plan.peers.is_empty() => Vec::new(),
            written => written?,
        };
        let stdin = plan.guest.as_ref().map(|guest| guest.stdin.clone());
        let given = Given { threads: plan.threads, inputs: written, stdin };
        let mut setup = Setup {
            ways: Vec::new(),
            differences: Vec::new(),
            subject,
            answers: reference.answers.clone(),
            prepack,
            ask,
            given,
            files: Files::new(Vec::new()),
            spec,
            launcher,
            program: program.clone(),
            library: library.clone(),
            directory: plan.directory.clone(),
            peers: plan.peers.clone(),
            device: None,
            is_bare: plan.is_bare,
            looks_ms: Vec::new(),
            left_out: Vec::new(),
        };
        let mut files = vec![program, library, plan.artifact.clone()];
        files.extend(code);
        match resident {
            Some(resident) => setup.add_device(resident, close, &mut tell)?,
            None => {
                setup.add_workers(plan, &reference, &mut files, &mut tell)?;
                setup.add_peers(plan, &reference, &mut tell)?;
            }
        }
        setup.files = Files::new(files);
        Ok(setup)
    }
}

/// Sees to it that there is native code of the guest beside `model`, as `blink run` does. Gives the file that starts read
/// it from; `None`: from the artifact.
fn native_code(model: &Model, spec: &mut WorkerSpec) -> Result<Option<PathBuf>, SetupError> {
    let (artifact, cache) = (model.artifact(), CodeCache::of_user()?);
    // Where the user's keys are not in order, nobody is trusted.
    spec.own_code = blink_runtime::own_code(artifact.path(), None).unwrap_or_default();
    blink_compiler::guest::make_ready(artifact, spec.own_code.as_ref(), &cache)?;
    let signed = spec.own_code.as_ref().map(|vouched| vouched.structure_hash());
    let is_own = blink_runtime::native_code(artifact, signed, None).is_ok_and(|code| code == NativeCode::Own);
    Ok(artifact.guest_hash().map(|hash| cache.path(hash)).filter(|_| !is_own))
}

/// The program that is launched and the library that it loads; copies where others' use of them would keep them in
/// memory.
fn programs(plan: &Plan) -> Result<(PathBuf, PathBuf), SetupError> {
    let library = library::find()?.path;
    if !plan.from_disk {
        return Ok((plan.program.clone(), library));
    }
    let copy = |path: &Path, name: &str| {
        let copy = plan.directory.join(name);
        fs::copy(path, &copy).map_err(|source| SetupError::Io { path: path.to_owned(), source })?;
        Ok::<_, SetupError>(copy)
    };
    Ok((copy(&plan.program, "blink")?, copy(&library, "libonnxruntime.so")?))
}

/// This process's environment, with `library` as the one to load.
fn environment(library: &Path) -> Vec<(OsString, OsString)> {
    let others = std::env::vars_os().filter(|(name, _)| name != LIBRARY_VARIABLE);
    others.chain([(LIBRARY_VARIABLE.into(), library.into())]).collect()
}

/// Each input as a `.npy` file in `directory`.
fn write_inputs(inputs: &[(String, Tensor)], directory: &Path) -> Result<Vec<(String, PathBuf)>, SetupError> {
    let write = |(index, (name, tensor)): (usize, &(String, Tensor))| {
        // A name may hold anything; a number is a file name everywhere.
        let path = directory.join(format!("input-{index}.npy"));
        let file = File::create(&path).map_err(|source| SetupError::Io { path: path.clone(), source })?;
        npy::encode(tensor.view(), &mut BufWriter::new(file))
            .map_err(|source| SetupError::Npy { name: name.clone(), source })?;
        Ok((name.clone(), path))
    };
    inputs.iter().enumerate().map(write).collect()
}
