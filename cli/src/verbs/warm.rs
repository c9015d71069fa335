//! `blink warm`: a snapshot for this host, proved before it is kept.

use std::path::PathBuf;
use std::sync::Arc;

use blink_artifact::{OpenError, open_file};
use blink_runtime::sandbox::Sandbox;
use blink_runtime::{Launcher, ModelError, StartOptions, WorkerSpec};
use serde::Serialize;

use super::native;
use super::run::Prepack;
use super::trust::TrustDirectory;
use crate::output::{Output, mib};
use crate::program;

/// Make a snapshot: a worker that has started and warmed up, written down for later workers to start from.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct WarmArgs {
    /// The artifact.
    #[arg(value_name = "ARTIFACT")]
    pub(crate) artifact: PathBuf,
    /// Which of the artifact's models, where it has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// Threads of a run [default: what the CPU quota allows].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Whether weights are packed [default: as the compiler recorded].
    #[arg(long, value_enum)]
    pub(crate) prepack: Option<Prepack>,
    #[command(flatten)]
    pub(crate) trust: TrustDirectory,
    /// The walls around the workers that make and prove it; it is no part of the snapshot.
    #[arg(long, value_name = "strict | standard | off", default_value = "standard")]
    pub(crate) sandbox: Sandbox,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    artifact: PathBuf,
    snapshot: PathBuf,
    bytes: u64,
    /// Memory of the worker that is in it.
    saved_bytes: u64,
    /// Mappings that a restore makes.
    mappings: usize,
    /// Runs of restored workers that gave the bits of a normal one.
    proved_runs: usize,
    elapsed_ms: f64,
}

/// Makes the snapshot.
pub(crate) fn run(args: &WarmArgs, output: &Output) -> anyhow::Result<()> {
    let program = program::path()?;
    let options =
        StartOptions { threads: args.threads, prepack: args.prepack.map(Prepack::is_on), ..Default::default() };
    let open = |source| ModelError::Open {
        path: args.artifact.clone(),
        source: OpenError::Io { path: args.artifact.clone(), source },
    };
    // Opened once: what is checked is what is written down.
    let file = Some(Arc::new(open_file(&args.artifact).map_err(open)?));
    let (model, sandbox) = (args.model.clone(), args.sandbox);
    let mut spec = WorkerSpec { file, model, options, sandbox, ..WorkerSpec::new(&args.artifact) };
    if args.model.is_none() {
        spec.own_code = args.trust.own_code(&args.artifact)?;
        native::make_ready(&args.artifact, spec.own_code.as_ref())?;
    }
    let warmed = Launcher::new(program).warm(&spec)?;
    let report = Report {
        schema: "blink.warm/1",
        artifact: args.artifact.clone(),
        snapshot: warmed.path,
        bytes: warmed.bytes,
        saved_bytes: warmed.saved,
        mappings: warmed.segments,
        proved_runs: warmed.proved_runs,
        elapsed_ms: warmed.elapsed.as_secs_f64() * 1e3,
    };
    output.print(&report, |out| {
        writeln!(out, "snapshot  {}", report.snapshot.display())?;
        writeln!(out, "size      {:.1} MiB ({} mappings)", mib(report.bytes), report.mappings)?;
        writeln!(out, "proved    {} runs of restored workers gave the bits of a normal one", report.proved_runs)?;
        writeln!(out, "took      {:.1} s", report.elapsed_ms / 1e3)
    })
}
