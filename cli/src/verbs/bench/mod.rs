//! `blink bench`: cold starts measured, compared, reported, and held to budgets.
//!
//! | file | what it does |
//! |---|---|
//! | `subject.rs` | what is measured, as it is typed |
//! | `start.rs`, `measured.rs` | `bench ARTIFACT`: what can be asked, and what is done |
//! | `device.rs` | `--device`: where it is measured, and what makes no sense there |
//! | `calls.rs` | counts system calls |
//! | `load.rs` | answers under load, with `--mode throughput` |
//! | `frame.rs` | what stands around the figures: machine, noise, overhead |
//! | `text.rs` | shows a measurement in the terminal |
//! | `diff.rs` | compares two measurements |
//! | `report.rs` | shows a measurement as a page, or hands it to other programs |
//! | `ab.rs`, `agents.rs`, `agent.rs` | two builds in turns: the verb, who asks, who is asked |

mod ab;
mod agent;
mod agents;
mod calls;
mod device;
mod diff;
mod frame;
mod load;
mod measured;
mod report;
mod start;
mod subject;
mod text;

use std::path::Path;

use anyhow::Context;
use blink_benches::measurement::Measurement;
use blink_benches::whole_file;
use clap::Subcommand;

pub(crate) use self::agents::AgentError;
pub(crate) use self::diff::Regressed;
pub(crate) use self::report::ReportError;
use crate::output::{Output, note};

/// Measure cold starts, compare them, hold them to budgets.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    verb: Option<BenchVerb>,
    #[command(flatten)]
    start: start::StartArgs,
}

/// What can be done beside measuring.
#[derive(Clone, Debug, Subcommand)]
enum BenchVerb {
    Diff(diff::DiffArgs),
    Report(report::ReportArgs),
    Ab(Box<ab::AbArgs>),
    #[command(hide = true)]
    Agent(agent::AgentArgs),
}

/// A measurement that is not within its budgets.
#[derive(Debug, thiserror::Error)]
#[error("{broken} of {all} budgets are broken")]
pub(crate) struct BudgetsBroken {
    broken: usize,
    all: usize,
}

/// Arguments that do not go together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUse(&'static str);

/// Answers that differ where they must not.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongAnswer(String);

/// Measures, or does what was asked with measurements.
pub(crate) fn run(args: &BenchArgs, output: &Output) -> anyhow::Result<()> {
    match &args.verb {
        None => start::run(&args.start, output),
        Some(BenchVerb::Diff(args)) => diff::run(args, output),
        Some(BenchVerb::Report(args)) => report::run(args, output),
        Some(BenchVerb::Ab(args)) => ab::run(args, output),
        Some(BenchVerb::Agent(args)) => agent::run(args),
    }
}

/// Refuses an output that could not be written, before a measurement is made in vain.
fn can_write(output: Option<&Path>) -> anyhow::Result<()> {
    output.map_or(Ok(()), |path| whole_file::could_be_written(path).with_context(|| cannot(path)))
}

fn cannot(path: &Path) -> String {
    format!("{} cannot be written", path.display())
}

/// Says what could not be measured or compared, and why.
fn note_left_out(left_out: &[String]) {
    left_out.iter().for_each(|left| note!("left out: {left}"));
}

/// Whether every budget was kept.
fn held(measurement: &Measurement) -> anyhow::Result<()> {
    let all = measurement.budgets.len();
    match measurement.budgets.iter().filter(|verdict| !verdict.kept).count() {
        0 => Ok(()),
        broken => Err(BudgetsBroken { broken, all }.into()),
    }
}
