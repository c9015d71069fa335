//! Measurements made up and compared: what is printed, and which way it ends.

use blink_benches::machine::Machine;
use blink_benches::measurement::{Answers, Kind, Noise, Overhead, Run, SCHEMA, Settings, State};
use blink_benches::measurement::{StateRuns, Subject, WayRuns};

use super::*;
use crate::output::Format;

const QUIET: Output = Output { format: Format::Text, verbose: 0 };

/// A measurement of `ways`, each with thirty starts of about so many milliseconds and so many faults.
fn measured(ways: &[(&str, f64, u64)]) -> Measurement {
    let run = |cold: f64, faults, index: u32| Run {
        cold_ms: cold * (1.0 + f64::from(index * 7 % 30) / 1000.0),
        minor_faults: Some(faults),
        major_faults: Some(0),
        ..Run::default()
    };
    let way = |&(name, cold, faults): &(&str, f64, u64)| WayRuns {
        name: name.into(),
        kind: Kind::Worker,
        difference: Some(0.0),
        states: vec![StateRuns { state: State::Hot, runs: (0..30).map(|index| run(cold, faults, index)).collect() }],
        warm_ms: Vec::new(),
        syscalls: None,
    };
    Measurement {
        schema: SCHEMA.into(),
        date: "2027-01-31".into(),
        machine: Machine::read(),
        settings: Settings {
            runs: 30,
            warm_launches: 0,
            warm_runs: 0,
            threads: 1,
            prepack: true,
            states: vec![State::Hot],
            is_bare: false,
        },
        subject: Subject {
            artifact: "tiny.blink".into(),
            bytes: 1,
            model: "tiny".into(),
            weights_bytes: 1,
            inputs: Vec::new(),
            guest: None,
            program_bytes: 1,
        },
        answers: Answers { held_against: "the golden run".into(), digest: String::new(), checked: 30 },
        ways: ways.iter().map(way).collect(),
        device: None,
        bound: None,
        noise: Noise::default(),
        overhead: Overhead::default(),
        budgets: Vec::new(),
        sweeps: Vec::new(),
        loads: Vec::new(),
        left_out: Vec::new(),
    }
}

fn text(old: &Measurement, new: &Measurement) -> String {
    let comparison = compare(old, new, 0.05);
    let conclusion = conclusion(&comparison);
    let report =
        Report { schema: "", old: "old.json", new: "new.json", regressed: false, conclusion, comparison: &comparison };
    let mut out = Vec::new();
    print(&report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Writes both, and runs the verb on the files.
fn diff(old: &Measurement, new: &Measurement) -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    let [old_path, new_path] = ["old.json", "new.json"].map(|name| directory.path().join(name));
    old.write(&old_path)?;
    new.write(&new_path)?;
    run(&DiffArgs { old: old_path, new: new_path, threshold: ThresholdArgs { share: 0.05 } }, &QUIET)
}

#[test]
fn what_got_worse_comes_first_and_is_concluded() {
    let (old, new) = (measured(&[("snapshot", 40.0, 1000)]), measured(&[("snapshot", 44.0, 1000)]));
    let text = text(&old, &new);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[4].starts_with("snapshot hot cold  ") && lines[4].ends_with("  slower"), "{text}");
    assert!(lines[4].contains("+10.0 %") && lines[4].contains("<0.001"), "{text}");
    assert!(lines[5].starts_with("snapshot hot faults") && lines[5].contains("exact"), "{text}");
    let conclusion = lines.last().unwrap();
    assert!(conclusion.starts_with("worse: snapshot hot cold +10.0 %; the same: 2 ("), "{text}");
}

#[test]
fn a_regression_is_an_error_and_an_improvement_is_none() {
    let (slow, fast) = (measured(&[("snapshot", 44.0, 1000)]), measured(&[("snapshot", 40.0, 1000)]));
    let error = diff(&fast, &slow).unwrap_err();
    let told = error.downcast_ref::<Regressed>().unwrap().to_string();
    assert!(told.contains("new.json is worse than") && told.contains("snapshot hot cold +10.0 %"), "{told}");
    diff(&slow, &fast).unwrap();
    diff(&fast, &fast).unwrap();
    assert!(text(&slow, &fast).contains("\nnothing got worse by more than 5 %; better: snapshot hot cold -9.1 %"));
    let more_faults = measured(&[("snapshot", 40.0, 1200)]);
    assert!(diff(&fast, &more_faults).unwrap_err().is::<Regressed>());
}

#[test]
fn nothing_in_common_is_neither_good_nor_a_regression() {
    let error = diff(&measured(&[("snapshot", 40.0, 1)]), &measured(&[("normal", 40.0, 1)])).unwrap_err();
    assert!(!error.is::<Regressed>() && error.to_string().contains("no figure in common"), "{error}");
}

#[test]
fn two_builds_are_compared_way_by_way() {
    let endings = ["-snapshot", "-normal"];
    let pairs = |slow: f64| {
        measured(&[
            ("base-snapshot", 10.0, 100),
            ("base-normal", 40.0, 100),
            ("new-snapshot", 10.0, 100),
            ("new-normal", slow, 100),
        ])
    };
    let report = |measurement: &Measurement, endings: &[&str]| {
        report_ways(measurement, endings, &ThresholdArgs { share: 0.05 }, &QUIET)
    };
    report(&pairs(40.0), &endings).unwrap();
    let told = report(&pairs(44.0), &endings).unwrap_err().downcast::<Regressed>().unwrap().to_string();
    assert_eq!(told, "new is worse than base: new-normal hot cold +10.0 %");
    assert!(!report(&pairs(40.0), &["-other"]).unwrap_err().is::<Regressed>());
}

#[test]
fn figures_without_a_ratio_are_told_in_their_unit() {
    let (none, many) = (measured(&[("snapshot", 40.0, 0)]), measured(&[("snapshot", 40.0, 100)]));
    let text = text(&none, &many);
    assert!(text.contains("+100 to +100") && text.contains("worse: snapshot hot faults +100"), "{text}");
}

#[test]
fn the_json_names_its_schema_and_holds_every_row() {
    let measurement = measured(&[("snapshot", 40.0, 1000)]);
    let comparison = compare(&measurement, &measurement, 0.05);
    let conclusion = conclusion(&comparison);
    let report = Report {
        schema: "blink.bench-diff/1",
        old: "a",
        new: "b",
        regressed: false,
        conclusion,
        comparison: &comparison,
    };
    let value = serde_json::to_value(&report).unwrap();
    assert_eq!(value["schema"], "blink.bench-diff/1");
    assert_eq!(value["rows"].as_array().unwrap().len(), comparison.rows.len());
    assert_eq!((&value["rows"][0]["figure"], &value["rows"][0]["change"]), (&"cold".into(), &"same".into()));
}

#[test]
fn percent_is_read_as_people_type_it() {
    assert_eq!((share("5"), share("2.5%"), share("0")), (Ok(0.05), Ok(0.025), Ok(0.0)));
    assert!(["", "five", "-1", "NaN", "inf", "1001"].iter().all(|text| share(text).is_err()));
}
