//! `blink run`: tensors in, tensors out, and where the time of the start went.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use blink_artifact::Artifact;
use blink_runtime::{Instance, Model, ModelError, Phase, Span, StartOptions, Timeline, timeline};
use blink_tensors::summary::Summary;
use blink_tensors::{TensorView, json};
use clap::ValueEnum;
use serde::Serialize;

use crate::exit;
use crate::output::{Format, Output};
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
    /// Most values of an output that --format json prints.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) max_values: usize,
    /// Write the timeline of the start here, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
    /// When the parent spawned this process, in nanoseconds of the monotonic clock.
    #[arg(long, hide = true, value_name = "NANOSECONDS")]
    pub(crate) spawned_at: Option<u64>,
    /// Run so many times more once the outputs are written, and record each time in the timeline.
    #[arg(long, hide = true, value_name = "N", default_value_t = 0, requires = "timeline")]
    pub(crate) repeat: u32,
}

/// `--prepack` of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs)]
pub(crate) enum Prepack {
    On,
    Off,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    artifact: &'a PathBuf,
    model: &'a str,
    /// How the worker came up.
    start: &'static str,
    threads: usize,
    outputs: Vec<OutputReport<'a>>,
    timeline: Option<TimelineReport>,
}

#[derive(Serialize)]
struct OutputReport<'a> {
    name: &'a str,
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
    /// Later runs in the same process, in milliseconds each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warm_ms: Vec<f64>,
}

/// Opens, starts, runs, writes; then ends the process without tearing anything down.
pub(crate) fn run(args: &RunArgs, output: &Output, entered: u64) -> anyhow::Result<()> {
    let mut timeline = Timeline::begin(args.spawned_at, entered);
    let model = timeline.record(Phase::Open, || open(args))?;
    let record = model.record();
    let names: Vec<_> = record.outputs.iter().map(|value| value.name.as_str()).collect();
    let destinations = Destination::parse_all(&args.output, &names)?;
    let inputs = timeline.record(Phase::Input, || {
        let inputs = read_inputs(&args.input, &record.inputs)?;
        model.check_inputs(&views(&inputs))?;
        Ok::<_, anyhow::Error>(inputs)
    })?;
    let options = StartOptions {
        threads: args.threads,
        prepack: args.prepack.map(|prepack| prepack == Prepack::On),
        ..StartOptions::default()
    };
    let instance = Instance::start(&model, &options, &mut timeline)?;
    let outputs = timeline.record(Phase::Inference, || instance.run(&views(&inputs)))?;
    let named: Vec<_> = names.into_iter().zip(outputs.iter()).collect();
    timeline.record(Phase::Output, || write_outputs(&destinations, &named))?;
    if let Some(path) = &args.timeline {
        let warm_ms = repeat(args.repeat, || instance.run(&views(&inputs)))?;
        TimelineReport::of(&timeline).with_warm(warm_ms).write(path)?;
    }
    if output.verbose > 0 {
        print_timeline(&timeline);
    }
    if destinations.is_empty() || (output.format == Format::Json && !destinations.iter().any(Destination::is_stdout)) {
        report(args, output, &instance, &named, &timeline)?;
    }
    exit::now()
}

fn open(args: &RunArgs) -> Result<Model, ModelError> {
    let opened = Artifact::open(&args.artifact);
    let artifact = opened.map_err(|source| ModelError::Open { path: args.artifact.clone(), source })?;
    Model::of(Arc::new(artifact), args.model.as_deref())
}

/// Milliseconds of each of `times` runs.
pub(super) fn repeat<T, E>(times: u32, run: impl Fn() -> Result<T, E>) -> Result<Vec<f64>, E> {
    let timed = |_| {
        let start = timeline::now();
        // What a run gave is given back before the next, in its time: a server does the same.
        run().map(drop)?;
        Ok((timeline::now() - start) as f64 / 1e6)
    };
    (0..times).map(timed).collect()
}

pub(super) fn views(tensors: &[(String, blink_tensors::Tensor)]) -> Vec<(&str, TensorView<'_>)> {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect()
}

fn report(
    args: &RunArgs,
    output: &Output,
    instance: &Instance,
    outputs: &[(&str, TensorView<'_>)],
    timeline: &Timeline,
) -> anyhow::Result<()> {
    let is_json = output.format == Format::Json;
    let outputs = outputs.iter().map(|(name, view)| OutputReport {
        name,
        summary: Summary::new(*view, 5),
        values: if is_json { json::encode(*view, args.max_values) } else { None },
    });
    let report = Report {
        schema: "blink.run/1",
        artifact: &args.artifact,
        model: &instance.model().record().name,
        start: "normal",
        threads: instance.threads(),
        outputs: outputs.collect(),
        timeline: is_json.then(|| TimelineReport::of(timeline)),
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

    /// Adds later runs.
    pub(super) fn with_warm(self, warm_ms: Vec<f64>) -> TimelineReport {
        TimelineReport { warm_ms, ..self }
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
