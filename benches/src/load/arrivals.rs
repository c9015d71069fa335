//! When the requests of an open loop come: as many callers who know nothing of each other make it, a Poisson process.
//!
//! It is one of those with just as many requests as the rate says: given their number, the times of a Poisson process
//! are independent and uniform. So a short load has the rate that was asked for, and chance has only the gaps.

use std::time::Duration;

use blink_examples::Random;

use super::{LoadError, MAX_ANSWERS};

/// Nanoseconds from the begin to each request, ascending: `rate` a second, for `duration`. The same `seed` gives the
/// same ones. Fails with [`LoadError::Rate`] where there would be none, or more than [`MAX_ANSWERS`].
pub(super) fn poisson(rate: f64, duration: Duration, seed: u64) -> Result<Vec<u64>, LoadError> {
    let seconds = duration.as_secs_f64();
    let count = (rate * seconds).round();
    if !(1.0..=MAX_ANSWERS as f64).contains(&count) {
        return Err(LoadError::Rate { rate, seconds });
    }
    let mut random = Random::new(seed);
    let nanoseconds = duration.as_nanos();
    let uniform = |_| ((u128::from(random.bits()) * nanoseconds) >> 64) as u64;
    let mut arrivals: Vec<u64> = (0..count as usize).map(uniform).collect();
    arrivals.sort_unstable();
    Ok(arrivals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_as_often_as_asked_and_far_apart_as_chance_has_it() {
        let arrivals = poisson(1000.0, Duration::from_secs(100), 1).unwrap();
        assert_eq!(arrivals.len(), 100_000);
        assert!(arrivals.is_sorted() && arrivals.last().is_some_and(|&last| last < 100_000_000_000));
        let gaps: Vec<f64> = arrivals.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6).collect();
        let share = |least: f64| gaps.iter().filter(|&&gap| gap > least).count() as f64 / gaps.len() as f64;
        // Of an exponential gap of mean 1 ms.
        for (least, expected) in [(0.5, 0.6065), (1.0, 0.3679), (3.0, 0.0498)] {
            assert!((share(least) - expected).abs() < 0.01, "{least}: {}", share(least));
        }
    }

    #[test]
    fn the_seed_decides() {
        let two_seconds = |seed| poisson(50.0, Duration::from_secs(2), seed).unwrap();
        assert_eq!(two_seconds(1), two_seconds(1));
        assert_ne!(two_seconds(1), two_seconds(2));
    }

    #[test]
    fn what_makes_no_load_is_refused() {
        let hour = Duration::from_secs(3600);
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e6, 1e-9] {
            assert!(matches!(poisson(rate, hour, 1), Err(LoadError::Rate { .. })), "{rate}");
        }
    }
}
