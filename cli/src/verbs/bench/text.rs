//! A measurement in the terminal: tables, and a waterfall of each way's start in the middle.

use std::io::{self, Write};

use blink_benches::budget::Verdict;
use blink_benches::figure::Figure;
use blink_benches::measurement::{Context, Measurement, OnDevice, State, StateRuns, SweepRuns, WayRuns};
use blink_benches::statistics::{Interval, Summary, median};
use blink_benches::table::Table;
use blink_benches::waterfall::{self, Style};
use blink_runtime::Phase;

use super::load;
use crate::output::mib;

/// What costs are shown, with their headings.
const COSTS: [(Figure, &str); 10] = [
    (Figure::Over, "over ms"),
    (Figure::Ratio, "by bound"),
    (Figure::Warm, "warm ms"),
    (Figure::Cpu, "cpu ms"),
    (Figure::User, "user"),
    (Figure::System, "system"),
    (Figure::Faults, "faults"),
    (Figure::Major, "major"),
    (Figure::Syscalls, "calls"),
    (Figure::Pss, "PSS MiB"),
];

/// Prints it.
pub(super) fn print(measurement: &Measurement, out: &mut dyn Write) -> io::Result<()> {
    let Measurement { subject, settings, answers, .. } = measurement;
    let threads = if settings.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", settings.threads) };
    writeln!(out, "{} ({:.1} MiB), {threads}", subject.artifact, mib(subject.bytes))?;
    writeln!(out, "{} answers checked against {}", answers.checked, answers.held_against)?;
    if let Some(on) = &measurement.device {
        device(on, out)?;
    }
    if !measurement.loads.is_empty() {
        write!(out, "\n{}", load::table(&measurement.loads))?;
    }
    for &state in &settings.states {
        writeln!(out, "\n{}; {} starts each, in turns", heading(state), settings.runs)?;
        write!(out, "{}\n{}", times(measurement, state), costs(measurement, state))?;
        write!(out, "\n{}", phases(measurement, state))?;
        waterfalls(measurement, state, out)?;
    }
    for sweep in &measurement.sweeps {
        write!(out, "\n{}", self::sweep(sweep))?;
    }
    if let Some(bound) = &measurement.bound {
        let touch = median(&bound.touch_ms).unwrap_or(0.0);
        let (ms, warm, of) = (bound.ms(), bound.warm_ms, &bound.warm_of);
        writeln!(out, "\nbound: {ms:.2} ms, a warm run ({warm:.2}, {of}) and one touch of the weights ({touch:.2})")?;
    }
    for verdict in &measurement.budgets {
        writeln!(out, "{}", self::verdict(verdict))?;
    }
    Ok(())
}

/// What starts on a device have beside their figures, and what none of them waits for.
fn device(on: &OnDevice, out: &mut dyn Write) -> io::Result<()> {
    let OnDevice { ordinal, context, precision, runs, nodes, on_cpu, .. } = on;
    let left: u64 = on_cpu.values().sum();
    writeln!(
        out,
        "cuda:{ordinal}, {}: {precision}, runs {runs}, {nodes} nodes there, {left} on the CPU",
        context.device
    )?;
    let (weights, arena) = (mib(on.weights_bytes), mib(on.arena_bytes));
    writeln!(out, "{weights:.1} MiB of weights and {arena:.1} of activations on it")?;
    let Context { ms, phases, .. } = context;
    let (style, scale) = (Style::of_stdout(), ms.max(on.first_ms));
    writeln!(out, "\nfirst start of the context, once: {ms:.2} ms; no start below waits for it")?;
    out.write_all(waterfall::draw(phases, "ready", *ms, scale, style).as_bytes())?;
    writeln!(out, "\nfirst start of the model in it, once: {:.2} ms", on.first_ms)?;
    out.write_all(waterfall::draw(&on.first_phases, "first answer", on.first_ms, scale, style).as_bytes())
}

fn heading(state: State) -> &'static str {
    match state {
        State::Hot => "page cache hot",
        State::Disk => "from the disk: nothing of the files was in memory, as the kernel said before each start",
    }
}

fn measured(measurement: &Measurement, state: State) -> impl Iterator<Item = (&WayRuns, &StateRuns)> {
    measurement.ways.iter().filter_map(move |way| Some((way, way.state(state)?)))
}

fn times(measurement: &Measurement, state: State) -> Table {
    let mut table = Table::new(&["cold, ms", "p50", "95 %", "p90", "p95", "p99", "min", "max"]);
    for (way, runs) in measured(measurement, state) {
        let Some(Summary { p50, p90, p95, p99, min, max, interval: Interval { low, high }, .. }) =
            Summary::of(&runs.cold_ms())
        else {
            continue;
        };
        let figures = [p90, p95, p99, min, max].map(|ms| format!("{ms:.2}"));
        table.row([way.name.clone(), format!("{p50:.2}"), format!("{low:.2}-{high:.2}")].into_iter().chain(figures));
    }
    table
}

fn costs(measurement: &Measurement, state: State) -> Table {
    let headings: Vec<_> = ["medians"].into_iter().chain(COSTS.map(|(_, heading)| heading)).collect();
    let mut table = Table::new(&headings);
    for (way, _) in measured(measurement, state) {
        let cell = |(figure, _): (Figure, &str)| match median(&figure.samples(measurement, way, state)) {
            None => "-".to_owned(),
            Some(value) => match figure {
                Figure::Faults | Figure::Major | Figure::Syscalls => format!("{value:.0}"),
                Figure::Pss => format!("{:.1}", value / f64::from(1 << 20)),
                _ => format!("{value:.2}"),
            },
        };
        table.row([way.name.clone()].into_iter().chain(COSTS.map(cell)));
    }
    table
}

/// Medians, each of its own phase. Peers tell none.
fn phases(measurement: &Measurement, state: State) -> Table {
    let headings: Vec<_> = ["phases, ms"].into_iter().chain(Phase::ALL.map(Phase::name)).collect();
    let mut table = Table::new(&headings);
    for (way, _) in measured(measurement, state).filter(|(way, _)| way.is_worker()) {
        let median = |phase| median(&Figure::Phase(phase).samples(measurement, way, state));
        let cells = Phase::ALL.map(|phase| median(phase).map_or_else(|| "-".to_owned(), |ms| format!("{ms:.2}")));
        table.row([way.name.clone()].into_iter().chain(cells));
    }
    table
}

fn waterfalls(measurement: &Measurement, state: State, out: &mut dyn Write) -> io::Result<()> {
    let style = Style::of_stdout();
    let told = |(way, runs)| Some((way, StateRuns::middle(runs)?)).filter(|(_, run)| !run.phases.is_empty());
    let middles: Vec<(&WayRuns, _)> = measured(measurement, state).filter_map(told).collect();
    let scale = middles.iter().map(|(_, run)| run.cold_ms).fold(0.0, f64::max);
    for (way, run) in middles {
        writeln!(out, "\n{}, the start in the middle", way.name)?;
        out.write_all(waterfall::draw(&run.phases, "first answer", run.cold_ms, scale, style).as_bytes())?;
    }
    Ok(())
}

/// Medians at each value of a sweep, by way; memory of all workers that were alive together.
fn sweep(sweep: &SweepRuns) -> Table {
    let headings = [sweep.axis.name(), "way", "cold ms", "95 %", "warm ms", "PSS MiB", "private MiB"];
    let mut table = Table::new(&headings);
    let none = || "-".to_owned();
    let memory = |bytes: Option<u64>| bytes.map_or_else(none, |bytes| format!("{:.1}", mib(bytes)));
    for (point, way) in sweep.points.iter().flat_map(|point| point.ways.iter().map(move |way| (point, way))) {
        let cold = Summary::of(&way.cold_ms);
        let interval = |Summary { interval: Interval { low, high }, .. }| format!("{low:.2}-{high:.2}");
        table.row([
            point.label.clone(),
            way.name.clone(),
            cold.map_or_else(none, |cold| format!("{:.2}", cold.p50)),
            cold.map_or_else(none, interval),
            median(&way.warm_ms).map_or_else(none, |warm| format!("{warm:.2}")),
            memory(way.pss_bytes),
            memory(way.private_bytes),
        ]);
    }
    table
}

/// One line on a budget.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let Verdict { budget, found, unit, kept, judged, .. } = verdict;
    let word = if *kept { "kept  " } else { "BROKEN" };
    match found {
        Some(found) => format!("{word}  {budget}: {} ({judged})", unit.show(*found)),
        None => format!("{word}  {budget}: {judged}"),
    }
}
