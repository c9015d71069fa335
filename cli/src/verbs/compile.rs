//! `blink compile`: an ONNX model in, an artifact out.

use std::io::{self, Write};
use std::path::PathBuf;

use blink_artifact::HostClass;
use blink_compiler::{Prepack, Request, Stage, Summary, Target, compile};
use blink_runtime::{host, thread_count};
use clap::ValueEnum;
use serde::Serialize;

use crate::output::{Output, mib};
use crate::progress;

/// Compile an ONNX model to an artifact.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CompileArgs {
    /// The model. External data must lie in its directory.
    #[arg(value_name = "MODEL.onnx")]
    pub(crate) model: PathBuf,
    /// The artifact to write [default: the model's name with .blink, in this directory].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// What the model is called in the artifact [default: its file's stem].
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// The hosts it is for: `host` (this one's class), `portable` (every host of this architecture, slower), or a class.
    #[arg(long, value_name = "TARGET", default_value = "host", value_parser = target)]
    pub(crate) target: Target,
    /// Fix a symbolic dim.
    #[arg(long, value_name = "NAME=SIZE", value_parser = dim)]
    pub(crate) set_dim: Vec<(String, u64)>,
    /// Size of a symbolic dim in the golden run only.
    #[arg(long, value_name = "NAME=SIZE", value_parser = dim)]
    pub(crate) golden_dim: Vec<(String, u64)>,
    /// Whether weights are packed at start: as is faster to the first answer (measured), always, or never.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) prepack: PrepackArg,
    /// Seed of the golden run's inputs.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads to measure with [default: what the CPU quota allows].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
}

/// `--prepack` as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub(crate) enum PrepackArg {
    Auto,
    On,
    Off,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// Compiles, with progress on stderr and the summary on stdout.
pub(crate) fn run(args: &CompileArgs, output: &Output) -> anyhow::Result<()> {
    let threads = thread_count(args.threads)?;
    let default = || PathBuf::from(args.model.file_stem().unwrap_or_default()).with_added_extension("blink");
    let request = Request {
        model: args.model.clone(),
        output: args.output.clone().unwrap_or_else(default),
        name: args.name.clone(),
        target: args.target,
        prepack: match args.prepack {
            PrepackArg::Auto => Prepack::Auto,
            PrepackArg::On => Prepack::On,
            PrepackArg::Off => Prepack::Off,
        },
        set_dims: args.set_dim.clone(),
        golden_dims: args.golden_dim.clone(),
        seed: args.seed,
        threads,
    };
    let bar = progress::steps("reading".into(), Stage::ALL.len() as u64);
    let result = compile(&request, |stage| {
        bar.set_message(stage.doing());
        bar.set_position(Stage::ALL.iter().position(|known| *known == stage).unwrap_or(0) as u64);
        if output.verbose > 0 {
            bar.suspend(|| _ = writeln!(io::stderr(), "blink: {} {}", stage.doing(), args.model.display()));
        }
    });
    bar.finish_and_clear();
    let summary = result?;
    for note in &summary.notes {
        // Stderr may be closed; the artifact is made.
        let _ = writeln!(io::stderr(), "blink: note: {note}");
    }
    output.print(&Report { schema: "blink.compile/1", summary: &summary }, |out| print(&summary, out))
}

fn print(summary: &Summary, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    let Summary { output, name, target, .. } = summary;
    writeln!(out, "{}", output.display())?;
    let hosts =
        if target.is_portable() { " (every host of the architecture; slower than a class of its own)" } else { "" };
    writeln!(out, "  model     {name}, for {target} hosts{hosts}")?;
    writeln!(out, "  size      {:.1} MiB -> {:.1} MiB", mib(summary.bytes_before), mib(summary.bytes_after))?;
    writeln!(out, "  nodes     {} -> {}", summary.nodes_before, summary.nodes_after)?;
    for change in &summary.changed {
        writeln!(out, "            {:>5} -> {:<5} {}", change.before, change.after, change.operator)?;
    }
    let choice = if summary.prepack { "packed at start" } else { "not packed at start" };
    match summary.prepack_times {
        Some(times) => writeln!(
            out,
            "  weights   {choice}: first answer after {:.0} ms packed ({:.1} MiB), {:.0} ms not",
            times.packed_ms,
            mib(times.packed_bytes),
            times.unpacked_ms
        )?,
        None => writeln!(out, "  weights   {choice}")?,
    }
    writeln!(out, "  arena     {:.1} MiB of activations", mib(summary.arena.peak))?;
    let golden = if summary.golden { "recorded; the artifact gave the same answer" } else { "none" };
    writeln!(out, "  golden    {golden}")?;
    let stages: Vec<_> = summary.seconds.iter().map(|(stage, s)| format!("{} {s:.1}", stage.doing())).collect();
    let total: f64 = summary.seconds.iter().map(|(_, seconds)| seconds).sum();
    writeln!(out, "  time      {total:.1} s ({})", stages.join(", "))
}

fn target(text: &str) -> Result<Target, String> {
    match text {
        "host" => Ok(Target::Class(host::class())),
        "portable" => Ok(Target::Portable),
        class => class.parse::<HostClass>().map(Target::Class).map_err(|error| format!("{error}; or host, portable")),
    }
}

fn dim(text: &str) -> Result<(String, u64), String> {
    let wanted = || format!("'{text}' is not NAME=SIZE, such as batch=1");
    let (name, size) = text.rsplit_once('=').ok_or_else(wanted)?;
    let size = size.parse().map_err(|_| wanted())?;
    if name.is_empty() { Err(wanted()) } else { Ok((name.to_owned(), size)) }
}
