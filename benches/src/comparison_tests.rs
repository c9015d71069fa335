//! Measurements made up, with changes put in and left out.

use super::*;
use crate::measurement::tests::example;
use crate::measurement::{Kind, Run};
use crate::statistics::tests::seeded_times as times;
use crate::timeline::PhaseTime;

/// A measurement of one way, `snapshot`, from page cache hot, with these cold starts and nothing else.
fn measured(cold: &[f64]) -> Measurement {
    let mut measurement = example();
    measurement.ways.truncate(1);
    let way = &mut measurement.ways[0];
    way.states.truncate(1);
    way.states[0].runs = cold.iter().map(|&cold_ms| Run { cold_ms, ..Run::default() }).collect();
    way.warm_ms.clear();
    way.syscalls = None;
    measurement.bound = None;
    measurement
}

/// The same, with values of another kind in each run.
fn with(mut measurement: Measurement, values: &[f64], set: impl Fn(&mut Run, f64)) -> Measurement {
    measurement.ways[0].states[0].runs.iter_mut().zip(values).for_each(|(run, &value)| set(run, value));
    measurement
}

fn faults(run: &mut Run, faults: f64) {
    (run.minor_faults, run.major_faults) = (Some(faults as u64), Some(0));
}

fn row(comparison: &Comparison, figure: Figure) -> &Row {
    comparison.rows.iter().find(|row| row.figure == figure).unwrap()
}

fn change(old: &Measurement, new: &Measurement, figure: Figure) -> Change {
    row(&compare(old, new, THRESHOLD), figure).change
}

#[test]
fn a_real_change_is_found_in_both_directions() {
    let (old, new) = (measured(&times(1, 30, 40.0)), measured(&times(2, 30, 43.2)));
    let comparison = compare(&old, &new, THRESHOLD);
    let cold = row(&comparison, Figure::Cold);
    assert_eq!((cold.change, cold.word(), cold.counts, cold.is_judged), (Change::Worse, "slower", [30, 30], true));
    let ratio = cold.ratio.unwrap();
    assert!((1.06..1.1).contains(&ratio.ratio) && ratio.interval.low > 1.05, "{ratio:?}");
    assert!((2.4..4.0).contains(&cold.difference.difference) && cold.corrected_p.unwrap() < SURE);
    assert_eq!(comparison.worse().count(), 1);
    assert_eq!(change(&new, &old, Figure::Cold), Change::Better);
}

#[test]
fn three_milliseconds_on_forty_are_found_by_fifty_starts() {
    let is_found = |seed: &u64| {
        let (old, new) = (measured(&times(*seed, 50, 40.0)), measured(&times(seed + 1000, 50, 43.0)));
        change(&old, &new, Figure::Cold) == Change::Worse
    };
    let found = (0..40).filter(is_found).count();
    assert!(found >= 38, "{found} of 40");
}

/// In how many of 300 comparisons of the same with the same some median moved by more than the threshold, and in how
/// many a change was called. `noise` gives 12 values around 1.
fn moved_and_called(noise: impl Fn(u64) -> Vec<f64>) -> (usize, usize) {
    let scaled = |seed, centre: f64| -> Vec<f64> { noise(seed).iter().map(|value| centre * value).collect() };
    let side = |seed: u64| {
        let measurement = measured(&scaled(seed, 40.0));
        let measurement = with(measurement, &scaled(seed + 1, 30.0), |run, ms| run.cpu_ms = Some(ms));
        let measurement = with(measurement, &scaled(seed + 2, 9e6), |run, bytes| run.peak_bytes = Some(bytes as u64));
        with(measurement, &scaled(seed + 3, 3000.0), faults)
    };
    let (mut moved, mut called) = (0, 0);
    for seed in 0..300 {
        let comparison = compare(&side(seed * 8), &side(seed * 8 + 4), THRESHOLD);
        let is_far = |row: &Row| row.ratio.is_some_and(|ratio| (ratio.ratio - 1.0).abs() > THRESHOLD);
        moved += usize::from(comparison.rows.iter().any(is_far));
        let changed = comparison.judged(Change::Worse).chain(comparison.judged(Change::Better)).count();
        called += usize::from(changed > 0);
    }
    (moved, called)
}

#[test]
fn noise_is_called_a_change_in_at_most_one_comparison_of_a_hundred() {
    let (_, called) = moved_and_called(|seed| times(seed, 12, 1.0));
    assert!(called <= 3, "{called} of 300");
    // Noise so coarse that the threshold is no help. The test alone lets through 3 of 300; 8 would be three standard
    // deviations more.
    let coarse = |seed| times(seed, 12, 1.0).iter().map(|time| 1.0 + 5.0 * (time - 1.0)).collect();
    let (moved, called) = moved_and_called(coarse);
    assert!(moved > 200 && called <= 8, "{moved} moved and {called} were called a change, of 300");
}

#[test]
fn a_change_below_the_threshold_is_none_however_sure() {
    let (old, new) = (measured(&times(3, 100, 40.0)), measured(&times(4, 100, 41.2)));
    let comparison = compare(&old, &new, THRESHOLD);
    let cold = row(&comparison, Figure::Cold);
    assert!(cold.change == Change::Same && cold.p.unwrap() < SURE, "{cold:?}");
    assert_eq!(row(&compare(&old, &new, 0.01), Figure::Cold).change, Change::Worse);
}

#[test]
fn too_few_runs_are_unclear_and_not_the_same() {
    let (old, new) = (measured(&[40.0, 52.0, 44.0]), measured(&[50.0, 61.0, 55.0]));
    assert_eq!(change(&old, &new, Figure::Cold), Change::Unclear);
    let comparison = compare(&measured(&[40.0]), &measured(&[80.0]), THRESHOLD);
    assert_eq!(row(&comparison, Figure::Cold).change, Change::Unclear);
    assert!(comparison.doubts.iter().any(|doubt| doubt.contains("as few as 1 cold start")));
}

#[test]
fn counts_without_noise_are_judged_by_how_far_they_moved() {
    let side = |count: f64| with(measured(&times(5, 10, 40.0)), &[count; 10], faults);
    let comparison = compare(&side(1000.0), &side(1100.0), THRESHOLD);
    let more = row(&comparison, Figure::Faults);
    assert_eq!((more.change, more.word(), more.p, more.corrected_p), (Change::Worse, "more", None, None));
    assert_eq!(change(&side(1000.0), &side(900.0), Figure::Faults), Change::Better);
    assert_eq!(change(&side(1000.0), &side(1040.0), Figure::Faults), Change::Same);
    // From nothing to something there is no ratio.
    assert_eq!(change(&side(0.0), &side(10.0), Figure::Faults), Change::Same);
    assert_eq!(change(&side(0.0), &side(100.0), Figure::Faults), Change::Worse);
    // One run is not the same as another run that nobody made.
    let one = |count: f64| with(measured(&[40.0]), &[count], faults);
    assert_eq!(change(&one(1000.0), &one(2000.0), Figure::Faults), Change::Unclear);
    let calls = |calls| {
        let mut measurement = measured(&[40.0]);
        measurement.ways[0].syscalls = Some(calls);
        measurement
    };
    assert_eq!(change(&calls(500), &calls(600), Figure::Syscalls), Change::Worse);
}

#[test]
fn what_is_too_small_to_matter_is_no_change() {
    let small = |seed, centre| measured(&times(seed, 50, centre));
    assert_eq!(change(&small(6, 0.2), &small(7, 0.26), Figure::Cold), Change::Same);
    let bytes = |bytes: f64| with(small(8, 40.0), &[bytes; 50], |run, bytes| run.peak_bytes = Some(bytes as u64));
    assert_eq!(change(&bytes(1e5), &bytes(1.6e5), Figure::Peak), Change::Same);
    assert_eq!(change(&bytes(1e5), &bytes(1.7e5), Figure::Peak), Change::Worse);
}

#[test]
fn memory_that_rests_on_who_else_shares_it_is_told_and_not_judged() {
    let side = |seed, bytes: f64| {
        with(measured(&times(seed, 20, 40.0)), &[bytes; 20], |run, bytes| run.private_bytes = Some(bytes as u64))
    };
    let comparison = compare(&side(12, 1e6), &side(13, 9e6), THRESHOLD);
    let private = row(&comparison, Figure::Private);
    assert!(private.change == Change::Worse && !private.is_judged, "{private:?}");
    assert_eq!(comparison.worse().count(), 0);
}

#[test]
fn phases_are_told_and_not_judged() {
    let side = |seed, ms| {
        with(measured(&times(9, 40, 40.0)), &times(seed, 40, ms), |run, duration_ms| {
            run.phases = vec![PhaseTime { phase: "session".into(), start_ms: 1.0, duration_ms }];
        })
    };
    let comparison = compare(&side(10, 4.0), &side(11, 5.0), THRESHOLD);
    let session = row(&comparison, Figure::Phase(blink_runtime::Phase::Session));
    assert!(session.change == Change::Worse && !session.is_judged && session.corrected_p.is_some(), "{session:?}");
    assert_eq!(comparison.worse().count(), 0);
}

#[test]
fn an_unsure_warm_run_makes_no_sure_change_of_what_is_over() {
    let side = |seed, warm: [f64; 3]| {
        let mut measurement = measured(&times(seed, 50, 41.0));
        measurement.ways[0].warm_ms = warm.map(|warm| vec![warm; 3]).into();
        measurement
    };
    let comparison = compare(&side(12, [40.0, 41.0, 39.0]), &side(13, [39.0, 40.0, 38.0]), THRESHOLD);
    let over = row(&comparison, Figure::Over);
    assert!(over.ratio.unwrap().ratio > 1.2 && over.change == Change::Unclear, "{over:?}");
    // Three milliseconds in the start itself are found all the same.
    let mut slower = side(13, [40.0, 41.0, 39.0]);
    slower.ways[0].states[0].runs.iter_mut().for_each(|run| run.cold_ms += 3.0);
    assert_eq!(change(&side(12, [40.0, 41.0, 39.0]), &slower, Figure::Over), Change::Worse);
}

#[test]
fn medians_are_those_that_the_figure_tells() {
    let example = example();
    let comparison = compare(&example, &example, THRESHOLD);
    assert!(comparison.rows.iter().all(|row| matches!(row.change, Change::Same | Change::Unclear)));
    for Row { way, state, figure, old, new, .. } in &comparison.rows {
        let samples = figure.samples(&example, example.way(way).unwrap(), *state);
        let median = crate::statistics::median(&samples).unwrap();
        assert!((old - median).abs() < 1e-9 && old == new, "{figure}: {old} and {median}");
    }
    assert!(comparison.left_out.is_empty() && comparison.doubts.is_empty(), "{comparison:?}");
}

#[test]
fn what_only_one_side_has_is_listed() {
    let (mut old, mut new) = (example(), example());
    old.ways.retain(|way| way.name != "python");
    new.ways.retain(|way| way.name != "normal");
    new.ways[0].states.truncate(1);
    new.ways[0].syscalls = None;
    let comparison = compare(&old, &new, THRESHOLD);
    let expected = [
        "way 'snapshot', hot: syscalls is only in the old one",
        "way 'snapshot' was started from 'disk' only in the old one",
        "way 'normal' is only in the old one",
        "way 'python' is only in the new one",
    ];
    assert_eq!(comparison.left_out, expected);
    assert!(comparison.rows.iter().all(|row| row.way == "snapshot" && row.state == State::Hot));
}

#[test]
fn what_makes_two_files_incomparable_is_told() {
    let (old, mut new) = (example(), example());
    new.machine.cpu = "another".into();
    new.machine.kernel = None;
    new.settings.threads = 7;
    new.settings.prepack = false;
    new.subject.bytes += 1;
    new.answers.digest = "1".repeat(64);
    new.noise.doubts = vec!["others were busy".into()];
    new.ways[2].kind = Kind::Peer { command: "python other.py".into() };
    let doubts = compare(&old, &new, THRESHOLD).doubts;
    let expected = ["different machines", "threads", "packing", "artifact", "'python'", "answers", "others were busy"];
    assert_eq!(doubts.len(), expected.len(), "{doubts:?}");
    assert!(doubts.iter().zip(expected).all(|(doubt, expected)| doubt.contains(expected)), "{doubts:?}");
    assert!(doubts[0].contains("is another") && doubts[0].contains("only ratios within one run carry over"));
}

#[test]
fn two_ways_of_one_measurement_are_compared() {
    let mut measurement = measured(&times(14, 30, 40.0));
    let mut new = measurement.ways[0].clone();
    measurement.ways[0].name = "base".into();
    new.name = "new".into();
    new.states[0].runs.iter_mut().zip(times(15, 30, 44.0)).for_each(|(run, cold_ms)| run.cold_ms = cold_ms);
    measurement.ways.push(new);
    let comparison = compare_ways(&measurement, &[("base", "new")], THRESHOLD).unwrap();
    let cold = row(&comparison, Figure::Cold);
    assert_eq!((cold.way.as_str(), cold.change), ("new", Change::Worse));
    assert!(compare_ways(&measurement, &[("base", "new"), ("base", "none")], THRESHOLD).is_none());
}
