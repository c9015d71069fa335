//! What a handful of noisy times says: percentiles, and an interval in which the true median lies.
//!
//! Times of processes are skewed and have outliers, so nothing here takes a mean or assumes a shape. Resampling is
//! seeded: the same samples give the same interval.
//!
//! | file | what it holds |
//! |---|---|
//! | `permutation.rs` | whether a difference is more than chance, of one figure and of many at once |
//! | `derived.rs` | figures made of several sets of samples |
//! | `random.rs` | what chance deals out |

mod derived;
mod permutation;
mod random;

use blink_examples::Random;
use serde::{Deserialize, Serialize};

pub use self::derived::Derived;
pub use self::permutation::{PERMUTATIONS, PermutationTest, holm};
use self::random::drawn_median;

/// How often samples are resampled for an interval.
const RESAMPLES: usize = 4000;
/// The share of resamples that an interval holds.
const CONFIDENCE: f64 = 0.95;

/// The distribution of some samples, in their unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many samples.
    pub count: usize,
    /// The least.
    pub min: f64,
    /// The median.
    pub p50: f64,
    /// Nine tenths are at most this.
    pub p90: f64,
    /// As `p90`, of 95 in a hundred.
    pub p95: f64,
    /// As `p90`, of 99 in a hundred; with fewer than a hundred samples it is close to the greatest.
    pub p99: f64,
    /// The greatest.
    pub max: f64,
    /// Where the true median lies, with 95 % confidence.
    pub interval: Interval,
}

/// A figure is between these with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// One median less another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference of the medians, in the unit of the samples.
    pub difference: f64,
    /// Where the true difference lies, with 95 % confidence.
    pub interval: Interval,
}

/// One median over another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// The ratio of the medians.
    pub ratio: f64,
    /// Where the true ratio lies, with 95 % confidence.
    pub interval: Interval,
}

impl Summary {
    /// The summary of `samples`; `None` where there are none.
    pub fn of(samples: &[f64]) -> Option<Summary> {
        let sorted = sorted(samples);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let at = |share| at(&sorted, share);
        let interval = resample(|random| drawn_median(random, &sorted));
        let (p50, p90, p95, p99) = (at(0.5), at(0.9), at(0.95), at(0.99));
        Some(Summary { count: samples.len(), min, p50, p90, p95, p99, max, interval })
    }
}

impl Difference {
    /// The median of `from` less that of `taken`; `None` where either is empty.
    pub fn of(from: &[f64], taken: &[f64]) -> Option<Difference> {
        Some(Difference::of_derived(&Derived::plain(from)?, &Derived::plain(taken)?))
    }

    /// One figure less another.
    pub fn of_derived(from: &Derived, taken: &Derived) -> Difference {
        let interval = resample(|random| from.resampled(random) - taken.resampled(random));
        Difference { difference: from.median() - taken.median(), interval }
    }
}

impl Ratio {
    /// The median of `numerator` over that of `denominator`; `None` where either is empty or the second median is 0.
    pub fn of(numerator: &[f64], denominator: &[f64]) -> Option<Ratio> {
        Ratio::of_derived(&Derived::plain(numerator)?, &Derived::plain(denominator)?)
    }

    /// One figure over another; `None` where the second is 0.
    pub fn of_derived(numerator: &Derived, denominator: &Derived) -> Option<Ratio> {
        let (above, below) = (numerator.median(), denominator.median());
        if below == 0.0 {
            return None;
        }
        let interval = resample(|random| numerator.resampled(random) / denominator.resampled(random));
        Some(Ratio { ratio: above / below, interval })
    }
}

/// The median; `None` of nothing.
pub fn median(samples: &[f64]) -> Option<f64> {
    percentile(samples, 0.5)
}

/// The value below which `share` of the samples lies, from 0 (the least) to 1 (the greatest), on the line between the
/// two nearest samples. `None` of nothing, and of a share outside.
pub fn percentile(samples: &[f64], share: f64) -> Option<f64> {
    (!samples.is_empty() && (0.0..=1.0).contains(&share)).then(|| at(&sorted(samples), share))
}

/// The thing in the middle by its `time`: half of the others took no longer. `None` of nothing.
pub fn middle<T>(things: &[T], time: impl Fn(&T) -> f64) -> Option<&T> {
    let mut by_time: Vec<&T> = things.iter().collect();
    by_time.sort_by(|a, b| time(a).total_cmp(&time(b)));
    by_time.get(by_time.len().saturating_sub(1) / 2).copied()
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The percentile of `sorted`, which is not empty.
fn at(sorted: &[f64], share: f64) -> f64 {
    between(sorted.len(), share, |place| sorted[place])
}

/// The percentile of `len` samples, of which `at` gives the one at a place.
fn between(len: usize, share: f64, at: impl Fn(usize) -> f64) -> f64 {
    let place = share * (len - 1) as f64;
    let (low, high) = (at(place.floor() as usize), at(place.ceil() as usize));
    low + (high - low) * (place - place.floor())
}

/// The interval that holds a figure of resampled data: the percentile bootstrap.
fn resample(figure: impl Fn(&mut Random) -> f64) -> Interval {
    let mut random = Random::new(1);
    let figures: Vec<f64> = (0..RESAMPLES).map(|_| figure(&mut random)).collect();
    let figures = sorted(&figures);
    let outside = (1.0 - CONFIDENCE) / 2.0;
    Interval { low: at(&figures, outside), high: at(&figures, 1.0 - outside) }
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
pub(crate) mod tests;
