//! [`Growth`]: whether what a process holds grows, told apart from its going up and down.
//!
//! A busy process takes and gives back, so its samples are noisy upwards alone: what it never gives back is their
//! floor. The time is cut into windows, of each of which the least sample counts. Through these floors goes the
//! Theil-Sen line: its slope is the median of the slopes between every two of them, so neither a window that stands
//! out nor one step up, after which all is level, makes a slope. Kendall's distribution of such pairs gives what the
//! slope is at least, with 99 % confidence; only that is held against a limit. The longer the time, the less a slope
//! must be to be seen. Of slopes that are no slopes, one in a hundred is above zero.

/// Fewest windows that say anything.
pub const FEWEST: usize = 12;
/// Most windows: more say no more.
const MOST: usize = 60;
/// Seconds of a window, where there is time.
const WINDOW: f64 = 5.0;
/// One-sided 99 % of the normal distribution.
const QUANTILE: f64 = 2.326;
const HOUR: f64 = 3600.0;

/// How something grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Growth {
    /// The floor of the first window.
    pub first: f64,
    /// The floor of the last window.
    pub last: f64,
    /// Slope of the line through the floors, an hour.
    pub per_hour: f64,
    /// What the slope is at least, an hour.
    pub at_least: f64,
}

impl Growth {
    /// Of samples, each a time in seconds and a value, in the order of time. `None`: not one in each window.
    pub fn of(samples: &[(f64, f64)]) -> Option<Growth> {
        let ((begin, _), (end, _)) = (*samples.first()?, *samples.last()?);
        let count = (((end - begin) / WINDOW) as usize).clamp(FEWEST, MOST);
        let width = (end - begin) / count as f64;
        let mut floors = vec![f64::INFINITY; count];
        for (time, value) in samples {
            // The last sample is the last window's.
            let window = (((time - begin) / width) as usize).min(count - 1);
            floors[window] = floors[window].min(*value);
        }
        if width <= 0.0 || floors.iter().any(|floor| floor.is_infinite()) {
            return None;
        }
        let pairs = (0..count).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
        let slope = |(earlier, later): (usize, usize)| {
            (floors[later] - floors[earlier]) / (width * (later - earlier) as f64) * HOUR
        };
        let mut slopes: Vec<f64> = pairs.map(slope).collect();
        slopes.sort_by(f64::total_cmp);
        let n = count as f64;
        let spread = QUANTILE * (n * (n - 1.0) * (2.0 * n + 5.0) / 18.0).sqrt();
        let lower = ((slopes.len() as f64 - spread) / 2.0).max(0.0) as usize;
        Some(Growth {
            first: floors[0],
            last: floors[count - 1],
            per_hour: slopes[slopes.len() / 2],
            at_least: slopes[lower.min(slopes.len() - 1)],
        })
    }
}

#[cfg(test)]
mod tests {
    use blink_examples::Random;

    use super::*;

    /// A minute of samples, with noise that is up to a thousand high.
    fn noisy(seed: u64, value: impl Fn(f64) -> f64) -> Growth {
        let mut random = Random::new(seed);
        let mut noise = || f64::from(random.uniform(0.0, 1000.0));
        let samples: Vec<_> = (0..240).map(|tick| f64::from(tick) / 4.0).map(|t| (t, value(t) + noise())).collect();
        Growth::of(&samples).unwrap()
    }

    #[test]
    fn a_leak_is_seen_through_the_noise() {
        for seed in 0..20 {
            let growth = noisy(seed, |time| 1e6 + 100.0 * time);
            assert!(growth.at_least > 100.0 * HOUR / 2.0, "{growth:?}");
            assert!((growth.per_hour / HOUR - 100.0).abs() < 20.0, "{growth:?}");
        }
    }

    #[test]
    fn noise_a_step_and_a_peak_are_no_leaks() {
        let level: Vec<_> = (0..20).map(|seed| noisy(seed, |_| 1e6).at_least).collect();
        assert!(level.iter().filter(|at_least| **at_least > 0.0).count() <= 1, "{level:?}");
        // Within the windows' own noise, which is 500 here, it grows by no more than that in a minute.
        let limit = 500.0 * 60.0;
        for seed in 0..20 {
            assert!(noisy(seed, |time| if time > 20.0 { 2e6 } else { 1e6 }).at_least < limit);
            assert!(noisy(seed, |time| if (30.0..40.0).contains(&time) { 9e6 } else { 1e6 }).at_least < limit);
        }
        assert!(noisy(1, |time| 1e6 - 100.0 * time).at_least < 0.0);
    }

    #[test]
    fn gaps_say_nothing() {
        assert_eq!(Growth::of(&[]), None);
        assert_eq!(Growth::of(&[(1.0, 5.0)]), None);
        assert_eq!(Growth::of(&[(0.0, 1.0), (60.0, 1.0)]), None);
    }
}
