//! `blink bench`: cold starts measured, compared, reported, and held to budgets.
//!
//! | file | what it does |
//! |---|---|
//! | `diff.rs` | compares two measurements |
//! | `report.rs` | shows a measurement, or hands it to other programs |

mod diff;
mod report;

use clap::Subcommand;

use crate::output::Output;

/// Measure cold starts, compare them, hold them to budgets.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    verb: Option<BenchVerb>,
}

/// What can be done with measurements.
#[derive(Clone, Debug, Subcommand)]
enum BenchVerb {
    Diff(diff::DiffArgs),
    Report(report::ReportArgs),
}

/// Measures, or does what was asked with measurements.
pub(crate) fn run(args: &BenchArgs, output: &Output) -> anyhow::Result<()> {
    match &args.verb {
        Some(BenchVerb::Diff(args)) => diff::run(args, output),
        Some(BenchVerb::Report(args)) => report::run(args, output),
        None => Ok(()),
    }
}
