//! [`Comparison`]: what changed between two measurements, or between two ways of one, and what is only noise.
//!
//! | file | what it holds |
//! |---|---|
//! | `sides.rs` | the samples a figure is made of, on each side |
//! | `judge.rs` | what counts as a change |
//! | `doubts.rs` | why two measurements may not be comparable |
//!
//! A figure is called worse or better where all of these hold:
//! - its median moved by more than the threshold, as a share of the old one;
//! - and by more than a floor, below which nobody cares: 0.1 ms, 64 KiB, 16 faults or calls, 0.01 of a ratio;
//! - and chance would do as much in less than 1 in 100 comparisons, if nothing had changed: a permutation test, with
//!   Holm's correction over all the figures that are judged. Asking thirty figures at once is asking thirty times;
//!   without it one comparison in four of the same build would find a change.
//!
//! Counts that came out the same in every run of their side have no noise to test: the first two decide. It is the
//! same where the whole interval of its ratio lies within the threshold, or that of its difference within the floor.
//! Otherwise it is unclear, which more runs can settle.
//!
//! Judged are all figures but phases, proportional and private memory. Phases tell where a change went; these two fall
//! while any other process maps the same libraries, where `peak` does not. They are corrected among themselves and never
//! make a regression.
//!
//! Two files hold two sessions, and the machine's mood between them is in every figure. Where both builds are at hand,
//! measure them in turns and compare the ways.

mod doubts;
mod judge;
mod sides;

use serde::Serialize;

use crate::figure::{Figure, Unit};
use crate::measurement::{Measurement, State, WayRuns};
use crate::statistics::{Derived, Difference, Ratio};

pub use self::judge::SURE;

/// The least share by which a median must move to have changed, unless somebody asks for another.
pub const THRESHOLD: f64 = 0.05;

/// Two sides held against each other, figure by figure.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The least share by which a median must move to have changed.
    pub threshold: f64,
    /// Every figure that both sides have, by way, state and figure.
    pub rows: Vec<Row>,
    /// What only one side has, in words.
    pub left_out: Vec<String>,
    /// Why nothing, or less, should be concluded, in words.
    pub doubts: Vec<String>,
}

/// One figure of one way in one state, on both sides.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The way's name; of two ways, the new one's.
    pub way: String,
    /// In which state of the page cache.
    pub state: State,
    /// Which figure.
    pub figure: Figure,
    /// What the figure is counted in.
    pub unit: Unit,
    /// Whether it can make a regression.
    pub is_judged: bool,
    /// Samples of the old and the new side.
    pub counts: [usize; 2],
    /// The old median, in `unit`.
    pub old: f64,
    /// The new median, in `unit`.
    pub new: f64,
    /// New less old, in `unit`.
    pub difference: Difference,
    /// New by old; `None` where the old one is not above 0, or too near to it.
    pub ratio: Option<Ratio>,
    /// What the permutation test says of this figure alone; `None` of counts without noise.
    pub p: Option<f64>,
    /// The same, corrected for the figures that were asked at once.
    pub corrected_p: Option<f64>,
    /// What to make of it.
    pub change: Change,
}

/// What became of a figure. Less is better, of all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It grew, beyond doubt and by enough to matter.
    Worse,
    /// It shrank likewise.
    Better,
    /// More runs would tell.
    Unclear,
    /// It did not change by enough to matter, beyond doubt.
    Same,
}

/// Holds `new` against `old`. A median must move by more than the share `threshold` to have changed: [`THRESHOLD`].
pub fn compare(old: &Measurement, new: &Measurement, threshold: f64) -> Comparison {
    let mut pairs = Pairs::default();
    for way in &old.ways {
        match new.way(&way.name) {
            Some(other) => pairs.add(&way.name, (old, way), (new, other)),
            None => pairs.left_out.push(format!("way '{}' is only in the old one", way.name)),
        }
    }
    let added = new.ways.iter().filter(|way| old.way(&way.name).is_none());
    pairs.left_out.extend(added.map(|way| format!("way '{}' is only in the new one", way.name)));
    pairs.judged(threshold, doubts::between(old, new))
}

/// Holds ways of one measurement against each other: of each pair the second against the first. All pairs are judged
/// together. `None` where the measurement lacks one of them.
pub fn compare_ways(measurement: &Measurement, pairs: &[(&str, &str)], threshold: f64) -> Option<Comparison> {
    let mut compared = Pairs::default();
    for (base, new) in pairs {
        compared.add(new, (measurement, measurement.way(base)?), (measurement, measurement.way(new)?));
    }
    let ways = pairs.iter().flat_map(|(base, new)| [base, new]).filter_map(|name| measurement.way(name));
    Some(compared.judged(threshold, doubts::within(measurement, ways)))
}

impl Comparison {
    /// What got worse and is judged: a regression, where there is any.
    pub fn worse(&self) -> impl Iterator<Item = &Row> {
        self.judged(Change::Worse)
    }

    /// The judged figures of which this became.
    pub fn judged(&self, change: Change) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.is_judged && row.change == change)
    }
}

impl Row {
    /// What became of it, in a word that fits the figure.
    pub fn word(&self) -> &'static str {
        let is_time = self.unit == Unit::Ms;
        match self.change {
            Change::Worse if is_time => "slower",
            Change::Better if is_time => "faster",
            Change::Worse => "more",
            Change::Better => "less",
            Change::Same => "same",
            Change::Unclear => "unclear",
        }
    }
}

/// A figure on both sides, not yet judged.
struct Pair {
    way: String,
    state: State,
    figure: Figure,
    old: Derived,
    new: Derived,
}

#[derive(Default)]
struct Pairs {
    pairs: Vec<Pair>,
    left_out: Vec<String>,
}

impl Pairs {
    fn add(&mut self, name: &str, old: (&Measurement, &WayRuns), new: (&Measurement, &WayRuns)) {
        for state in [State::Hot, State::Disk] {
            let is_in = [old.1.state(state).is_some(), new.1.state(state).is_some()];
            if is_in[0] != is_in[1] {
                self.left_out.push(format!("way '{name}' was started from '{}' only in {}", state.name(), only(is_in)));
            }
            for figure in Figure::all() {
                let side = |(measurement, way)| sides::derive(figure, measurement, way, state);
                match (side(old), side(new)) {
                    (Some(old), Some(new)) => self.pairs.push(Pair { way: name.to_owned(), state, figure, old, new }),
                    (None, None) => {}
                    (old, _) if is_in[0] == is_in[1] => {
                        let only = only([old.is_some(), old.is_none()]);
                        self.left_out.push(format!("way '{name}', {}: {figure} is only in {only}", state.name()));
                    }
                    // All of the state has been told of.
                    _ => {}
                }
            }
        }
    }

    fn judged(self, threshold: f64, doubts: Vec<String>) -> Comparison {
        Comparison { threshold, rows: judge::rows(self.pairs, threshold), left_out: self.left_out, doubts }
    }
}

fn only(is_in: [bool; 2]) -> &'static str {
    if is_in[0] { "the old one" } else { "the new one" }
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
