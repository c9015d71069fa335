//! Later runs.

use blink_benches::record::{ModelRuns, WayRuns};
use blink_benches::statistics::{Difference, Summary};
use blink_benches::table::Table;

use super::{label, ratio};

/// Later runs in one process, in milliseconds. Those of workers are timed by their caller; those of an instance come
/// from the process that has it beside a worker.
pub(super) fn times(runs: &ModelRuns) -> Table {
    let mut table = Table::new(&["warm, ms", "p50", "95 %", "min", "max", "by stock"]);
    let stock = runs.way("stock").map(WayRuns::warm).unwrap_or_default();
    let ways = runs.ways.iter().map(|way| (label(&way.way), way.warm()));
    let here = runs.channel.iter().map(|channel| {
        let packed = if channel.way.ends_with("packed") { ", packed" } else { "" };
        (format!("instance in one process{packed}"), channel.in_process_ms.clone())
    });
    for (name, times) in ways.chain(here) {
        let Some(Summary { p50, min, max, interval, .. }) = Summary::of(&times) else { continue };
        table.row([
            name,
            format!("{p50:.3}"),
            format!("{:.3}-{:.3}", interval.low, interval.high),
            format!("{min:.3}"),
            format!("{max:.3}"),
            ratio(&times, &stock),
        ]);
    }
    table
}

/// A warm request through a worker beside a run in the caller's process, in milliseconds.
pub(super) fn channel(runs: &ModelRuns) -> Table {
    let mut table = Table::new(&["in turns, ms", "rounds", "one process", "through it", "above", "95 %"]);
    for channel in &runs.channel {
        let (here, there) = (Summary::of(&channel.in_process_ms), Summary::of(&channel.worker_ms));
        let above = Difference::of(&channel.worker_ms, &channel.in_process_ms);
        let (Some(here), Some(there), Some(above)) = (here, there, above) else { continue };
        table.row([
            label(&channel.way),
            here.count.to_string(),
            format!("{:.3}", here.p50),
            format!("{:.3}", there.p50),
            format!("{:.3}", above.difference),
            format!("{:.3}-{:.3}", above.interval.low, above.interval.high),
        ]);
    }
    table
}
