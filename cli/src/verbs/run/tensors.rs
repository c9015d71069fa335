//! A run on tensors: inputs in, outputs out.
//!
//! A worker answers. While it starts, this process reads the inputs and checks them against the artifact, so what the
//! model does not take is refused before the worker is asked.

use std::path::Path;

use anyhow::Context;
use blink_runtime::sandbox::Standing;
use blink_runtime::{Answer, Device, DeviceFacts, Model, Phase, Recorded, Timeline, Worker, timeline};
use blink_tensors::summary::Summary;
use blink_tensors::{TensorView, json};
use serde::Serialize;

use super::timeline::{TimelineReport, print_device, print_timeline};
use super::{RunArgs, start_reason, tell_start, tell_walls};
use crate::exit;
use crate::output::{Format, Output};
use crate::tensor_files::{Destination, read_inputs, write_outputs};

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    artifact: &'a Path,
    model: &'a str,
    /// How the worker came up.
    start: &'static str,
    /// Why not from a snapshot, where one was wanted; else null.
    start_reason: Option<String>,
    /// Where the model ran: `cpu`, or `cuda:N`.
    device: String,
    /// Why it is not the device that was asked for; else null.
    fell_back: Option<String>,
    /// What it has of that device: nodes by who computes them, bytes; null on the CPU.
    on_device: Option<DeviceFacts>,
    threads: usize,
    /// The walls around the worker; null where there are none.
    walls: Option<Standing>,
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

/// Reads, runs, writes.
pub(super) fn run(args: &RunArgs, mut worker: Worker, model: &Model, output: &Output) -> anyhow::Result<()> {
    let record = model.record();
    let names: Vec<_> = record.outputs.iter().map(|value| value.name.as_str()).collect();
    let destinations = Destination::parse_all(&args.output, &names)?;
    let inputs = read_inputs(&args.input, &record.inputs)?;
    let inputs = views(&inputs);
    model.check_inputs(&inputs)?;

    let fell_back = worker.fell_back().map(|reason| format!("ran on the CPU ({reason})"));
    let answer = worker.run(&inputs);
    // Whoever wanted a device hears first why it is not on one.
    let answer = match fell_back {
        Some(reason) => answer.context(reason)?,
        None => answer?,
    };
    let received_at = timeline::now();
    let outputs: Vec<_> = answer.iter().collect();
    write_outputs(&destinations, &outputs)?;
    let written_at = timeline::now();
    let prints =
        destinations.is_empty() || (output.format == Format::Json && !destinations.iter().any(Destination::is_stdout));
    let outputs = if prints { summaries(args, output, answer) } else { Vec::new() };

    let mut timeline = *worker.timeline();
    let on_device = worker.device()?;
    timeline.add(Recorded { phase: Phase::Output, begin: received_at, end: written_at });
    if let Some(path) = &args.timeline {
        TimelineReport::of(&timeline).write(path)?;
    }
    if output.verbose > 0 {
        print_timeline(&timeline);
        on_device.iter().for_each(print_device);
        tell_walls(args, &worker);
    }
    if prints {
        report(output, model, &worker, on_device, outputs, &timeline)?;
    }
    tell_start(&worker);
    worker.wait_checked().context("the answer that was given is not to be used")?;
    worker.end();
    exit::now()
}

pub(crate) fn views(tensors: &[(String, blink_tensors::Tensor)]) -> Vec<(&str, TensorView<'_>)> {
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
    output: &Output,
    model: &Model,
    worker: &Worker,
    on_device: Option<DeviceFacts>,
    outputs: Vec<OutputReport>,
    timeline: &Timeline,
) -> anyhow::Result<()> {
    let report = Report {
        schema: "blink.run/1",
        artifact: model.artifact().path(),
        model: &model.record().name,
        start: worker.start().name(),
        start_reason: start_reason(worker),
        device: on_device.as_ref().map_or_else(|| Device::Cpu.to_string(), |on| Device::Cuda(on.ordinal).to_string()),
        fell_back: worker.fell_back().map(str::to_owned),
        on_device,
        threads: worker.threads(),
        walls: worker.walls(),
        outputs,
        timeline: (output.format == Format::Json).then(|| TimelineReport::of(timeline)),
    };
    output
        .print(&report, |out| report.outputs.iter().try_for_each(|row| writeln!(out, "{}  {}", row.name, row.summary)))
}
