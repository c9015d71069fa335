//! [`bencher`]: figures in the Bencher Metric Format, for `bencher run --adapter json`.
//!
//! That is an object of benchmarks by name, each an object of measures by slug, each with `value` and, where they are
//! known, `lower_value` and `upper_value`. A slug ends in its unit: what Bencher makes of a new measure has none.

use std::collections::BTreeMap;

use serde::Serialize;

use super::exported::{self, Exported};
use super::view::View;
use crate::measurement::Measurement;

#[derive(Serialize)]
struct Metric {
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    lower_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upper_value: Option<f64>,
}

/// The figures of `measurement` as a JSON object.
pub fn bencher(measurement: &Measurement) -> String {
    let mut benchmarks: BTreeMap<String, BTreeMap<String, Metric>> = BTreeMap::new();
    for view in View::all(std::slice::from_ref(measurement)) {
        for figure in exported::figures(&view) {
            let metric = Metric {
                value: figure.value,
                lower_value: figure.interval.map(|interval| interval.low),
                upper_value: figure.interval.map(|interval| interval.high),
            };
            benchmarks.entry(name(&figure)).or_default().insert(slug(&figure), metric);
        }
    }
    super::json(&benchmarks)
}

/// A benchmark's name: at most 1024 characters.
fn name(figure: &Exported) -> String {
    figure.of.chars().take(1024).collect()
}

/// A measure's slug.
fn slug(figure: &Exported) -> String {
    if figure.unit.is_empty() { figure.figure.clone() } else { format!("{}-{}", figure.figure, figure.unit) }
}
