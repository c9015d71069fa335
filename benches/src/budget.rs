//! Budgets: what a start may cost at most, and whether it was kept.

use serde::{Deserialize, Serialize};

use crate::figure::Unit;

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
