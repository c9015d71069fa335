//! Counters made up and the machine's own; calm and noisy starts.

use super::*;
use crate::statistics::tests::seeded_times as times;

fn reading(total: u64, used: u64, stolen: u64, own: f64) -> Reading {
    Reading { ticks: Ticks { total, used, stolen }, own }
}

#[test]
fn counters_are_taken_from_their_places() {
    let stat = "cpu  100 20 30 1000 50 6 4 7 90 9\ncpu0 1 2 3\n";
    assert_eq!(Ticks::parse(stat), Some(Ticks { total: 1217, used: 150, stolen: 7 }));
    assert_eq!((Ticks::parse(""), Ticks::parse("cpu 1 2 3"), Ticks::parse("cpu0 1 2 3 4 5 6 7 8")), (None, None, None));
    assert_eq!(Ticks::parse(&format!("cpu {} 1 1 1 1 1 1 1", u64::MAX)), None);
}

#[test]
fn what_is_not_ours_is_others() {
    let shares = reading(1000, 500, 0, 100.0).until(reading(2000, 900, 20, 400.0));
    assert_eq!(shares, Shares { stolen: Some(0.02), others: Some(0.1) });
    // The kernel's counters are coarser than ours, and one processor's may lag.
    let shares = reading(1000, 500, 7, 100.0).until(reading(2000, 600, 5, 300.0));
    assert_eq!(shares, Shares { stolen: Some(0.0), others: Some(0.0) });
    assert_eq!(reading(1000, 500, 0, 0.0).until(reading(1100, 600, 0, 0.0)), Shares::default());
}

#[test]
fn a_calm_machine_is_not_doubted() {
    let noise = Shares { stolen: Some(0.001), others: Some(0.02) }.judge(&times(1, 30, 40.0));
    assert_eq!(noise.doubts, Vec::<String>::new());
    assert!(noise.spread.is_some_and(|spread| spread < 0.05) && noise.drift.is_some_and(|drift| drift.abs() < 0.05));
    assert_eq!((noise.stolen, noise.others), (Some(0.001), Some(0.02)));
}

#[test]
fn each_kind_of_noise_is_told() {
    let doubts = |shares: Shares, cold: &[f64]| shares.judge(cold).doubts;
    let calm = times(2, 30, 40.0);
    let stolen = doubts(Shares { stolen: Some(0.03), others: None }, &calm);
    assert!(stolen.len() == 1 && stolen[0].contains("3.0 %"), "{stolen:?}");
    let others = doubts(Shares { stolen: None, others: Some(0.2) }, &calm);
    assert!(others.len() == 1 && others[0].contains("20.0 %"), "{others:?}");
    let wide = doubts(Shares::default(), &[40.0, 60.0, 45.0, 55.0, 50.0, 42.0]);
    assert!(wide.len() == 1 && wide[0].contains("more runs"), "{wide:?}");
    let slower = doubts(Shares::default(), &[times(3, 20, 40.0), times(4, 20, 48.0)].concat());
    assert!(slower.iter().any(|doubt| doubt.contains("slower")), "{slower:?}");
    let faster = doubts(Shares::default(), &[times(5, 20, 48.0), times(6, 20, 40.0)].concat());
    assert!(faster.iter().any(|doubt| doubt.contains("faster")), "{faster:?}");
}

#[test]
fn a_drift_that_chance_explains_is_none() {
    let noise = Shares::default().judge(&[40.0, 41.0, 50.0, 51.0]);
    assert!(noise.drift.is_some_and(|drift| drift > 0.2));
    assert!(!noise.doubts.iter().any(|doubt| doubt.contains("slower")), "{:?}", noise.doubts);
}

#[test]
fn nothing_measured_is_nothing_told() {
    assert_eq!(Shares::default().judge(&[]), Noise::default());
    assert_eq!(Shares::default().judge(&[0.0, 0.0]).spread, None);
}

#[cfg(target_os = "linux")]
#[test]
fn the_machine_tells_and_our_own_work_is_ours() {
    let begun = Reading::now().unwrap();
    while Reading::now().unwrap().own - begun.own < 20.0 {
        std::hint::black_box(times(7, 1000, 1.0));
    }
    let ended = Reading::now().unwrap();
    assert!(ended.ticks.used > begun.ticks.used && ended.ticks.total > begun.ticks.total, "{begun:?} {ended:?}");
    let Shares { stolen, others } = begun.until(ended);
    assert_eq!(stolen.is_some(), others.is_some());
}
