//! [`Histogram`]: how often durations fell between fixed bounds, as Prometheus shows them.

use std::time::Duration;

/// Upper bounds in seconds: from a tiny model's run to a start that took all its patience.
pub(super) const BOUNDS: [f64; 20] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002, 0.003, 0.005, 0.007_5, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0,
    2.5, 10.0, 60.0,
];

/// Durations, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl Histogram {
    /// Counts one.
    pub fn record(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        self.counts[BOUNDS.partition_point(|bound| *bound < seconds)] += 1;
        self.sum += duration;
    }

    /// Durations up to each bound, the shorter ones included; the last has no bound.
    pub fn cumulative(&self) -> impl Iterator<Item = (Option<f64>, u64)> + '_ {
        let bounds = BOUNDS.iter().map(|bound| Some(*bound)).chain([None]);
        let mut sum = 0;
        bounds.zip(&self.counts).map(move |(bound, count)| {
            sum += count;
            (bound, sum)
        })
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_falls_under_its_bound() {
        let mut histogram = Histogram::default();
        for micros in [100, 101, 1_000, 61_000_000] {
            histogram.record(Duration::from_micros(micros));
        }
        let up_to = |bound: Option<f64>| histogram.cumulative().find(|(found, _)| *found == bound).unwrap().1;
        assert_eq!([up_to(Some(0.000_1)), up_to(Some(0.000_25)), up_to(Some(0.001))], [1, 2, 3]);
        assert_eq!([up_to(Some(60.0)), up_to(None), histogram.count()], [3, 4, 4]);
        assert_eq!(histogram.sum(), Duration::from_micros(61_001_201));
    }
}
