//! The measurement that `bench ARTIFACT` asks for, put together.

use std::path::Path;

use blink_benches::measure::{self, Rounds};
use blink_benches::measurement::{Answers, Bound, Measurement, State, SweepRuns, WayRuns};
use blink_benches::setup::{Plan, Setup};
use blink_benches::statistics::median;
use blink_benches::sweep::{self, Swept};
use blink_benches::touch;

use super::frame::Frame;
use super::start::{Mode, StartArgs};
use super::{calls, load, note_left_out};
use crate::progress;

/// How often the weights are touched for the bound.
const TOUCHES: usize = 11;

/// What is not measured on a device, and why.
const NOT_ON_A_DEVICE: [&str; 2] = [
    "processor time, page faults, memory and system calls of a start: models on a device share one process",
    "the bound: what touching the weights costs says nothing of a device",
];

/// Measures what `args` ask for, with files in `directory`.
pub(super) fn measured(args: &StartArgs, directory: &Path) -> anyhow::Result<Measurement> {
    let mut rounds = args.rounds.rounds();
    if args.mode == Mode::Throughput {
        (rounds.runs, rounds.warm_launches) = (0, 0);
        rounds.states.clear();
    }
    let from_disk = rounds.states.contains(&State::Disk);
    let mut plan = args.subject.plan(args.against.clone(), from_disk, args.bare, directory)?;
    let frame = Frame::begin(directory);
    let mut fell_back = args.device.place(&mut plan)?;
    let bar = progress::steps("preparing".into(), 0);
    let mut setup = Setup::make(&plan, |what| bar.set_message(what.to_owned()))?;
    bar.set_length(rounds.launches(setup.ways.len()) as u64);
    bar.set_message("starting");
    let ways = measure::measure(&mut setup, &rounds, || bar.inc(1));
    bar.finish_and_clear();
    let mut ways = ways?;

    let mut left_out = std::mem::take(&mut setup.left_out);
    left_out.append(&mut fell_back);
    let on_device = setup.device.take();
    if !args.bare && args.mode == Mode::Start && on_device.is_none() {
        calls::count(&setup, &mut ways, &mut left_out);
    }
    let loads = if args.mode == Mode::Throughput { load::measure(&mut setup, &args.load)? } else { Vec::new() };
    let bound = match on_device {
        None => bound(&plan.artifact, plan.model.as_deref(), &ways)?,
        Some(_) => {
            left_out.extend(NOT_ON_A_DEVICE.map(str::to_owned));
            None
        }
    };
    left_out.extend(without_disk(&rounds, &ways));
    let sweeps = sweeps(args, &plan, &mut setup.answers, &mut left_out)?;
    note_left_out(&left_out);
    let settings = rounds.settings(plan.threads, setup.prepack, args.bare);
    let (subject, answers, looks_ms) = (setup.subject.clone(), setup.answers.clone(), median(&setup.looks_ms));
    // The worker of a device ends with these: only then is its processor time the bench's own, and not that of others.
    (plan.resident, setup.ways) = (None, Vec::new());
    drop(setup);
    let mut measurement = frame.end(settings, subject, answers, ways);
    measurement.overhead.looks_ms = looks_ms;
    measurement.device = on_device;
    measurement.bound = bound;
    measurement.left_out = left_out;
    measurement.loads = loads;
    measurement.sweeps = sweeps;
    measurement.budgets = args.budget.iter().map(|budget| budget.judge(&measurement)).collect();
    Ok(measurement)
}

/// What no start can be faster than: the fastest way's warm run, and the weights touched once.
pub(super) fn bound(artifact: &Path, model: Option<&str>, ways: &[WayRuns]) -> anyhow::Result<Option<Bound>> {
    let warm = ways.iter().filter_map(|way| Some((way, median(&way.warm())?)));
    let Some((way, warm_ms)) = warm.min_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(None) };
    let touch_ms = touch::touch(artifact, model, TOUCHES)?;
    Ok(Some(Bound { warm_ms, warm_of: way.name.clone(), touch_ms }))
}

/// Ways that were not started from the disk though that was asked for.
fn without_disk(rounds: &Rounds, ways: &[WayRuns]) -> Vec<String> {
    let asked = rounds.states.contains(&State::Disk);
    let lacking = ways.iter().filter(|way| asked && way.state(State::Disk).is_none());
    lacking
        .map(|way| {
            format!("{} from the disk: which files it reads is not known, so they cannot be taken out", way.name)
        })
        .collect()
}

/// Makes the sweeps.
fn sweeps(
    args: &StartArgs,
    plan: &Plan,
    answers: &mut Answers,
    left_out: &mut Vec<String>,
) -> anyhow::Result<Vec<SweepRuns>> {
    let mut sweeps = Vec::new();
    for spec in &args.sweep {
        let bar = progress::steps("sweeping".into(), 0);
        let swept = sweep::measure(spec, plan, args.sweep_runs.into(), |what| bar.set_message(what.to_owned()));
        bar.finish_and_clear();
        let Swept { runs, checked, left_out: left } = swept?;
        answers.checked += checked;
        left_out.extend(left);
        sweeps.push(runs);
    }
    Ok(sweeps)
}
