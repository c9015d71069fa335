//! `blink run`: tensors in, tensors out, and where the time of the start went.
//!
//! A worker answers. While it starts, this process reads the inputs and checks them against the artifact, so what the
//! model does not take is refused before the worker is asked.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use blink_artifact::manifest::ModelRecord;
use blink_runtime::{
    Answer, Launcher, Model, Phase, Recorded, Span, Start, StartMode, StartOptions, Timeline, Worker, WorkerSpec,
    timeline,
};
use blink_tensors::summary::Summary;
use blink_tensors::{TensorView, json};
use clap::ValueEnum;
use serde::Serialize;

use crate::exit;
use crate::output::{Format, Output, note};
use crate::program;
use crate::tensor_files::{Destination, read_inputs, write_outputs};

/// Run a model once.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// The artifact.
    #[arg(value_name = "ARTIFACT")]
    pub(crate) artifact: PathBuf,
    /// Which of the artifact's models, where it has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
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
    /// How the worker comes up: `auto` takes a snapshot where there is a valid one, and else says why not.
    #[arg(long, value_enum, default_value = "auto")]
    pub(crate) start: StartArg,
    /// Most values of an output that --format json prints.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) max_values: usize,
    /// Write the timeline of the start here, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
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

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    artifact: &'a PathBuf,
    model: &'a str,
    /// How the worker came up.
    start: &'static str,
    /// Why not from a snapshot, where one was wanted; else null.
    start_reason: Option<String>,
    threads: usize,
    outputs: Vec<OutputReport>,
    timeline: Option<TimelineReport>,
}

#[derive(Serialize)]
struct OutputReport {
    name: String,
    #[serde(flatten)]
    summary: Summary,
    /// Nested lists; absent above `--max-values`.
    #[serde(skip_serializing_if = "Option::is_none")]
    values: Option<serde_json::Value>,
}

/// A timeline as programs read it.
#[derive(Serialize)]
pub(super) struct TimelineReport {
    schema: &'static str,
    total_ms: f64,
    phases: Vec<Span>,
    /// Later runs in the same process, in milliseconds each, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warm_ms: Vec<f64>,
}

/// Launches, reads, runs, writes.
pub(crate) fn run(args: &RunArgs, output: &Output) -> anyhow::Result<()> {
    let program = program::path()?;
    let mut worker = Launcher::new(program).launch(&spec(args))?;
    let model = Model::open_named(&args.artifact, args.model.as_deref())?;
    let record = model.record();
    let names: Vec<_> = record.outputs.iter().map(|value| value.name.as_str()).collect();
    let destinations = Destination::parse_all(&args.output, &names)?;
    let inputs = read_inputs(&args.input, &record.inputs)?;
    let inputs = views(&inputs);
    model.check_inputs(&inputs)?;

    let answer = worker.run(&inputs)?;
    let received_at = timeline::now();
    let outputs: Vec<_> = answer.iter().collect();
    write_outputs(&destinations, &outputs)?;
    let written_at = timeline::now();
    let prints =
        destinations.is_empty() || (output.format == Format::Json && !destinations.iter().any(Destination::is_stdout));
    let outputs = if prints { summaries(args, output, answer) } else { Vec::new() };

    let mut timeline = *worker.timeline();
    timeline.add(Recorded { phase: Phase::Output, begin: received_at, end: written_at });
    if let Some(path) = &args.timeline {
        TimelineReport::of(&timeline).write(path)?;
    }
    if output.verbose > 0 {
        print_timeline(&timeline);
    }
    if prints {
        report(args, output, record, &worker, outputs, &timeline)?;
    }
    if let Start::Normal { reason: Some(reason) } = worker.start() {
        note!("started normally: {reason}");
    }
    worker.end();
    exit::now()
}

fn spec(args: &RunArgs) -> WorkerSpec {
    let start = match args.start {
        StartArg::Normal => StartMode::Normal,
        StartArg::Snapshot => StartMode::Snapshot,
        StartArg::Auto => StartMode::Auto,
    };
    let options =
        StartOptions { threads: args.threads, prepack: args.prepack.map(Prepack::is_on), ..StartOptions::default() };
    WorkerSpec { model: args.model.clone(), options, start, ..WorkerSpec::new(&args.artifact) }
}

pub(super) fn views(tensors: &[(String, blink_tensors::Tensor)]) -> Vec<(&str, TensorView<'_>)> {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect()
}

/// What is said of each output. It outlives the answer, whose memory later runs use again.
fn summaries(args: &RunArgs, output: &Output, answer: Answer<'_>) -> Vec<OutputReport> {
    let is_json = output.format == Format::Json;
    let summary = |(name, view): (&str, TensorView<'_>)| OutputReport {
        name: name.to_owned(),
        summary: Summary::new(view, 5),
        values: if is_json { json::encode(view, args.max_values) } else { None },
    };
    answer.iter().map(summary).collect()
}

fn report(
    args: &RunArgs,
    output: &Output,
    model: &ModelRecord,
    worker: &Worker,
    outputs: Vec<OutputReport>,
    timeline: &Timeline,
) -> anyhow::Result<()> {
    let report = Report {
        schema: "blink.run/1",
        artifact: &args.artifact,
        model: &model.name,
        start: worker.start().name(),
        start_reason: match worker.start() {
            Start::Normal { reason } => reason.as_ref().map(ToString::to_string),
            Start::Snapshot => None,
        },
        threads: worker.threads(),
        outputs,
        timeline: (output.format == Format::Json).then(|| TimelineReport::of(timeline)),
    };
    output
        .print(&report, |out| report.outputs.iter().try_for_each(|row| writeln!(out, "{}  {}", row.name, row.summary)))
}

impl TimelineReport {
    /// What `timeline` holds, with no later runs.
    pub(super) fn of(timeline: &Timeline) -> TimelineReport {
        let (total_ms, phases) = (timeline.total_ms(), timeline.spans());
        TimelineReport { schema: "blink.timeline/1", total_ms, phases, warm_ms: Vec::new() }
    }

    /// Writes it to `path` as JSON.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let json = serde_json::to_vec(self)?;
        std::fs::write(path, json).with_context(|| format!("timeline cannot be written to {}", path.display()))
    }
}

fn print_timeline(timeline: &Timeline) {
    let mut err = std::io::stderr().lock();
    for Span { phase, start_ms, duration_ms } in timeline.spans() {
        // Stderr may be closed; the run itself has gone well.
        let _ = writeln!(err, "blink: {start_ms:8.2} ms  {:<12} {duration_ms:8.2} ms", phase.name());
    }
}
