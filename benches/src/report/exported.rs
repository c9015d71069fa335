//! The figures that programs which follow a project over time get: of every way and state, and of every load.
//!
//! Less is better, of all of them. Phases and sweeps stay in the measurement: they are there to be looked at.

use super::view::{View, interval};
use crate::figure::{Figure, Unit};
use crate::statistics::{Interval, Summary};

/// The figures besides `cold`, each as its median.
const MEDIANS: [Figure; 9] = [
    Figure::Over,
    Figure::Ratio,
    Figure::Cpu,
    Figure::Faults,
    Figure::Major,
    Figure::Syscalls,
    Figure::Pss,
    Figure::Private,
    Figure::Peak,
];

/// A figure for another program.
pub(super) struct Exported {
    /// Of what: artifact, way and state or load, with slashes between.
    pub(super) of: String,
    /// Which: the figure's name, `cold-p95`, `latency-p50`.
    pub(super) figure: String,
    /// What it is counted in; empty of a count or a ratio.
    pub(super) unit: &'static str,
    pub(super) value: f64,
    /// Where the true value lies, with 95 % confidence, where that is told.
    pub(super) interval: Option<Interval>,
    /// How many samples it is the median or percentile of.
    pub(super) samples: usize,
}

/// All that `view` has.
pub(super) fn figures(view: &View<'_>) -> Vec<Exported> {
    let mut all = Vec::new();
    for state in view.states() {
        for (way, cold) in view.cold(state) {
            let of = format!("{}/{}/{}", view.measurement.subject.artifact, way.runs.name, state.name());
            let time = |figure: &str, value, interval| Exported {
                of: of.clone(),
                figure: figure.to_owned(),
                unit: "ms",
                value,
                interval,
                samples: cold.count,
            };
            all.push(time("cold", cold.p50, interval(&cold)));
            all.push(time("cold-p95", cold.p95, None));
            for figure in MEDIANS {
                let samples = figure.samples(view.measurement, way.runs, state);
                if let Some(summary) = Summary::of(&samples) {
                    let (value, interval, count) = (summary.p50, interval(&summary), summary.count);
                    let (of, figure, unit) = (of.clone(), figure.name().to_owned(), unit(figure.unit()));
                    all.push(Exported { of, figure, unit, value, interval, samples: count });
                }
            }
        }
    }
    for load in &view.loads {
        let loop_of = load.offered().map_or("closed".to_owned(), |rate| format!("open-{rate}"));
        let (artifact, name) = (&view.measurement.subject.artifact, &load.runs.name);
        let of = format!("{artifact}/{name}/{loop_of}/{}", load.runs.concurrency);
        for (figure, value) in load.latency.iter().flat_map(|ms| [("latency-p50", ms.p50), ("latency-p99", ms.p99)]) {
            let samples = load.runs.latency_us.len();
            all.push(Exported { of: of.clone(), figure: figure.into(), unit: "ms", value, interval: None, samples });
        }
    }
    all.retain(|figure| figure.value.is_finite());
    let is_told = |interval: &Interval| interval.low.is_finite() && interval.high.is_finite();
    all.iter_mut().for_each(|figure| figure.interval = figure.interval.filter(is_told));
    all
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Ms => "ms",
        Unit::Bytes => "bytes",
        Unit::Count | Unit::Times => "",
    }
}
