//! A budget held against a measurement.

use super::{Budget, Demand, Of, Verdict};
use crate::figure::Figure;
use crate::measurement::{Measurement, State, WayRuns};
use crate::statistics::{median, percentile};

impl Budget {
    /// Whether `measurement` keeps it. What was not measured breaks it.
    pub fn judge(&self, measurement: &Measurement) -> Verdict {
        let (found, judged) = match self.demand.found(measurement) {
            Ok((found, judged)) => (Some(found), judged),
            Err(missing) => (None, format!("not measured: {missing}")),
        };
        let is_kept = |found: f64| if self.or_equal { found <= self.most } else { found < self.most };
        Verdict {
            budget: self.text.clone(),
            most: self.most,
            found,
            unit: self.demand.unit(),
            kept: found.is_some_and(is_kept),
            judged,
        }
    }
}

impl Demand {
    /// The value, and what it is of; or what is missing.
    fn found(&self, measurement: &Measurement) -> Result<(f64, String), String> {
        match self {
            Demand::Figure { way, state, figure, of } => {
                let way = match way {
                    Some(name) => find(measurement, name)?,
                    None => measurement.ways.first().ok_or("it has no way to start")?,
                };
                let state = state.unwrap_or_else(|| default_state(*figure, measurement));
                let place = format!("{} {}", way.name, state.name());
                let found = of.value(&figure.samples(measurement, way, state));
                let found = found.ok_or_else(|| format!("{place} has no {figure}{}", instead(measurement, way)))?;
                Ok((found, format!("{place}, {} of {figure}", of.words())))
            }
            Demand::Ratio { above, below } => {
                let state = default_state(Figure::Cold, measurement);
                let cold = |name| {
                    let way = find(measurement, name)?;
                    let samples = Figure::Cold.samples(measurement, way, state);
                    median(&samples).ok_or_else(|| format!("{name} has no starts from page cache {}", state.name()))
                };
                let (over, under) = (cold(above)?, cold(below)?);
                if under <= 0.0 {
                    return Err(format!("the cold start of {below} is {under} ms, which nothing can be divided by"));
                }
                Ok((over / under, format!("median cold start of {above} by that of {below}, {}", state.name())))
            }
        }
    }
}

fn find<'a>(measurement: &'a Measurement, name: &str) -> Result<&'a WayRuns, String> {
    measurement.way(name).ok_or_else(|| {
        let known: Vec<_> = measurement.ways.iter().map(|way| way.name.as_str()).collect();
        format!("way '{name}' is not among {}", known.join(", "))
    })
}

/// The first state that was asked for, where the figure is of one.
fn default_state(figure: Figure, measurement: &Measurement) -> State {
    match figure {
        Figure::Warm | Figure::Syscalls => State::Hot,
        _ => measurement.settings.states.first().copied().unwrap_or(State::Hot),
    }
}

/// What could have been asked for in place of what is missing.
fn instead(measurement: &Measurement, way: &WayRuns) -> String {
    let has = |state| Figure::all().filter(move |figure| !figure.samples(measurement, way, state).is_empty());
    let known = [State::Hot, State::Disk].map(|state| {
        let names: Vec<_> = has(state).map(Figure::name).collect();
        (!names.is_empty()).then(|| format!("{} has {}", state.name(), names.join(", ")))
    });
    let known: Vec<_> = known.into_iter().flatten().collect();
    if known.is_empty() { String::new() } else { format!(" ({})", known.join("; ")) }
}

impl Of {
    fn value(self, samples: &[f64]) -> Option<f64> {
        percentile(
            samples,
            match self {
                Of::Percentile(percent) => f64::from(percent) / 100.0,
                Of::Min => 0.0,
                Of::Max => 1.0,
            },
        )
    }

    fn words(self) -> String {
        match self {
            Of::Percentile(50) => "median".into(),
            Of::Percentile(percent) => format!("p{percent}"),
            Of::Min => "least".into(),
            Of::Max => "greatest".into(),
        }
    }
}
