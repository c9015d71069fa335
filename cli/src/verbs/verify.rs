//! `blink verify`: the signature where it is asked for, every hash, then a golden run, in a worker: a file that changes
//! meanwhile ends that one, and is an error here.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use blink_artifact::signature::{KeyId, PublicKey};
use blink_artifact::{Artifact, ExecutionProvider, OpenError, open_file};
use blink_runtime::golden::{self, Verdict};
use blink_runtime::{Device, Launcher, Model, Stdio, WorkerSpec};
use serde::Serialize;

use super::native::Judged;
use super::trust::TrustDirectory;
use crate::output::Output;
use crate::{program, progress};

/// Check every byte of an artifact, and that it gives the recorded answer here.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The artifact.
    #[arg(value_name = "ARTIFACT")]
    pub(crate) artifact: PathBuf,
    /// Check the bytes only; for artifacts that were made for other hosts.
    #[arg(long)]
    pub(crate) no_run: bool,
    /// The public key that must have signed it; checked before anything is run.
    #[arg(long, value_name = "PUB")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) trust: TrustDirectory,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    artifact: PathBuf,
    sections: usize,
    bytes: u64,
    /// The key that was asked for, and has signed it.
    signed_by: Option<KeyId>,
    /// By model; empty where nothing was run. The CPU runs it, also where the artifact is for a device.
    golden: Vec<(String, Verdict)>,
    execution_provider: ExecutionProvider,
    /// Which native code of its guest a start here would run; `null` where it has none.
    native_code: Option<Judged>,
}

/// Verifies; fails at the first thing that is wrong.
pub(crate) fn run(args: &VerifyArgs, output: &Output) -> anyhow::Result<()> {
    let path = || args.artifact.display().to_string();
    let key = args.key.as_deref().map(PublicKey::read).transpose()?;
    let open = |source| OpenError::Io { path: args.artifact.clone(), source };
    let file = open_file(&args.artifact).map(Arc::new).map_err(open).with_context(path)?;
    let artifact = Arc::new(Artifact::read_from(Arc::clone(&file), &args.artifact).with_context(path)?);
    if let Some(key) = &key {
        artifact.verify_signature(key).with_context(path)?;
    }
    let bytes = artifact.header().file_len;
    let bar = progress::bytes("hashing", bytes);
    let verified = artifact.verify(|done| bar.set_position(done));
    bar.finish_and_clear();
    verified.with_context(path)?;
    let mut verdicts = Vec::new();
    if !args.no_run {
        let launcher = Launcher::new(program::path()?);
        // Of artifacts for a device too: what was recorded is the CPU's answer.
        let device = (artifact.header().provider == ExecutionProvider::Cuda).then_some(Device::Cpu);
        let stdio = [Stdio::Null, Stdio::Null, Stdio::Inherit];
        let spec = WorkerSpec { file: Some(file), device, stdio, ..WorkerSpec::new(&args.artifact) };
        for record in &artifact.manifest().models {
            let model = Model::of(Arc::clone(&artifact), Some(&record.name))?;
            let verdict = golden::check_in_worker(&model, &launcher, &spec)
                .with_context(|| format!("{}: model '{}'", path(), record.name))?;
            verdicts.push((record.name.clone(), verdict));
        }
    }
    let sections = artifact.sections().len();
    let execution_provider = artifact.header().provider;
    let native_code = Judged::of(&artifact, &args.trust)?;
    let report = Report {
        schema: "blink.verify/1",
        artifact: args.artifact.clone(),
        sections,
        bytes,
        signed_by: key.map(|key| key.id()),
        golden: verdicts,
        execution_provider,
        native_code,
    };
    output.print(&report, |out| {
        writeln!(out, "{}: {sections} sections, {bytes} bytes, every hash matches", args.artifact.display())?;
        if let Some(key) = report.signed_by {
            writeln!(out, "signed by key {key}")?;
        }
        for (name, verdict) in &report.golden {
            writeln!(out, "{name}: {}", words(*verdict))?;
        }
        if execution_provider == ExecutionProvider::Cuda && !args.no_run {
            writeln!(out, "the golden run is the CPU's, as recorded; no device was asked")?;
        }
        if let Some(judged) = &report.native_code {
            judged.print("native code: ", out)?;
        }
        if args.no_run {
            writeln!(out, "nothing was run (--no-run)")?;
        }
        Ok(())
    })
}

fn words(verdict: Verdict) -> String {
    match verdict {
        Verdict::Exact => "golden run gave the recorded answer, bit for bit".into(),
        Verdict::Close { relative } => format!(
            "golden run agrees within {relative:.1e}; this CPU has other features than the one that recorded it"
        ),
        Verdict::Shapes => {
            "golden run gave outputs of the recorded shapes; their numbers cannot be compared here".into()
        }
        Verdict::Absent => "no golden run is recorded".into(),
    }
}
