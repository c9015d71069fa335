//! [`github`]: figures as github-action-benchmark reads them with `tool: customSmallerIsBetter`.
//!
//! That is an array of objects: `name`, `unit`, `value`, and as text `range` and `extra`.

use serde::Serialize;

use super::exported;
use super::view::View;
use crate::measurement::Measurement;

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    extra: String,
}

/// The figures of `measurement` as a JSON array.
pub fn github(measurement: &Measurement) -> String {
    let mut entries = Vec::new();
    for view in View::all(std::slice::from_ref(measurement)) {
        let (machine, settings) = (&measurement.machine, &measurement.settings);
        let on = format!("{}, {} threads, blink {}", machine.cpu, settings.threads, measurement.machine.blink);
        entries.extend(exported::figures(&view).into_iter().map(|figure| Entry {
            name: format!("{} {}", figure.of, figure.figure),
            unit: if figure.unit.is_empty() { figure_unit(&figure.figure) } else { figure.unit },
            value: figure.value,
            range: figure.interval.map(|interval| format!("{} to {}", interval.low, interval.high)),
            extra: format!("{} samples; {on}", figure.samples),
        }));
    }
    super::json(&entries)
}

/// A unit may not be empty there.
fn figure_unit(figure: &str) -> &'static str {
    if figure == "ratio" { "times" } else { "count" }
}
