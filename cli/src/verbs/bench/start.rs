//! `blink bench ARTIFACT`: starts made, written down, shown, and held to budgets.

use std::path::PathBuf;

use anyhow::Context;
use blink_benches::budget::Budget;
use blink_benches::measure::Rounds;
use blink_benches::measurement::State;
use blink_benches::peer::Peer;
use blink_benches::sweep::SweepSpec;
use clap::ValueEnum;

use super::device::DeviceArgs;
use super::subject::SubjectArgs;
use super::{WrongUse, load, measured, text};
use crate::output::{Format, Output};
use crate::verbs::scratch::Scratch;

/// Measure cold starts.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct StartArgs {
    #[command(flatten)]
    pub(crate) subject: SubjectArgs,
    #[command(flatten)]
    pub(super) device: DeviceArgs,
    #[command(flatten)]
    pub(crate) rounds: RoundsArgs,
    /// What is measured: starts, or answers under load.
    #[arg(long, value_enum, default_value = "start")]
    pub(super) mode: Mode,
    #[command(flatten)]
    pub(super) load: load::LoadArgs,
    /// A command to measure against, started without a shell; its stdout is its answer. `{inputs}` becomes
    /// `--input NAME=FILE.npy` for each input, `{threads}` their number.
    #[arg(long, value_name = "[NAME=]COMMAND")]
    pub(crate) against: Vec<Peer>,
    /// Starts as one thing grows: threads, batch (the inputs' first symbolic dim), workers alive at once, or size (of
    /// these artifacts).
    #[arg(long, value_name = "AXIS=VALUE,...")]
    pub(super) sweep: Vec<SweepSpec>,
    /// Cold starts of each way at each value of a sweep.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(super) sweep_runs: u16,
    /// What a start may cost at most, such as `p95<60ms`, `over<8ms`, `normal@disk:faults.max<=800` or
    /// `snapshot/normal<0.7`. Exit code 3 where it is broken.
    #[arg(long, value_name = "[WAY[@STATE]:]FIGURE<VALUE")]
    pub(crate) budget: Vec<Budget>,
    /// Read nothing but the clock: what the bench's other looks cost shows beside a run without this.
    #[arg(long)]
    pub(crate) bare: bool,
    /// Write the measurement here, as JSON, raw values included.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Mode {
    /// Cold starts, and warm runs.
    Start,
    /// Answers of workers that are there, in closed and open loops. Peers are started with `--serve`.
    Throughput,
}

/// How often starts are made.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RoundsArgs {
    /// Cold starts of each way, in each state.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Launches of each worker for its warm runs; 0 leaves out what rests on them.
    #[arg(long, value_name = "N", default_value_t = 10)]
    warm_launches: u16,
    /// Warm runs in each of these.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    warm_runs: u16,
    /// What of a start's files is in memory: hot (all), disk (nothing, which the kernel confirms before each start).
    #[arg(long, value_delimiter = ',', value_name = "STATE,...", default_value = "hot")]
    pub(super) state: Vec<State>,
}

impl RoundsArgs {
    /// How often, for [`measure::measure`].
    pub(super) fn rounds(&self) -> Rounds {
        let mut states = Vec::new();
        for &state in &self.state {
            if !states.contains(&state) {
                states.push(state);
            }
        }
        Rounds {
            states,
            runs: self.runs as usize,
            warm_launches: self.warm_launches.into(),
            warm_runs: self.warm_runs.into(),
        }
    }
}

/// Makes the starts, and says what came out.
pub(crate) fn run(args: &StartArgs, output: &Output) -> anyhow::Result<()> {
    check(args)?;
    args.device.check(args)?;
    super::can_write(args.output.as_deref())?;
    let scratch = Scratch::new(None)?;
    let measured = scratch.settle(measured::measured(args, scratch.path()));
    let measurement = measured?;
    if let Some(path) = &args.output {
        measurement.write(path).with_context(|| super::cannot(path))?;
    }
    if output.format == Format::Text || args.output.is_none() {
        output.print(&measurement, |out| text::print(&measurement, out))?;
    }
    super::held(&measurement)
}

/// Refuses what would be asked in vain.
fn check(args: &StartArgs) -> Result<(), WrongUse> {
    match args.mode {
        Mode::Start if args.load.are_given() => Err(WrongUse(
            "--concurrency, --rate and --seconds are of --mode throughput: say that too, or leave them out",
        )),
        Mode::Throughput if args.bare || !args.sweep.is_empty() || args.rounds.state.contains(&State::Disk) => {
            Err(WrongUse("--bare, --sweep and --state disk are of starts: leave them out with --mode throughput"))
        }
        _ => Ok(()),
    }
}
