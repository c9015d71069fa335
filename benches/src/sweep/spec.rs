//! [`SweepSpec`]: a sweep as it is typed, `AXIS=VALUE,VALUE,...`.

use std::path::PathBuf;
use std::str::FromStr;

use crate::measurement::Axis;

/// The most values of a sweep.
const MAX_VALUES: usize = 64;
/// The most workers at once.
const MAX_WORKERS: usize = 1024;

/// What grows, and the values it takes: numbers from the least, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SweepSpec {
    /// Threads of a run.
    Threads(Vec<usize>),
    /// Sizes of the inputs' first symbolic dim.
    Batch(Vec<usize>),
    /// Workers alive at once.
    Workers(Vec<usize>),
    /// Artifacts, each with one model; where guests are measured, each with a guest.
    Size(Vec<PathBuf>),
}

/// Why a text is no sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SpecError {
    #[error("sweep '{typed}' has no values: expected AXIS=VALUE,VALUE,... such as threads=1,2 or size=a.blink,b.blink")]
    Values { typed: String },
    #[error("{0}")]
    Axis(String),
    #[error("value '{value}' of axis {axis} is no number from 1 to {most}", axis = axis.name())]
    Number { axis: Axis, value: String, most: usize },
    #[error("sweep along {axis} has {found} values, expected at most {MAX_VALUES}", axis = axis.name())]
    Many { axis: Axis, found: usize },
}

impl SweepSpec {
    /// What grows.
    pub fn axis(&self) -> Axis {
        match self {
            SweepSpec::Threads(_) => Axis::Threads,
            SweepSpec::Batch(_) => Axis::Batch,
            SweepSpec::Workers(_) => Axis::Workers,
            SweepSpec::Size(_) => Axis::Size,
        }
    }

    /// How many values it takes.
    pub fn values(&self) -> usize {
        match self {
            SweepSpec::Threads(values) | SweepSpec::Batch(values) | SweepSpec::Workers(values) => values.len(),
            SweepSpec::Size(values) => values.len(),
        }
    }
}

impl FromStr for SweepSpec {
    type Err = SpecError;

    fn from_str(typed: &str) -> Result<SweepSpec, SpecError> {
        let missing = || SpecError::Values { typed: typed.to_owned() };
        let (axis, values) = typed.split_once('=').ok_or_else(missing)?;
        let axis: Axis = axis.parse().map_err(SpecError::Axis)?;
        let values: Vec<&str> = values.split(',').collect();
        if values.iter().any(|value| value.is_empty()) {
            return Err(missing());
        }
        if values.len() > MAX_VALUES {
            return Err(SpecError::Many { axis, found: values.len() });
        }
        let numbers = |most: usize| {
            let number = |value: &&str| {
                let number = value.parse().ok().filter(|number| (1..=most).contains(number));
                number.ok_or_else(|| SpecError::Number { axis, value: (*value).to_owned(), most })
            };
            let mut numbers: Vec<usize> = values.iter().map(number).collect::<Result<_, _>>()?;
            numbers.sort_unstable();
            numbers.dedup();
            Ok(numbers)
        };
        Ok(match axis {
            Axis::Threads => SweepSpec::Threads(numbers(512)?),
            Axis::Batch => SweepSpec::Batch(numbers(1 << 20)?),
            Axis::Workers => SweepSpec::Workers(numbers(MAX_WORKERS)?),
            Axis::Size | Axis::Guest => SweepSpec::Size(values.iter().map(PathBuf::from).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_are_read() {
        let parse = |typed: &str| typed.parse::<SweepSpec>();
        assert_eq!(parse("threads=1,2"), Ok(SweepSpec::Threads(vec![1, 2])));
        assert_eq!(parse("batch=4,1,4"), Ok(SweepSpec::Batch(vec![1, 4])));
        assert_eq!(parse("workers=8"), Ok(SweepSpec::Workers(vec![8])));
        assert_eq!(parse("size=b.blink,a=1.blink"), Ok(SweepSpec::Size(vec!["b.blink".into(), "a=1.blink".into()])));
        assert_eq!((parse("size=a,b").unwrap().axis(), parse("size=a,b").unwrap().values()), (Axis::Size, 2));
    }

    #[test]
    fn what_is_no_sweep_is_refused() {
        let refusal = |typed: &str| typed.parse::<SweepSpec>().unwrap_err();
        for typed in ["threads", "threads=", "size=", "size=a,,b", ""] {
            assert!(matches!(refusal(typed), SpecError::Values { .. }), "{typed}");
        }
        // A guest's size is asked for as `size`.
        assert!(["depth=1", "guest=a.blink"].iter().all(|typed| matches!(refusal(typed), SpecError::Axis(_))));
        for typed in ["threads=0", "batch=-1", "workers=1025", "threads=1,two", "threads=1000"] {
            assert!(matches!(refusal(typed), SpecError::Number { .. }), "{typed}");
        }
        let many = format!("batch={}", vec!["1"; 65].join(","));
        assert!(matches!(refusal(&many), SpecError::Many { found: 65, .. }));
    }
}
