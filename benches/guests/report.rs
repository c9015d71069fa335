//! The figures of a run as tables. Everything here can be computed again from the raw values.

use std::fmt::Write;

use blink_benches::record::{GuestRuns, NO_GUEST, SIZES};
use blink_benches::statistics::{Difference, Interval, Ratio, Summary, median};
use blink_benches::table::Table;

/// All of it.
pub(crate) fn report(runs: &GuestRuns) -> String {
    let mut text = format!("\n{}, {} threads, {} starts each, in turns\n", runs.model, runs.threads, runs.launches);
    for table in [sizes(runs), cold(runs), rows(runs), held(runs), calls(runs)] {
        let _ = write!(text, "\n{table}");
    }
    text.push('\n');
    for goal in &runs.goals {
        let _ = writeln!(text, "{goal}");
    }
    for left in &runs.left_out {
        let _ = writeln!(text, "left out: {left}");
    }
    text
}

fn sizes(runs: &GuestRuns) -> Table {
    let mut table = Table::new(&["guests", "wasm KB", "native code KB", "artifact MB"]);
    for program in &runs.guests {
        let kb = |bytes: u64| format!("{:.0}", bytes as f64 / 1e3);
        let artifact = format!("{:.2}", program.artifact_bytes as f64 / 1e6);
        table.row([program.guest.to_owned(), kb(program.wasm_bytes), kb(program.code_bytes), artifact]);
    }
    table
}

/// From the spawn to the answer in the caller's hands, in milliseconds; what the guest adds, to the model alone by the
/// same start.
fn cold(runs: &GuestRuns) -> Table {
    let headings =
        ["cold, ms", "p50", "95 %", "p90", "adds", "95 %", "link", "guest", "instance us", "by a module restored"];
    let mut table = Table::new(&headings);
    let none = || "-".to_owned();
    let ours = runs.way(SIZES[0], "restored").map(|way| way.cold_ms()).unwrap_or_default();
    for way in &runs.ways {
        let cold = way.cold_ms();
        let Some(Summary { p50, p90, interval, .. }) = Summary::of(&cold) else { continue };
        let alone = runs.way(NO_GUEST, way.start).filter(|alone| alone.guest != way.guest);
        let adds = alone.and_then(|alone| Difference::of(&cold, &alone.cold_ms()));
        let phase = |name: &str| {
            let times: Vec<f64> = way
                .cold
                .iter()
                .flat_map(|run| &run.phases)
                .filter(|time| time.phase == name)
                .map(|time| time.duration_ms)
                .collect();
            median(&times).map_or_else(none, |ms| format!("{ms:.2}"))
        };
        table.row([
            format!("{}, {}", way.guest, way.start),
            format!("{p50:.2}"),
            within(interval, 2),
            format!("{p90:.2}"),
            adds.map_or_else(none, |adds| format!("{:.2}", adds.difference)),
            adds.map_or_else(none, |adds| within(adds.interval, 2)),
            phase("link"),
            phase("guest"),
            median(&way.instantiate_us).map_or_else(none, |us| format!("{us:.0}")),
            Ratio::of(&cold, &ours).map_or_else(none, |ratio| format!("{:.2}", ratio.ratio)),
        ]);
    }
    table
}

/// Runs in a row in one worker, in microseconds.
fn rows(runs: &GuestRuns) -> Table {
    let mut table = Table::new(&["in a row, us", "runs", "instance", "95 %", "p99", "whole run", "95 %", "p99"]);
    for row in &runs.rows {
        let (made, run) = (Summary::of(&row.instantiate_us), Summary::of(&row.run_us));
        let (Some(made), Some(run)) = (made, run) else { continue };
        let cells = [made, run].into_iter().flat_map(|figure| {
            [format!("{:.1}", figure.p50), within(figure.interval, 1), format!("{:.1}", figure.p99)]
        });
        table.row([row.guest.to_owned(), row.run_us.len().to_string()].into_iter().chain(cells));
    }
    table
}

/// What the worker held after some of them.
fn held(runs: &GuestRuns) -> Table {
    let mut table =
        Table::new(&["held after", "runs", "PSS KiB", "resident KiB", "descriptors", "mappings", "threads"]);
    for (guest, (count, held)) in runs.rows.iter().flat_map(|row| row.held.iter().map(|held| (row.guest, held))) {
        let figures = [
            *count as u64,
            held.proportional / 1024,
            held.resident / 1024,
            held.descriptors,
            held.mappings,
            held.threads,
        ];
        table.row([guest.to_owned()].into_iter().chain(figures.map(|figure| figure.to_string())));
    }
    table
}

/// Calls of `compute` beside runs of the model, in microseconds.
fn calls(runs: &GuestRuns) -> Table {
    let mut table = Table::new(&["a call, us", "turns", "in the guest", "the model alone", "above", "95 %"]);
    for calls in &runs.calls {
        let (guest, model) = (Summary::of(&calls.guest_us), Summary::of(&calls.model_us));
        let above = Difference::of(&calls.guest_us, &calls.model_us);
        let (Some(guest), Some(model), Some(above)) = (guest, model, above) else { continue };
        table.row([
            calls.guest.to_owned(),
            guest.count.to_string(),
            format!("{:.2}", guest.p50),
            format!("{:.2}", model.p50),
            format!("{:.2}", above.difference),
            within(above.interval, 2),
        ]);
    }
    table
}

fn within(Interval { low, high }: Interval, digits: usize) -> String {
    format!("{low:.digits$}-{high:.digits$}")
}
