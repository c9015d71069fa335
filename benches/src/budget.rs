//! Budgets: what a start may cost at most, and whether it was kept.
//!
//! ```text
//! [WAY[@STATE]:]FIGURE[.pNN|.min|.max] < VALUE[UNIT]     cold.p95<60ms   python@disk:faults<=800   pss.max<30MB
//! [WAY[@STATE]:]pNN|min|max < VALUE[UNIT]                p95<60ms        the same of `cold`
//! WAY/WAY < VALUE                                        snapshot/normal<0.7
//! ```
//!
//! `<=` is known too. Where nothing else is named, it is the median that is judged, of the first way, in the first
//! state; warm runs and system calls are of page cache hot alone. Two ways are compared by their median cold starts in
//! the first state.
//!
//! What was not measured breaks a budget: a check that found nothing to check has not passed.
//!
//! | file | what it holds |
//! |---|---|
//! | `parse.rs` | a budget as it is typed |
//! | `judge.rs` | a budget held against a measurement |

mod judge;
mod parse;

use serde::{Deserialize, Serialize};

pub use self::parse::BudgetError;
use crate::figure::{Figure, Unit};
use crate::measurement::State;

/// What is demanded of a measurement.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// As it was typed.
    text: String,
    demand: Demand,
    /// The most it may be, in the demand's unit.
    most: f64,
    /// Whether it may be just that.
    or_equal: bool,
}

/// What is held to a number.
#[derive(Clone, Debug, PartialEq)]
enum Demand {
    /// A figure of a way; `None`: the first way, or the first state.
    Figure { way: Option<String>, state: Option<State>, figure: Figure, of: Of },
    /// The median cold start of one way by that of another.
    Ratio { above: String, below: String },
}

/// Which of a figure's samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// So many in a hundred are at most this.
    Percentile(u8),
    Min,
    Max,
}

/// A budget, and what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// As it was typed.
    pub budget: String,
    /// The most it may be, in `unit`.
    pub most: f64,
    /// What it was; `None`: it was not measured, which breaks the budget.
    pub found: Option<f64>,
    /// The unit of both.
    pub unit: Unit,
    /// Whether `found` is within the budget.
    pub kept: bool,
    /// Of which way, in which state, which percentile of which figure, in words; or why there is nothing to judge.
    pub judged: String,
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Verdict { budget, most: _, found, unit, kept, judged } = self;
        let verdict = if *kept { "kept  " } else { "BROKEN" };
        match found {
            Some(found) => write!(f, "{verdict}  {budget}: {judged} is {}", unit.show(*found)),
            None => write!(f, "{verdict}  {budget}: {judged}"),
        }
    }
}

#[cfg(test)]
#[path = "budget_tests.rs"]
mod tests;
