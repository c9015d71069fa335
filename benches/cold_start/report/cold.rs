//! Cold starts with every file in the page cache.

use blink_benches::record::{ModelRuns, WayRuns};
use blink_benches::statistics::{Summary, median};
use blink_benches::table::Table;

use super::{figure, label, ratio};

fn measured(runs: &ModelRuns) -> impl Iterator<Item = (&WayRuns, Summary)> {
    runs.ways.iter().filter_map(|way| Some((way, Summary::of(&way.cold_ms())?)))
}

/// From the spawn to the first output, in milliseconds, and what that used.
pub(super) fn times(runs: &ModelRuns) -> Table {
    let headings = ["cold, ms", "p50", "95 %", "p90", "p99", "over", "resumed", "cpu ms", "faults"];
    let mut table = Table::new(&headings);
    for (way, Summary { p50, p90, p99, interval, .. }) in measured(runs) {
        table.row([
            label(&way.way),
            format!("{p50:.2}"),
            format!("{:.2}-{:.2}", interval.low, interval.high),
            format!("{p90:.2}"),
            format!("{p99:.2}"),
            figure(median(&way.warm()).map(|warm| p50 - warm), 2),
            figure(median(&way.resumed()), 2),
            figure(median(&way.usage(|usage| usage.cpu_ms)), 1),
            figure(median(&way.usage(|usage| (usage.minor_faults + usage.major_faults) as f64)), 0),
        ]);
    }
    table
}

/// The same by other times: the way's own warm run, the fastest warm run of any way, and the other starts.
pub(super) fn ratios(runs: &ModelRuns) -> Table {
    let headings = ["cold by", "own warm run", "fastest warm run", "normal worker", "Python"];
    let mut table = Table::new(&headings);
    let of = |name| runs.way(name).map(WayRuns::cold_ms).unwrap_or_default();
    let (normal, python) = (of("normal"), of("python"));
    for (way, Summary { p50, .. }) in measured(runs) {
        let (own, fastest) = (median(&way.warm()), runs.bound());
        table.row([
            label(&way.way),
            times_warm(p50, own),
            times_warm(p50, fastest),
            ratio(&way.cold_ms(), &normal),
            ratio(&way.cold_ms(), &python),
        ]);
    }
    table
}

/// How many warm runs a cold start takes; a dash where that says nothing, since the model is next to nothing.
fn times_warm(cold: f64, warm: Option<f64>) -> String {
    figure(warm.filter(|warm| cold < 100.0 * warm).map(|warm| cold / warm), 2)
}

/// Where the time went, by phase: medians in milliseconds, each of its own. Other programs have phases of their own.
pub(super) fn phases(runs: &ModelRuns) -> Table {
    let phases = blink_runtime::Phase::ALL.map(blink_runtime::Phase::name);
    let headings: Vec<_> = ["phases, ms"].into_iter().chain(phases).collect();
    let mut table = Table::new(&headings);
    for (way, _) in measured(runs).filter(|(way, _)| way.way != "python") {
        let cells = phases.map(|phase| figure(median(&way.phase(phase)), 2));
        table.row([label(&way.way)].into_iter().chain(cells));
    }
    table
}
