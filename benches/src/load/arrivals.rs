//! When the requests of an open loop come: a Poisson process, as many callers who know nothing of each other make it.

use std::time::Duration;

use blink_examples::Random;

use super::{LoadError, MAX_ANSWERS};

/// Nanoseconds from the begin to each request, ascending: `rate` a second on average, for `duration`. The same `seed`
/// gives the same ones. Fails with [`LoadError::Rate`] where there would be none, or more than [`MAX_ANSWERS`].
pub(super) fn poisson(rate: f64, duration: Duration, seed: u64) -> Result<Vec<u64>, LoadError> {
    let seconds = duration.as_secs_f64();
    let refused = LoadError::Rate { rate, seconds };
    let is_possible = rate.is_finite() && rate > 0.0 && rate * seconds <= MAX_ANSWERS as f64;
    if !is_possible {
        return Err(refused);
    }
    let mut random = Random::new(seed);
    let (mut arrivals, mut at) = (Vec::new(), 0.0);
    loop {
        // In (0, 1], so that its logarithm is finite.
        let unit = ((random.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64;
        at -= unit.ln() / rate;
        if at >= seconds {
            break;
        }
        if arrivals.len() == MAX_ANSWERS {
            return Err(refused);
        }
        arrivals.push((at * 1e9) as u64);
    }
    if arrivals.is_empty() { Err(refused) } else { Ok(arrivals) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_as_often_as_asked_and_far_apart_as_chance_has_it() {
        let arrivals = poisson(1000.0, Duration::from_secs(100), 1).unwrap();
        // The count has mean 100 000 and deviation 316.
        assert!(arrivals.len().abs_diff(100_000) < 1600, "{}", arrivals.len());
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
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e6, 1e-9] {
            assert!(matches!(poisson(rate, hour, 1), Err(LoadError::Rate { .. })), "{rate}");
        }
    }
}
