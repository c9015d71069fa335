//! `blink setup`: puts ONNX Runtime in the cache, for the processor or for CUDA, or says that it is there.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context;
use blink_runtime::library::{LIBRARY_VARIABLE, NVIDIA_FILE_NAMES, ORT_VERSION};
use clap::ValueEnum;
use serde::Serialize;

use super::run::WrongUse;
use crate::output::{Output, note};
use crate::setup::cuda::{self, Installed, Nvidia};
use crate::setup::{self, Action, Outcome, Request};

/// Get ONNX Runtime, which runs the models.
///
/// Fetches the pinned wheel with pip (or uv) as you have it configured, checks its hash, and keeps the library in the
/// cache directory. Does nothing where the library is already there: its size and the stamp beside it are looked at,
/// not its bytes, unless --verify is given.
///
/// For CUDA the pinned CUDA build comes, and NVIDIA's libraries beside it: some 1.4 GB are fetched, and 2 GB installed.
/// What is in place is not fetched again. The driver is the machine's own; `blink doctor` says whether it is there.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SetupArgs {
    /// Install from this wheel or library instead of fetching it. For CUDA: from these wheels, and nothing is fetched.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Vec<PathBuf>,
    /// Install even if the library is already there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Hash the library that is there, and replace it if it is not the pinned one.
    #[arg(long)]
    pub(crate) verify: bool,
    /// Take a library that is not the pinned one. Its code runs with your rights.
    #[arg(long, requires = "from")]
    pub(crate) allow_unverified: bool,
    /// The device that models are to run on.
    #[arg(long, value_enum, default_value = "cpu")]
    pub(crate) device: Device,
    /// For CUDA: where NVIDIA's libraries are to come from [default: fetch].
    #[arg(long, value_enum)]
    pub(crate) nvidia: Option<Nvidia>,
}

/// A device to set up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Device {
    /// The processor.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    version: &'static str,
    path: &'a str,
    sha256: &'a str,
    /// Whether it is the build that this version of blink was made for.
    pinned: bool,
    action: Action,
    /// What only a setup for CUDA has.
    #[serde(flatten)]
    cuda: Option<CudaReport<'a>>,
}

#[derive(Serialize)]
struct CudaReport<'a> {
    device: &'static str,
    nvidia: Nvidia,
    /// Every file, the library itself first.
    files: &'a [Installed],
}

/// Sets the library up and prints where it is.
pub(crate) fn run(args: &SetupArgs, output: &Output) -> anyhow::Result<()> {
    let progress = output.verbose > 0 || io::stderr().is_terminal();
    if args.device == Device::Cuda {
        return run_cuda(args, progress, output);
    }
    let from = match args.from.as_slice() {
        [] => None,
        [from] => Some(from.as_path()),
        _ => return Err(WrongUse("--from can be given once for --device cpu: give one wheel or library".into()).into()),
    };
    if args.nvidia.is_some() {
        return Err(WrongUse("--nvidia is for --device cuda: add it, or leave --nvidia out".into()).into());
    }
    let (force, verify, allow_unverified) = (args.force, args.verify, args.allow_unverified);
    let Outcome { path, sha256, pinned, action } =
        setup::setup(Request { from, force, verify, allow_unverified, progress })?;
    warn_of_variable(&path);
    let path = path.to_string_lossy();
    let report = Report {
        schema: "blink.setup/1",
        version: ORT_VERSION,
        path: &path,
        sha256: &sha256,
        pinned,
        action,
        cuda: None,
    };
    output.print(&report, |out| writeln!(out, "ONNX Runtime {ORT_VERSION} {}: {path}", done(action)))
}

fn run_cuda(args: &SetupArgs, progress: bool, output: &Output) -> anyhow::Result<()> {
    let nvidia = args.nvidia.unwrap_or_default();
    let files = cuda::setup(cuda::Request {
        from: &args.from,
        nvidia,
        force: args.force,
        verify: args.verify,
        allow_unverified: args.allow_unverified,
        progress,
    })?;
    let library = files.first().context("nothing was set up")?;
    warn_of_variable(&library.path);
    let directory = library.path.parent().unwrap_or(&library.path);
    let is_beside = NVIDIA_FILE_NAMES.iter().any(|name| directory.join(name).exists());
    if nvidia == Nvidia::System && is_beside {
        let directory = directory.display();
        note!("warning: NVIDIA's libraries of an earlier setup stand in {directory}: remove them to use the machine's");
    }
    // A setup is as new as the newest of its files.
    let actions = || files.iter().map(|file| file.action);
    let action = [Action::Installed, Action::Verified].into_iter().find(|&action| actions().any(|one| one == action));
    let action = action.unwrap_or(Action::Present);
    let path = library.path.to_string_lossy();
    let report = Report {
        schema: "blink.setup/1",
        version: ORT_VERSION,
        path: &path,
        sha256: &library.sha256,
        pinned: files.iter().all(|file| file.pinned),
        action,
        cuda: Some(CudaReport { device: "cuda", nvidia, files: &files }),
    };
    output.print(&report, |out| {
        writeln!(out, "ONNX Runtime {ORT_VERSION} for CUDA {}: {path}", done(action))?;
        match nvidia {
            Nvidia::Fetch => writeln!(out, "NVIDIA's libraries stand beside it"),
            Nvidia::System => writeln!(out, "NVIDIA's libraries are the machine's own: `blink doctor` looks for them"),
        }
    })
}

fn done(action: Action) -> &'static str {
    match action {
        Action::Installed => "installed",
        Action::Present => "already installed (its size and stamp were checked; --verify reads it)",
        Action::Verified => "already installed and verified",
    }
}

/// Says so where another library than the one that was set up will be loaded.
fn warn_of_variable(path: &Path) {
    if let Some(named) = env::var_os(LIBRARY_VARIABLE).filter(|named| !named.is_empty() && named != path) {
        note!("warning: {LIBRARY_VARIABLE} is set: {} will be loaded instead", named.display());
    }
}
