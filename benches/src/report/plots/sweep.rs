//! A sweep: cold starts, warm runs and memory over the one thing that grows, a plot for each.

use super::Plot;
use super::lines::{self, Mark, Over, Series};
use crate::measurement::{Axis, PointRuns, SweepRuns};
use crate::report::show;
use crate::report::view::interval;
use crate::statistics::Summary;

/// What of a point is drawn.
type Figure = fn(&PointRuns) -> Option<(f64, Option<crate::statistics::Interval>)>;

/// Each plot: what it shows, in which unit, and how a point is read.
const FIGURES: [(&str, &str, Figure); 4] = [
    ("Cold start", "ms", |runs| summed(&runs.cold_ms)),
    ("Warm run", "ms", |runs| summed(&runs.warm_ms)),
    ("Memory of all workers together (PSS)", "MiB", |runs| memory(runs.pss_bytes)),
    ("Private memory of the largest worker", "MiB", |runs| memory(runs.private_bytes)),
];

/// The plots of one sweep. `colour` gives that of each way.
pub(in crate::report) fn plots(sweep: &SweepRuns, colour: impl Fn(&str) -> String) -> Vec<Plot> {
    FIGURES.into_iter().filter_map(|figure| plot(sweep, &colour, figure)).collect()
}

/// The first of them; `None` where there is no cold start.
pub(in crate::report) fn cold_starts(sweep: &SweepRuns, colour: impl Fn(&str) -> String) -> Option<Plot> {
    plot(sweep, &colour, FIGURES[0])
}

fn plot(
    sweep: &SweepRuns,
    colour: &dyn Fn(&str) -> String,
    (title, unit, figure): (&str, &str, Figure),
) -> Option<Plot> {
    let label = |at: f64, label: &str| match sweep.axis {
        Axis::Size | Axis::Guest => show::bytes(at).replace('\u{a0}', " "),
        _ => label.to_owned(),
    };
    let over = Over {
        what: over(sweep.axis).to_owned(),
        values: sweep.points.iter().map(|point| (point.at, label(point.at, &point.label))).collect(),
    };
    let mut names: Vec<&str> = Vec::new();
    for runs in sweep.points.iter().flat_map(|point| &point.ways) {
        if !names.contains(&runs.name.as_str()) {
            names.push(&runs.name);
        }
    }
    let series = |name: &&str| Series {
        name: (*name).to_owned(),
        colour: colour(name),
        points: sweep
            .points
            .iter()
            .filter_map(|point| {
                let runs = point.ways.iter().find(|runs| runs.name == *name)?;
                figure(runs).map(|(y, interval)| Mark { x: point.at, y, interval })
            })
            .collect(),
    };
    lines::plot(title.to_owned(), unit, &over, &names.iter().map(series).collect::<Vec<_>>())
}

/// What grows, in words.
pub(in crate::report) fn over(axis: Axis) -> &'static str {
    match axis {
        Axis::Threads => "threads of a run",
        Axis::Batch => "batch",
        Axis::Size => "size of the artifact",
        Axis::Guest => "size of the guest",
        Axis::Workers => "workers alive at once",
    }
}

fn summed(ms: &[f64]) -> Option<(f64, Option<crate::statistics::Interval>)> {
    Summary::of(ms).map(|summary| (summary.p50, interval(&summary)))
}

fn memory(bytes: Option<u64>) -> Option<(f64, Option<crate::statistics::Interval>)> {
    bytes.map(|bytes| (show::mib(bytes as f64), None))
}
