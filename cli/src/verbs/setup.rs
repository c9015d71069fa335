//! `blink setup`: puts ONNX Runtime's library in the cache, or says that it is there.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use blink_runtime::library::{LIBRARY_VARIABLE, ORT_VERSION};
use clap::ValueEnum;
use serde::Serialize;

use crate::output::{Output, note};
use crate::setup::{self, Action, Outcome, Request};

/// Get ONNX Runtime, which runs the models.
///
/// Fetches the pinned wheel with pip (or uv) as you have it configured, checks its hash, and keeps the library in the
/// cache directory. Does nothing where the library is already there: its size and the stamp beside it are looked at,
/// not its bytes, unless --verify is given.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SetupArgs {
    /// Install from this wheel or library instead of fetching it.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
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
}

/// Sets the library up and prints where it is.
pub(crate) fn run(args: &SetupArgs, output: &Output) -> anyhow::Result<()> {
    if args.device == Device::Cuda {
        anyhow::bail!("device cuda is not in this version: run `blink setup --device cpu`");
    }
    let outcome = setup::setup(Request {
        from: args.from.as_deref(),
        force: args.force,
        verify: args.verify,
        allow_unverified: args.allow_unverified,
        progress: output.verbose > 0 || io::stderr().is_terminal(),
    })?;
    let Outcome { path, sha256, pinned, action } = &outcome;
    if let Some(named) = env::var_os(LIBRARY_VARIABLE).filter(|named| !named.is_empty() && named != path) {
        note!("warning: {LIBRARY_VARIABLE} is set: {} will be loaded instead", named.display());
    }
    let path = path.to_string_lossy();
    let report =
        Report { schema: "blink.setup/1", version: ORT_VERSION, path: &path, sha256, pinned: *pinned, action: *action };
    output.print(&report, |out| {
        let done = match action {
            Action::Installed => "installed",
            Action::Present => "already installed (its size and stamp were checked; --verify reads it)",
            Action::Verified => "already installed and verified",
        };
        writeln!(out, "ONNX Runtime {ORT_VERSION} {done}: {path}")
    })
}
