//! [`Scale`]: where a value stands between two ends, and which values to write beside it.
//!
//! Ends are round numbers. Whatever it is given, it holds: values that are no numbers, or beyond 1e300, are left out.

/// From which ratio of the greatest to the least value on a scale is logarithmic.
const FAR: f64 = 10.0;
/// No value beyond this is placed.
const GREATEST: f64 = 1e300;

/// A scale.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// Equal distances are equal differences.
    Linear { low: f64, high: f64, step: f64 },
    /// Equal distances are equal ratios. Both ends are above 0.
    Log { low: f64, high: f64 },
}

impl Scale {
    /// From 0, or from the least value below it, to the greatest.
    pub(super) fn linear(values: impl IntoIterator<Item = f64>, most: usize) -> Scale {
        let (least, greatest) = ends(values).unwrap_or((0.0, 0.0));
        let (least, mut greatest) = (least.min(0.0), greatest.max(0.0));
        if greatest - least <= 1e-300 {
            greatest = 1.0;
        }
        let step = round_up((greatest - least) / most.max(1) as f64);
        Scale::Linear { low: (least / step).floor() * step, high: (greatest / step).ceil() * step, step }
    }

    /// Logarithmic where all values are above 0 and far apart, else linear.
    pub(super) fn fitting(values: impl IntoIterator<Item = f64>, most: usize) -> Scale {
        let values: Vec<f64> = values.into_iter().collect();
        match ends(values.iter().copied()) {
            Some((least, greatest)) if least > 1e-300 && greatest / least > FAR => {
                Scale::Log { low: round_down(least), high: round_up(greatest) }
            }
            _ => Scale::linear(values, most),
        }
    }

    /// Whether equal distances are equal ratios.
    pub(super) fn is_log(self) -> bool {
        matches!(self, Scale::Log { .. })
    }

    /// Its place: 0 at the lower end, 1 at the upper; beyond them, the nearer end.
    pub(super) fn at(self, value: f64) -> f64 {
        let place = match self {
            Scale::Linear { low, high, .. } => (value - low) / (high - low),
            Scale::Log { low, high } => (value.max(f64::MIN_POSITIVE).ln() - low.ln()) / (high.ln() - low.ln()),
        };
        if place.is_finite() { place.clamp(0.0, 1.0) } else { 0.0 }
    }

    /// The values to write, from the lower end: at most about `most`.
    pub(super) fn ticks(self, most: usize) -> Vec<f64> {
        let most = most.max(2);
        match self {
            Scale::Linear { low, high, step } => {
                let steps = ((high - low) / step).round().clamp(1.0, 100.0) as usize;
                let every = steps.div_ceil(most);
                (0..=steps).step_by(every).map(|index| low + step * index as f64).collect()
            }
            Scale::Log { low, high } => {
                let within = |tick: &f64| *tick >= low * 0.999 && *tick <= high * 1.001;
                let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
                let fine: Vec<f64> = (first..=last)
                    .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)))
                    .filter(within)
                    .collect();
                if fine.len() <= most {
                    return fine;
                }
                let tens: Vec<f64> = (first..=last).map(|power| 10f64.powi(power)).filter(within).collect();
                let every = tens.len().div_ceil(most).max(1);
                tens.into_iter().step_by(every).collect()
            }
        }
    }
}

/// The least and the greatest; `None` where there is no number.
fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let numbers = values.into_iter().filter(|value| value.is_finite() && value.abs() <= GREATEST);
    numbers.fold(None, |ends, value| {
        let (least, greatest) = ends.unwrap_or((value, value));
        Some((value.min(least), value.max(greatest)))
    })
}

/// The next 1, 2 or 5 times a power of ten that is at least `value`.
fn round_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0]
        .map(|digit| digit * power)
        .into_iter()
        .find(|&round| round >= value * 0.999_999)
        .unwrap_or(power * 10.0)
}

/// The next such number that is at most `value`.
fn round_down(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [5.0, 2.0].map(|digit| digit * power).into_iter().find(|&round| round <= value * 1.000_001).unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_round_and_hold_every_value() {
        let scale = Scale::linear([3.0, 36.2], 4);
        assert_eq!(scale, Scale::Linear { low: 0.0, high: 40.0, step: 10.0 });
        assert_eq!((scale.at(0.0), scale.at(20.0), scale.at(50.0)), (0.0, 0.5, 1.0));
        assert_eq!(scale.ticks(4), [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(Scale::linear([-3.0, 1.0], 4).ticks(4).first(), Some(&-3.0));
        let far = Scale::fitting([36.2, 512.0], 4);
        assert_eq!(far, Scale::Log { low: 20.0, high: 1000.0 });
        assert_eq!((far.at(20.0), far.at(1000.0), far.at(-1.0)), (0.0, 1.0, 0.0));
        assert_eq!((far.ticks(6).len(), far.ticks(4)), (6, vec![100.0, 1000.0]));
    }

    #[test]
    fn strange_values_give_a_scale_all_the_same() {
        let strange = [f64::NAN, f64::INFINITY, f64::MAX, 0.0, -0.0, 1e-310, 1e300, -1e300];
        for first in strange {
            for second in strange {
                for scale in [Scale::linear([first, second], 4), Scale::fitting([first, second], 4)] {
                    let ticks = scale.ticks(4);
                    assert!(!ticks.is_empty() && ticks.len() < 12, "{first} {second}: {ticks:?}");
                    assert!(ticks.iter().all(|tick| tick.is_finite()), "{first} {second}: {ticks:?}");
                    assert!(strange.iter().all(|&value| (0.0..=1.0).contains(&scale.at(value))), "{first} {second}");
                }
            }
        }
    }
}
