//! Answers under load: latency and rate over clients (closed loop) or over the rate at which requests came (open loop).
//!
//! The two loops are never in one plot: their latencies are counted from different moments.

use super::Plot;
use super::lines::{self, Mark, Over, Series};
use crate::report::view::{Load, View};

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Loop {
    /// Each client asks again as soon as it is answered.
    Closed,
    /// They come whether or not earlier ones are answered.
    Open,
}

impl Loop {
    /// How the requests of `load` came.
    pub(in crate::report) fn of(load: &Load<'_>) -> Loop {
        if load.offered().is_some() { Loop::Open } else { Loop::Closed }
    }
}

/// What of a load is drawn.
type Figure = fn(&Load<'_>) -> Option<f64>;

/// Each plot: what it shows, in which unit, and how a load is read.
const FIGURES: [(&str, &str, Figure); 3] = [
    ("Latency, median", "ms", |load| load.latency.map(|latency| latency.p50)),
    ("Latency, p99", "ms", |load| load.latency.map(|latency| latency.p99)),
    ("Answers a second", "answers/s", |load| Some(load.runs.rate())),
];

/// The plots of one kind of load; none where it was not measured.
pub(in crate::report) fn plots(view: &View<'_>, of: Loop) -> Vec<Plot> {
    let loads: Vec<&Load<'_>> = view.loads.iter().filter(|load| Loop::of(load) == of).collect();
    let at = |load: &Load<'_>| load.offered().unwrap_or(load.runs.concurrency as f64);
    let mut values: Vec<f64> = loads.iter().map(|load| at(load)).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let what = match of {
        Loop::Closed => "clients, each with one request at a time",
        Loop::Open => "requests a second that came",
    };
    let values = values.into_iter().map(|value| (value, super::short(value))).collect();
    let over = Over { what: what.to_owned(), values };
    // Of an open loop, workers are a second thing that may differ.
    let is_split =
        of == Loop::Open && loads.windows(2).any(|pair| pair[0].runs.concurrency != pair[1].runs.concurrency);
    let name = |load: &Load<'_>| match is_split {
        true => format!("{} ×{}", load.runs.name, load.runs.concurrency),
        false => load.runs.name.clone(),
    };
    let mut names: Vec<(String, String)> = Vec::new();
    for load in &loads {
        let name = (name(load), view.colour(&load.runs.name));
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let series = |(own, colour): &(String, String), figure: Figure| {
        let mut points: Vec<Mark> = loads
            .iter()
            .filter(|load| name(load) == *own)
            .filter_map(|load| figure(load).map(|y| Mark { x: at(load), y, interval: None }))
            .collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        Series { name: own.clone(), colour: colour.clone(), points }
    };
    let plot = |(title, unit, figure): (&str, &str, Figure)| {
        let series: Vec<_> = names.iter().map(|name| series(name, figure)).collect();
        lines::plot(title.to_owned(), unit, &over, &series)
    };
    FIGURES.into_iter().filter_map(plot).collect()
}
