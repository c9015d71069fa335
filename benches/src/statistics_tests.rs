//! Samples made up, with answers known from how they were made.

use super::*;

/// `count` times around `centre`, skewed as times are: noise upward, and one in twenty far off.
pub(super) fn times(random: &mut Random, count: usize, centre: f64) -> Vec<f64> {
    let unit = |random: &mut Random| (random.bits() >> 11) as f64 / (1u64 << 53) as f64;
    let time = |_| {
        let noise = unit(random) * unit(random) * 0.1;
        let outlier = if unit(random) < 0.05 { 1.0 } else { 0.0 };
        centre * (1.0 + noise + outlier)
    };
    (0..count).map(time).collect()
}

/// [`times`] from a seed.
pub(crate) fn seeded_times(seed: u64, count: usize, centre: f64) -> Vec<f64> {
    times(&mut Random::new(seed), count, centre)
}

#[test]
fn percentiles_of_known_samples() {
    let samples: Vec<f64> = (0..=100).rev().map(f64::from).collect();
    let summary = Summary::of(&samples).unwrap();
    assert_eq!((summary.count, summary.min, summary.max), (101, 0.0, 100.0));
    assert_eq!((summary.p50, summary.p90, summary.p95, summary.p99), (50.0, 90.0, 95.0, 99.0));
    assert_eq!((percentile(&samples, 0.05), percentile(&samples, 1.0)), (Some(5.0), Some(100.0)));
    assert_eq!((percentile(&samples, 1.5), percentile(&samples, f64::NAN), percentile(&[], 0.5)), (None, None, None));
    let four = Summary::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
    assert_eq!(four.p50, 2.5);
    assert!((four.p90 - 3.7).abs() < 1e-12);
}

#[test]
fn nothing_and_one_sample() {
    assert_eq!((Summary::of(&[]), median(&[]), Ratio::of(&[], &[1.0])), (None, None, None));
    let one = Summary::of(&[7.0]).unwrap();
    assert_eq!((one.min, one.p50, one.p99, one.max), (7.0, 7.0, 7.0, 7.0));
    assert_eq!(one.interval, Interval { low: 7.0, high: 7.0 });
    assert_eq!(Ratio::of(&[1.0], &[0.0]), None);
}

#[test]
fn an_outlier_moves_neither_median_nor_interval() {
    let calm: Vec<f64> = (0..30).map(|index| 100.0 + f64::from(index % 10)).collect();
    let mut disturbed = calm.clone();
    disturbed[29] = 10_000.0;
    let (calm, disturbed) = (Summary::of(&calm).unwrap(), Summary::of(&disturbed).unwrap());
    assert_eq!(calm.p50, disturbed.p50);
    assert!(disturbed.interval.high <= 107.0 && disturbed.max == 10_000.0);
}

#[test]
fn the_same_samples_give_the_same_interval() {
    let samples = times(&mut Random::new(3), 30, 50.0);
    assert_eq!(Summary::of(&samples), Summary::of(&samples));
}

#[test]
fn the_interval_holds_the_true_median_about_as_often_as_it_says() {
    let mut random = Random::new(11);
    let truth = median(&times(&mut random, 200_000, 50.0)).unwrap();
    let holds = (0..300)
        .filter(|_| {
            let Interval { low, high } = Summary::of(&times(&mut random, 30, 50.0)).unwrap().interval;
            (low..=high).contains(&truth)
        })
        .count();
    // 95 % of 300 is 285; fewer than 270 would be 3 standard deviations away.
    assert!((270..=300).contains(&holds), "{holds} of 300");
}

#[test]
fn more_samples_narrow_the_interval() {
    let mut random = Random::new(5);
    let width = |random: &mut Random, count| {
        let Interval { low, high } = Summary::of(&times(random, count, 50.0)).unwrap().interval;
        high - low
    };
    assert!(width(&mut random, 1000) < width(&mut random, 20));
}

#[test]
fn a_real_change_of_five_percent_shows_and_noise_does_not() {
    let mut random = Random::new(7);
    let base = times(&mut random, 100, 50.0);
    let slower = Ratio::of(&times(&mut random, 100, 52.5), &base).unwrap();
    assert!(slower.interval.low > 1.0 && (1.03..1.07).contains(&slower.ratio), "{slower:?}");
    let same = Ratio::of(&times(&mut random, 100, 50.0), &base).unwrap();
    assert!(same.interval.low < 1.0 && 1.0 < same.interval.high, "{same:?}");
}

#[test]
fn a_difference_is_that_of_the_medians_and_knows_how_sure_it_is() {
    let mut random = Random::new(9);
    let (base, shifted) = (times(&mut random, 200, 50.0), times(&mut random, 200, 50.0));
    let shifted: Vec<f64> = shifted.iter().map(|time| time + 4.0).collect();
    let Difference { difference, interval } = Difference::of(&shifted, &base).unwrap();
    assert_eq!(difference, median(&shifted).unwrap() - median(&base).unwrap());
    assert!(interval.low <= difference && difference <= interval.high && interval.low > 0.0, "{interval:?}");
    assert_eq!(Difference::of(&[], &base), None);
    assert_eq!(Difference::of(&base, &[]), None);
}
