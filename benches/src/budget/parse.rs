//! A budget as it is typed.

use std::str::FromStr;

use super::{Budget, Demand, Of};
use crate::figure::{Figure, Unit};
use crate::measurement::State;

/// Why words are no budget.
#[derive(Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs)]
pub enum BudgetError {
    #[error("budget '{budget}' has no '<', expected FIGURE<VALUE, such as 'p95<60ms' or 'snapshot@disk:faults<=800'")]
    NoBound { budget: String },
    #[error("budget '{budget}' names no way {place}, expected its name: snapshot, normal, or what a peer is called")]
    NoWay { budget: String, place: &'static str },
    #[error("budget '{budget}' compares ways, and has a '/', a ':' or a '@' too many: expected WAY/WAY<VALUE")]
    Ratio { budget: String },
    #[error("budget '{budget}': {source}")]
    State { budget: String, source: Unknown },
    #[error("budget '{budget}': {source}, or a percentile of cold: p1 to p99, min, max")]
    Figure { budget: String, source: Unknown },
    #[error("budget '{budget}' asks for '{found}' of {figure}, expected p1 to p99, min or max")]
    Percentile { budget: String, found: String, figure: Figure },
    #[error("budget '{budget}' has the value '{found}', expected digits with at most one point, and then {units}")]
    Value { budget: String, found: String, units: &'static str },
    #[error("budget '{budget}' has the unit '{found}', expected {units}")]
    Unit { budget: String, found: String, units: &'static str },
}

/// A name that is not known, and those that are.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(String);

impl Budget {
    /// Reads a budget.
    pub fn parse(text: &str) -> Result<Budget, BudgetError> {
        let budget = || text.to_owned();
        let (left, right) = text.split_once('<').ok_or_else(|| BudgetError::NoBound { budget: budget() })?;
        let (or_equal, value) = right.strip_prefix('=').map_or((false, right), |value| (true, value));
        let demand = demand(text, left.trim())?;
        let most = most(text, value.trim(), demand.unit())?;
        Ok(Budget { text: budget(), demand, most, or_equal })
    }
}

impl FromStr for Budget {
    type Err = BudgetError;

    fn from_str(text: &str) -> Result<Budget, BudgetError> {
        Budget::parse(text)
    }
}

impl Demand {
    pub(super) fn unit(&self) -> Unit {
        match self {
            Demand::Figure { figure, .. } => figure.unit(),
            Demand::Ratio { .. } => Unit::Times,
        }
    }
}

fn demand(budget: &str, text: &str) -> Result<Demand, BudgetError> {
    let named = |way: &str, place| match way.trim() {
        "" => Err(BudgetError::NoWay { budget: budget.to_owned(), place }),
        way => Ok(way.to_owned()),
    };
    if let Some((above, below)) = text.split_once('/') {
        if text.contains([':', '@']) || below.contains('/') {
            return Err(BudgetError::Ratio { budget: budget.to_owned() });
        }
        return Ok(Demand::Ratio { above: named(above, "before '/'")?, below: named(below, "after '/'")? });
    }
    let Some((place, figure)) = text.split_once(':') else {
        let (figure, of) = figure(budget, text)?;
        return Ok(Demand::Figure { way: None, state: None, figure, of });
    };
    let (figure, of) = self::figure(budget, figure.trim())?;
    let (way, state) = match place.split_once('@') {
        Some((way, state)) => (way, Some(self::state(budget, state.trim())?)),
        None => (place, None),
    };
    Ok(Demand::Figure { way: Some(named(way, "before ':'")?), state, figure, of })
}

fn state(budget: &str, name: &str) -> Result<State, BudgetError> {
    name.parse().map_err(|error| BudgetError::State { budget: budget.to_owned(), source: Unknown(error) })
}

fn figure(budget: &str, text: &str) -> Result<(Figure, Of), BudgetError> {
    if let Some(of) = percentile(text) {
        return Ok((Figure::Cold, of));
    }
    let (name, of) = text.split_once('.').map_or((text, None), |(name, of)| (name, Some(of)));
    let unknown = |error| BudgetError::Figure { budget: budget.to_owned(), source: Unknown(error) };
    let figure: Figure = name.parse().map_err(unknown)?;
    let refused = |found: &str| BudgetError::Percentile { budget: budget.to_owned(), found: found.to_owned(), figure };
    let of = of.map_or(Ok(Of::Percentile(50)), |of| percentile(of).ok_or_else(|| refused(of)))?;
    Ok((figure, of))
}

fn percentile(text: &str) -> Option<Of> {
    match text {
        "min" => Some(Of::Min),
        "max" => Some(Of::Max),
        _ => {
            let digits = text.strip_prefix('p').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            digits.parse().ok().filter(|percent| (1..100).contains(percent)).map(Of::Percentile)
        }
    }
}

/// A value in the unit that its figure is counted in.
fn most(budget: &str, text: &str, unit: Unit) -> Result<f64, BudgetError> {
    let units = units(unit);
    let (digits, name) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len()));
    let value = digits.parse::<f64>().ok().filter(|value| value.is_finite());
    let value = value.ok_or_else(|| BudgetError::Value { budget: budget.to_owned(), found: text.to_owned(), units })?;
    let factor = factor(unit, name.trim());
    let factor =
        factor.ok_or_else(|| BudgetError::Unit { budget: budget.to_owned(), found: name.trim().to_owned(), units })?;
    Ok(value * factor)
}

/// How many of `unit` one of those called `name` is. A time or a size without a unit is a guess, and none is made.
fn factor(unit: Unit, name: &str) -> Option<f64> {
    match unit {
        Unit::Ms => match name {
            "us" | "\u{b5}s" | "\u{3bc}s" => Some(1e-3),
            "ms" => Some(1.0),
            "s" => Some(1e3),
            _ => None,
        },
        Unit::Bytes => match name {
            "B" => Some(1.0),
            "KB" => Some(1e3),
            "MB" => Some(1e6),
            "GB" => Some(1e9),
            "KiB" => Some(f64::from(1 << 10)),
            "MiB" => Some(f64::from(1 << 20)),
            "GiB" => Some(f64::from(1 << 30)),
            _ => None,
        },
        Unit::Count | Unit::Times => name.is_empty().then_some(1.0),
    }
}

fn units(unit: Unit) -> &'static str {
    match unit {
        Unit::Ms => "us, ms or s",
        Unit::Bytes => "B, KB, MB, GB, KiB, MiB or GiB",
        Unit::Count | Unit::Times => "no unit",
    }
}
