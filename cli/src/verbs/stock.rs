//! `blink stock`, hidden: an `.onnx` file run by ONNX Runtime the ordinary way, to measure a start against.
//!
//! Arguments, input and output are those of `blink run`, so that the two differ in the start and in nothing else.

use std::path::PathBuf;

use blink_runtime::engine::Stock;
use blink_runtime::{EngineError, Phase, Timeline, library, thread_count, timeline};
use blink_tensors::TensorView;

use super::run::{TimelineReport, views};
use crate::exit;
use crate::tensor_files::{Destination, TensorFileError, read_inputs, write_outputs};

/// Run an .onnx file once, with ONNX Runtime as it comes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StockArgs {
    /// The model.
    #[arg(value_name = "MODEL.onnx")]
    pub(crate) model: PathBuf,
    /// An input, as for `run`.
    #[arg(short, long, value_name = "[NAME=]FILE")]
    pub(crate) input: Vec<String>,
    /// Where an output goes, as for `run`.
    #[arg(short, long, value_name = "[NAME=]FILE", required = true)]
    pub(crate) output: Vec<String>,
    /// Threads of a run [default: what the CPU quota allows].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Write the timeline of the start here, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) timeline: Option<PathBuf>,
    /// When the parent spawned this process, in nanoseconds of the monotonic clock.
    #[arg(long, value_name = "NANOSECONDS")]
    pub(crate) spawned_at: Option<u64>,
    /// Run so many times more once the outputs are written, and record each time in the timeline.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "timeline")]
    pub(crate) repeat: u32,
}

/// Starts, runs, writes; then ends the process without tearing anything down, as `run` does.
pub(crate) fn run(args: &StockArgs, entered: u64) -> anyhow::Result<()> {
    let mut timeline = Timeline::begin(args.spawned_at, entered);
    let threads = thread_count(args.threads)?;
    let stock = Stock::start(&library::find()?, &args.model, threads, &mut timeline)?;
    let names: Vec<_> = stock.outputs().iter().map(|value| value.name.as_str()).collect();
    let destinations = Destination::parse_all(&args.output, &names)?;
    let inputs = timeline.record(Phase::Input, || read_inputs(&args.input, stock.inputs()))?;
    let given = indexed(&stock, &views(&inputs))?;
    let outputs = timeline.record(Phase::Inference, || stock.run(&given))?;
    let named: Vec<_> = names.into_iter().zip(outputs.iter()).collect();
    timeline.record(Phase::Output, || write_outputs(&destinations, &named))?;
    if let Some(path) = &args.timeline {
        let mut report = TimelineReport::of(&timeline);
        report.warm_ms = repeat(args.repeat, &stock, &given)?;
        report.write(path)?;
    }
    exit::now()
}

/// Milliseconds of each of `times` runs.
fn repeat(times: u32, stock: &Stock, inputs: &[(usize, TensorView<'_>)]) -> Result<Vec<f64>, EngineError> {
    let timed = |_| {
        let started = timeline::now();
        // What a run gave is given back before the next, in its time: a server does the same.
        stock.run(inputs).map(drop)?;
        Ok((timeline::now() - started) as f64 / 1e6)
    };
    (0..times).map(timed).collect()
}

/// Each tensor with the place of its name among the model's inputs.
fn indexed<'a>(
    stock: &Stock,
    named: &[(&str, TensorView<'a>)],
) -> Result<Vec<(usize, TensorView<'a>)>, TensorFileError> {
    let known = stock.inputs();
    let index = |name: &str| known.iter().position(|input| input.name == name);
    named
        .iter()
        .map(|(name, view)| match index(name) {
            Some(index) => Ok((index, *view)),
            None => Err(TensorFileError::UnknownName {
                name: (*name).to_owned(),
                side: "input",
                known: known.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", "),
            }),
        })
        .collect()
}
