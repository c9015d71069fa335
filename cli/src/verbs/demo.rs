//! `blink demo`: a model made here, started cold in three ways, side by side: a worker restored from a snapshot, one
//! that is started normally, and ONNX Runtime's ordinary way.
//!
//! | file | what it holds |
//! |---|---|
//! | `demo/starts.rs` | the ways to start that are compared |
//! | `demo/report.rs` | what came out, in text and JSON |
//!
//! Every launch is a fresh process, and every answer is checked: the workers' against each other bit by bit, the other
//! way's against its own likewise and against the workers' within rounding. Where no snapshot can be made, the demo says
//! why and shows the rest.

mod report;
mod starts;

use std::path::{Path, PathBuf};

use anyhow::Context;
use blink_benches::machine::{Machine, lies_in_memory};
use blink_benches::subject::{Subject, Written};
use blink_compiler::{Request, Stage, compile};
use blink_runtime::host;
use indicatif::ProgressBar;

use self::report::Report;
use self::starts::{Start, Ways};
use super::scratch::Scratch;
use crate::output::{Output, note};
use crate::{progress, setup};

/// See a cold start: a model is made, compiled, warmed, and started beside the ordinary way.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// The model: resnet50 (102 MB) or bert (435 MB). Weights are made from a seed.
    #[arg(long, value_name = "MODEL", default_value = "resnet50")]
    pub(crate) model: Subject,
    /// Fresh processes for each way to start.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// Keep the model, its inputs and the artifact in this directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

/// Makes the model, compiles it, launches it, and prints what came out.
pub(crate) fn run(args: &DemoArgs, output: &Output) -> anyhow::Result<()> {
    setup::ensure()?;
    let (machine, threads) = (Machine::read(), host::cpu_quota().count());
    for doubt in notes(&machine) {
        note!("note: {doubt}");
    }
    let scratch = Scratch::new(args.keep.as_deref())?;
    if lies_in_memory(scratch.path()) {
        note!("note: {} is on tmpfs; on a disk, figures may differ", scratch.path().display());
    }

    let launches = Start::COUNT * (args.runs as usize + 1);
    let bar = progress::steps("writing".into(), (2 + Stage::ALL.len() + launches) as u64);
    let worked = scratch.settle(work(args, scratch.path(), threads, &bar));
    bar.finish_and_clear();

    let (ways, starts) = worked?;
    let report = Report::new(args.model, threads, machine, &ways.snapshot, &starts, args.keep.as_deref())?;
    output.print(&report, |out| report.print(out))
}

/// Everything that takes time.
fn work(args: &DemoArgs, directory: &Path, threads: usize, bar: &ProgressBar) -> anyhow::Result<(Ways, Vec<Start>)> {
    let written = args.model.write(directory).with_context(|| directory.display().to_string())?;
    bar.inc(1);
    let artifact = directory.join(args.model.name()).with_extension("blink");
    compile_here(&written, &artifact, threads, bar)?;
    bar.set_message("warming");
    let mut ways = Ways::make(&written, &artifact, threads)?;
    bar.inc(1);
    if let Err(why) = &ways.snapshot {
        bar.suspend(|| note!("note: no worker is restored from a snapshot: {why}"));
    }
    bar.set_message("starting");
    let starts = ways.measure(args.runs as usize, || bar.inc(1))?;
    Ok((ways, starts))
}

/// What a reader should know before the figures.
fn notes(machine: &Machine) -> Vec<String> {
    let mut notes = machine.doubts();
    if cfg!(debug_assertions) {
        notes.push("this is a debug build; figures that count come from `cargo run --release -- demo`".to_owned());
    }
    notes
}

fn compile_here(written: &Written, artifact: &Path, threads: usize, bar: &ProgressBar) -> anyhow::Result<()> {
    let request = Request {
        golden_dims: written.dims.clone(),
        ..Request::new(vec![written.onnx.as_path().into()], artifact.to_owned(), threads)
    };
    let summary = compile(&request, |stage, _| {
        bar.set_message(stage.doing());
        bar.inc(1);
    })?;
    bar.suspend(|| summary.notes.iter().for_each(|note| note!("note: {note}")));
    Ok(())
}
