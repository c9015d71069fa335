//! Budgets read and refused; kept, broken, and without anything to judge.

use super::*;
use crate::measurement::Measurement;
use crate::measurement::tests::example;

fn judge(budget: &str, measurement: &Measurement) -> Verdict {
    Budget::parse(budget).unwrap_or_else(|error| panic!("{error}")).judge(measurement)
}

/// What was found, in the figure's unit, and whether the budget is kept.
fn found(budget: &str) -> (f64, bool) {
    let verdict = judge(budget, &example());
    (verdict.found.unwrap_or_else(|| panic!("{verdict}")), verdict.kept)
}

#[test]
fn each_form_finds_its_figure() {
    // Cold starts of `snapshot` are 2.0, 2.1, ... 2.9 hot and 20.0, ... 20.9 from the disk.
    let expected = [
        ("p50<2.5ms", 2.45, true),
        ("cold<2.4ms", 2.45, false),
        ("min<2.1 ms", 2.0, true),
        ("cold.max <= 2.9ms", 2.9, true),
        ("cold.max<2.9ms", 2.9, false),
        ("p90<2820us", 2.81, true),
        ("p90<2820\u{b5}s", 2.81, true),
        ("snapshot@disk:p50<0.02s", 20.45, false),
        ("normal:cold<30ms", 20.45, true),
        ("normal@disk:cold<30ms", 80.45, false),
        ("over<2ms", 1.35, true),
        ("warm<=1.1ms", 1.1, true),
        ("faults<800", 304.5, true),
        ("faults.p10<300", 300.9, false),
        ("major<1", 0.0, true),
        ("major<0", 0.0, false),
        ("syscalls<=120", 120.0, true),
        ("pss<5MB", f64::from(4 << 20), true),
        ("pss<4MB", f64::from(4 << 20), false),
        ("pss<=4MiB", f64::from(4 << 20), true),
        ("inference.max<2ms", 1.5, true),
        ("snapshot/normal<0.7", 2.45 / 20.45, true),
        ("python / snapshot < 10", 100.45 / 2.45, false),
    ];
    for (budget, value, is_kept) in expected {
        let (found, kept) = found(budget);
        assert!((found - value).abs() < 1e-9 && kept == is_kept, "{budget}: {found}, kept: {kept}");
    }
}

#[test]
fn the_default_state_is_the_first_that_was_asked_for() {
    let mut measurement = example();
    measurement.settings.states.reverse();
    let cold = judge("cold<30ms", &measurement);
    assert_eq!((cold.found, cold.judged.as_str()), (Some(20.45), "snapshot disk, median of cold"));
    // Warm runs and system calls are of no other state than hot.
    assert!(judge("warm<2ms", &measurement).kept && judge("syscalls<200", &measurement).kept);
    assert_eq!(judge("snapshot/normal<1", &measurement).found, Some(20.45 / 80.45));
}

#[test]
fn what_was_not_measured_breaks_a_budget() {
    let without = |budget, expected| {
        let verdict = judge(budget, &example());
        assert!(!verdict.kept && verdict.found.is_none() && verdict.judged.contains(expected), "{verdict}");
    };
    without("python:over<100ms", "python hot has no over");
    without("restore<100ms", "snapshot hot has no restore (hot has cold, over");
    without("python@disk:cold<1000ms", "python disk has no cold");
    without("snapshot@disk:warm<1000ms", "snapshot disk has no warm");
    without("openvino:cold<1000ms", "way 'openvino' is not among snapshot, normal, python");
    without("snapshot/openvino<1000", "way 'openvino' is not among");
}

#[test]
fn what_is_no_budget_is_refused_by_name() {
    let refused = |text: &str| Budget::parse(text).unwrap_err();
    assert!(matches!(refused("p95>60ms"), BudgetError::NoBound { .. }));
    assert!(matches!(refused(""), BudgetError::NoBound { .. }));
    assert!(matches!(refused(":cold<1ms"), BudgetError::NoWay { .. }));
    assert!(matches!(refused("@disk:cold<1ms"), BudgetError::NoWay { .. }));
    assert!(matches!(refused("/normal<1"), BudgetError::NoWay { .. }));
    assert!(matches!(refused("a/b/c<1"), BudgetError::Ratio { .. }));
    assert!(matches!(refused("a@disk/b<1"), BudgetError::Ratio { .. }));
    assert!(matches!(refused("a@warm:cold<1ms"), BudgetError::State { .. }));
    for figure in ["<1ms", "speed<1ms", "p0<1ms", "p100<1ms", "p<1ms", "p+5<1ms", "p99999999999<1ms"] {
        assert!(matches!(refused(figure), BudgetError::Figure { .. }), "{figure}");
    }
    assert!(matches!(refused("cold.p100<1ms"), BudgetError::Percentile { .. }));
    assert!(matches!(refused("cold.mean<1ms"), BudgetError::Percentile { .. }));
    for value in ["cold<", "cold<ms", "cold<-1ms", "cold<1.2.3ms", "cold<<1ms", "cold<inf", "cold<.ms"] {
        assert!(matches!(refused(value), BudgetError::Value { .. }), "{value}");
    }
    for unit in ["cold<1", "cold<1MB", "pss<1", "pss<1ms", "pss<1mb", "faults<1k", "ratio<1ms", "a/b<1ms", "cold<1e3ms"]
    {
        assert!(matches!(refused(unit), BudgetError::Unit { .. }), "{unit}");
    }
}

#[test]
fn errors_list_what_would_do() {
    let told = |text: &str| Budget::parse(text).unwrap_err().to_string();
    assert!(told("speed<1ms").contains("cold, over, ratio") && told("speed<1ms").contains("p1 to p99, min, max"));
    assert!(told("a@warm:cold<1ms").contains("expected hot or disk"));
    assert!(told("cold<1").contains("expected us, ms or s"));
}

#[test]
fn a_verdict_is_read_in_one_line() {
    let line = judge("p95<2ms", &example()).to_string();
    assert_eq!(line, "BROKEN  p95<2ms: snapshot hot, p95 of cold is 2.85 ms");
    assert_eq!(Budget::parse("p95<2ms").unwrap().to_string(), "p95<2ms");
}
