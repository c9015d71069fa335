//! What a handful of noisy times says: percentiles, and an interval in which the true median lies.
//!
//! Times of processes are skewed and have outliers, so nothing here takes a mean or assumes a shape. Resampling is
//! seeded: the same samples give the same interval.

use serde::{Deserialize, Serialize};

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
    /// As `p90`, of a hundred; with fewer than a hundred samples it is close to the greatest.
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
        let at = |share| percentile(&sorted, share);
        let interval = resample(|random| random.median(samples));
        Some(Summary { count: samples.len(), min, p50: at(0.5), p90: at(0.9), p99: at(0.99), max, interval })
    }
}

impl Difference {
    /// The median of `from` less that of `taken`; `None` where either is empty.
    pub fn of(from: &[f64], taken: &[f64]) -> Option<Difference> {
        let difference = median(from)? - median(taken)?;
        let interval = resample(|random| random.median(from) - random.median(taken));
        Some(Difference { difference, interval })
    }
}

impl Ratio {
    /// The median of `numerator` over that of `denominator`; `None` where either is empty or the second median is 0.
    pub fn of(numerator: &[f64], denominator: &[f64]) -> Option<Ratio> {
        let (above, below) = (median(numerator)?, median(denominator)?);
        if below == 0.0 {
            return None;
        }
        let interval = resample(|random| random.median(numerator) / random.median(denominator));
        Some(Ratio { ratio: above / below, interval })
    }
}

/// The median; `None` of nothing.
pub fn median(samples: &[f64]) -> Option<f64> {
    (!samples.is_empty()).then(|| percentile(&sorted(samples), 0.5))
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The value below which `share` of `sorted` lies, on the line between the two nearest samples.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (place - low as f64)
}

/// The interval that holds a figure of resampled data: the percentile bootstrap.
fn resample(figure: impl Fn(&mut Random) -> f64) -> Interval {
    let mut random = Random(1);
    let figures: Vec<f64> = (0..RESAMPLES).map(|_| figure(&mut random)).collect();
    let figures = sorted(&figures);
    let outside = (1.0 - CONFIDENCE) / 2.0;
    Interval { low: percentile(&figures, outside), high: percentile(&figures, 1.0 - outside) }
}

/// The SplitMix64 generator.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The median of as many samples, drawn with replacement.
    fn median(&mut self, samples: &[f64]) -> f64 {
        let draw = |_| samples[((u128::from(self.bits()) * samples.len() as u128) >> 64) as usize];
        let drawn: Vec<f64> = (0..samples.len()).map(draw).collect();
        percentile(&sorted(&drawn), 0.5)
    }
}

#[cfg(test)]
#[path = "statistics_tests.rs"]
mod tests;
