//! `blink inspect`: what an artifact is, without running it.

mod guest;

use std::path::PathBuf;

use anyhow::Context;
use blink_artifact::manifest::{DeviceRecord, ModelRecord};
use blink_artifact::signature::KeyId;
use blink_artifact::{Artifact, ExecutionProvider, HostClass, OrtVersion, SectionKind};
use blink_runtime::host;
use serde::Serialize;

use crate::output::Output;
use crate::verbs::compile::device::Told;
use crate::verbs::trust::TrustDirectory;

/// Show what is in an artifact: sections, inputs and outputs, the guest, target, provenance.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct InspectArgs {
    /// The artifact.
    #[arg(value_name = "ARTIFACT")]
    pub(crate) artifact: PathBuf,
    #[command(flatten)]
    pub(crate) trust: TrustDirectory,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    artifact: &'a PathBuf,
    format_version: u32,
    bytes: u64,
    target: HostClass,
    /// Whether this host's CPU is one that it is for. Whether there is a device, `blink doctor` tells.
    runs_here: bool,
    execution_provider: ExecutionProvider,
    ort: OrtVersion,
    /// Whether there is a signature. Whether it holds, `blink verify --key` tells.
    signed: bool,
    signed_by: Option<KeyId>,
    compiler: &'a str,
    sections: Vec<SectionRow>,
    models: &'a [ModelRecord],
    guest: Option<guest::Report<'a>>,
}

#[derive(Serialize)]
struct SectionRow {
    kind: SectionKind,
    model: Option<String>,
    offset: u64,
    bytes: u64,
    alignment: u32,
    blake3: String,
}

/// Prints the header, the table and the manifest.
pub(crate) fn run(args: &InspectArgs, output: &Output) -> anyhow::Result<()> {
    let artifact = Artifact::read(&args.artifact).with_context(|| args.artifact.display().to_string())?;
    let (header, manifest) = (artifact.header(), artifact.manifest());
    let guest = guest::Report::of(&artifact, &args.trust).with_context(|| args.artifact.display().to_string())?;
    let row = |section: &blink_artifact::Section| SectionRow {
        kind: section.kind,
        model: section.model.map(|index| manifest.models[index as usize].name.clone()),
        offset: section.offset,
        bytes: section.len,
        alignment: section.alignment,
        blake3: section.hash.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let report = Report {
        schema: "blink.inspect/1",
        artifact: &args.artifact,
        format_version: header.version,
        bytes: header.file_len,
        target: header.host_class,
        runs_here: header.host_class.runs_on(host::class()),
        execution_provider: header.provider,
        ort: header.ort,
        signed: header.signature.is_some(),
        signed_by: header.signature.map(|signature| signature.key),
        compiler: &manifest.compiler,
        sections: artifact.sections().iter().map(row).collect(),
        models: &manifest.models,
        guest,
    };
    output.print(&report, |out| print(&report, out))
}

fn print(report: &Report<'_>, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    writeln!(out, "{}", report.artifact.display())?;
    writeln!(
        out,
        "  format    version {}, {} bytes, written by blink {}",
        report.format_version, report.bytes, report.compiler
    )?;
    let (provider, here) = match (report.execution_provider, report.runs_here) {
        (ExecutionProvider::Cpu, true) => ("CPU", "runs here"),
        (ExecutionProvider::Cuda, true) => ("CUDA", "runs here where there is a CUDA device"),
        (ExecutionProvider::Cpu, false) => ("CPU", "does not run here"),
        (ExecutionProvider::Cuda, false) => ("CUDA", "does not run here"),
    };
    writeln!(out, "  target    {} hosts ({here}), {provider}, ONNX Runtime {}", report.target, report.ort)?;
    match report.signed_by {
        Some(key) => writeln!(out, "  signed    by key {key} (check it with `blink verify --key PUB`)")?,
        None => writeln!(out, "  signed    no")?,
    }
    writeln!(out, "  sections  kind       model             offset       bytes  blake3")?;
    for row in &report.sections {
        let (model, hash) = (row.model.as_deref().unwrap_or("-"), &row.blake3[..16]);
        writeln!(out, "            {:<10} {model:<12} {:>11} {:>11}  {hash}", row.kind, row.offset, row.bytes)?;
    }
    report.models.iter().try_for_each(|model| print_model(model, out))?;
    report.guest.iter().try_for_each(|guest| guest.print(out))
}

fn print_model(model: &ModelRecord, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    writeln!(out, "  model     {}", model.name)?;
    for input in &model.inputs {
        writeln!(out, "    input   {input}{}", if input.optional { " (may be left out)" } else { "" })?;
    }
    for output in &model.outputs {
        writeln!(out, "    output  {output}")?;
    }
    let (before, after) = model.provenance.nodes;
    let packed = if model.prepack { "packed at start" } else { "not packed at start" };
    writeln!(out, "    graph   {before} -> {after} nodes; weights {packed}")?;
    writeln!(out, "    arena   {} bytes of activations, {} for the session", model.arena.peak, model.arena.resident)?;
    match &model.golden {
        Some(golden) => writeln!(out, "    golden  seed {}, recorded on {}", golden.seed, golden.features)?,
        None => writeln!(out, "    golden  none")?,
    }
    if let Some(DeviceRecord { precision, error, cudnn, trial, weights }) = &model.device {
        let outputs = model.outputs.iter().map(|output| output.name.as_str());
        let told = Told { precision: *precision, error: error.as_deref(), cudnn: *cudnn, trial: trial.as_ref() };
        told.print(outputs, weights.iter().filter_map(|weight| weight.bytes()).sum(), out)?;
    }
    let from = &model.provenance;
    writeln!(out, "    from    model {}, producer {}", short(&from.model_hash), from.producer)?;
    for (name, size) in &from.set_dims {
        writeln!(out, "            {name} = {size}")?;
    }
    Ok(())
}

/// The first digits of a hash, or what stands in its place.
fn short(hash: &str) -> &str {
    hash.get(..16).unwrap_or(hash)
}
