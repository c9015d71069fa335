//! A model to measure, and few launches of it.

use serde_json::Value;

use crate::support::{home::Home, models};

/// Few launches.
pub(crate) const FEW: &str = "--runs 3 --warm-launches 2 --warm-runs 3";

/// A home with `one.blink` and `x.npy`.
pub(crate) fn home() -> Home {
    Home::of(models::compiled_one())
}

/// Measures `one.blink` with few launches and these words too; the measurement.
pub(crate) fn measure(home: &Home, words: &str) -> Value {
    home.blink(&format!("bench one.blink {FEW} {words} --format json")).ok().json("blink.bench/1")
}

/// The names of the ways.
pub(crate) fn ways(measurement: &Value) -> Vec<&str> {
    let ways = measurement["ways"].as_array().expect("ways");
    ways.iter().map(|way| way["name"].as_str().expect("a name")).collect()
}

/// The runs of a way in a state, which must be there.
pub(crate) fn runs<'a>(measurement: &'a Value, way: &str, state: &str) -> &'a Vec<Value> {
    let ways = measurement["ways"].as_array().expect("ways");
    let way = ways.iter().find(|found| found["name"] == way).unwrap_or_else(|| panic!("no way {way}: {measurement}"));
    let states = way["states"].as_array().expect("states");
    let found = states.iter().find(|found| found["state"] == state);
    found.unwrap_or_else(|| panic!("no state {state}: {way}"))["runs"].as_array().expect("runs")
}

/// What was left out, in one text.
pub(crate) fn left_out(measurement: &Value) -> String {
    measurement["left_out"].to_string()
}
