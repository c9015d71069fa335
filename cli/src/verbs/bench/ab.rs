//! `blink bench ab`: two builds of blink on one machine, their starts in turns.
//!
//! Each build launches its own workers with its own launcher (`agent.rs`, asked by `agents.rs`), so that whatever
//! differs between them is in the figures; this process only says whose turn it is.

use std::path::PathBuf;

use anyhow::Context;
use blink_benches::measure::{self, Launches};
use blink_benches::measurement::{Measurement, State};
use blink_runtime::thread_count;

use super::agents::{Agent, Agents};
use super::frame::Frame;
use super::measured::bound;
use super::start::RoundsArgs;
use super::subject::SubjectArgs;
use super::{diff, note_left_out, text};
use crate::output::{Format, Output};
use crate::program;
use crate::progress;

/// Compare two builds of blink on this machine, their starts in turns.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AbArgs {
    /// The build to compare with.
    #[arg(long, value_name = "BLINK")]
    base: PathBuf,
    /// The build that is compared [default: this one].
    #[arg(long, value_name = "BLINK")]
    new: Option<PathBuf>,
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    rounds: RoundsArgs,
    #[command(flatten)]
    threshold: diff::ThresholdArgs,
    /// Write the measurement of both here, as JSON.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Measures both, and compares.
pub(crate) fn run(args: &AbArgs, output: &Output) -> anyhow::Result<()> {
    super::can_write(args.output.as_deref())?;
    let measurement = measured(args)?;
    if let Some(path) = &args.output {
        measurement.write(path).with_context(|| super::cannot(path))?;
    }
    if output.format == Format::Text {
        output.print(&(), |out| text::print(&measurement, out))?;
    }
    let pairs: Vec<_> = measurement.ways.iter().filter_map(|way| way.name.strip_prefix("base")).collect();
    diff::report_ways(&measurement, &pairs, &args.threshold, output)
}

fn measured(args: &AbArgs) -> anyhow::Result<Measurement> {
    let rounds = args.rounds.rounds();
    let new = args.new.clone().map_or_else(program::path, Ok)?;
    let directory = blink_runtime::library::cache_dir()?;
    let frame = Frame::begin(&directory);
    let from_disk = rounds.states.contains(&State::Disk);
    let bar = progress::steps("preparing".into(), 0);
    let agents = [("base", &args.base), ("new", &new)];
    let agents = agents.map(|(name, path)| Agent::start(name, path, &args.subject, from_disk));
    let [base, new] = agents;
    let mut agents = Agents([base?, new?]);
    agents.agree()?;
    bar.set_length(rounds.launches(agents.ways().len()) as u64);
    bar.set_message("starting");
    let ways = measure::measure(&mut agents, &rounds, || bar.inc(1));
    bar.finish_and_clear();
    let ways = ways?;

    let bound = bound(args.subject.artifact(), args.subject.model.as_deref(), &ways)?;
    // Both end here: who is still alive counts as somebody else on the machine.
    let [base, new] = agents.end();
    let mut answers = new.answers;
    answers.checked = ways.iter().map(|way| way.states.iter().map(|runs| runs.runs.len()).sum::<usize>()).sum();
    let settings = rounds.settings(thread_count(args.subject.threads)?, new.prepack, false);
    let mut measurement = frame.end(settings, new.subject, answers, ways);
    measurement.bound = bound;
    measurement.left_out = [("base", base.left_out), ("new", new.left_out)]
        .into_iter()
        .flat_map(|(name, left)| left.into_iter().map(move |left| format!("{name}: {left}")))
        .collect();
    note_left_out(&measurement.left_out);
    Ok(measurement)
}
