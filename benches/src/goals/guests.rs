//! The goals of guests: what they may add to a start, whatever their size, and what they may cost in a running worker.

use super::{Goal, Judged, times};
use crate::held::Held;
use crate::record::{COMPONENT, GuestRow, GuestRuns, GuestWay, NO_GUEST, SIZES};
use crate::statistics::{Difference, Interval, Ratio, Summary, median};
use crate::subject::Subject;

/// What a guest may add to a cold start: which guest, by which start, milliseconds, in words.
const ADDED: [(&str, &str, f64, &str); 4] = [
    (SIZES[0], "restored", 1.0, "a module adds to a restored start"),
    (COMPONENT, "restored", 1.0, "a component adds to a restored start"),
    (SIZES[0], "normal", 3.0, "a module adds to a normal start"),
    (COMPONENT, "normal", 3.0, "a component adds to a normal start"),
];
/// How far sizes may be apart, in milliseconds: by which start, in words.
const APART: [(&str, &str); 2] = [
    ("restored", "guests of three sizes, restored: the slowest less the fastest"),
    ("normal", "guests of three sizes, normal: the slowest less the fastest"),
];
/// Runs in a row and calls, of a model that does next to nothing: which guest; an instance, growth of memory, of the
/// rest, and a call, in words.
const RUNNING: [(&str, [&str; 4]); 2] = [
    (
        SIZES[0],
        [
            "a new instance of a module",
            "a module run again and again: growth of memory (PSS)",
            "a module run again and again: more descriptors, mappings and threads",
            "a call of compute in a module: above the model",
        ],
    ),
    (
        COMPONENT,
        [
            "a new instance of a component",
            "a component run again and again: growth of memory (PSS)",
            "a component run again and again: more descriptors, mappings and threads",
            "a call of compute in a component: above the model",
        ],
    ),
];
/// What memory may grow by between two looks, in KiB: a look is as exact as the pages that others come to share.
const STILL: f64 = 64.0;

/// The goals of what `runs` has measured.
pub fn judge(runs: &GuestRuns) -> Vec<Goal> {
    let mut judged = Judged { model: runs.model, goals: Vec::new() };
    let cold = |guest, start| runs.way(guest, start).map(GuestWay::cold_ms);
    for (guest, start, most, what) in ADDED {
        let added = cold(guest, start).zip(cold(NO_GUEST, start));
        let added = added.and_then(|(with, without)| Difference::of(&with, &without));
        judged.add(what, "ms", most, added.map(|d| (d.difference, d.interval)));
    }
    for (start, what) in APART {
        let sizes: Vec<Vec<f64>> = SIZES.iter().filter_map(|guest| cold(guest, start)).collect();
        judged.add(what, "ms", 1.0, apart(&sizes));
    }
    if let (Some(ours), Some(theirs)) = (cold(SIZES[0], "restored"), cold(SIZES[0], "wasmtime")) {
        judged.add("a module, restored: by `wasmtime run -S nn`", "times", 0.2, times(Ratio::of(&ours, &theirs)));
    }
    judged.model = Subject::Tiny.name();
    for (guest, [instance, memory, rest, call]) in RUNNING {
        if let Some(row) = runs.rows.iter().find(|row| row.guest == guest) {
            let made = Summary::of(&row.instantiate_us);
            judged.add(instance, "us", 100.0, made.map(|made| (made.p50, made.interval)));
            if let Some((before, after)) = ends(row) {
                let bytes = after.proportional as f64 - before.proportional as f64;
                judged.push(memory, "KiB", STILL, bytes / 1024.0, None);
                judged.push(rest, "of them", 0.0, others(after) - others(before), None);
            }
        }
        if let Some(calls) = runs.calls.iter().find(|calls| calls.guest == guest) {
            let above = Difference::of(&calls.guest_us, &calls.model_us);
            judged.add(call, "us", 20.0, above.map(|d| (d.difference, d.interval)));
        }
    }
    judged.goals
}

/// The greatest of the medians less the least; `None` where a size was not measured.
fn apart(sizes: &[Vec<f64>]) -> Option<(f64, Interval)> {
    let medians: Vec<f64> = sizes.iter().map(|ms| median(ms)).collect::<Option<_>>()?;
    if medians.len() < SIZES.len() {
        return None;
    }
    let slowest = (0..medians.len()).max_by(|&a, &b| medians[a].total_cmp(&medians[b]))?;
    let fastest = (0..medians.len()).min_by(|&a, &b| medians[a].total_cmp(&medians[b]))?;
    Difference::of(&sizes[slowest], &sizes[fastest]).map(|d| (d.difference, d.interval))
}

/// The first look and the last.
fn ends(row: &GuestRow) -> Option<(&Held, &Held)> {
    match &row.held[..] {
        [(_, first), .., (_, last)] => Some((first, last)),
        _ => None,
    }
}

fn others(held: &Held) -> f64 {
    (held.descriptors + held.mappings + held.threads) as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::machine::Machine;
    use crate::record::{ColdRun, GUEST_SCHEMA, GuestCalls, GuestProgram};

    fn way(guest: &'static str, start: &'static str, ms: f64) -> GuestWay {
        let cold = vec![ColdRun { cold_ms: ms, usage: None, phases: Vec::new() }; 3];
        GuestWay { guest, start, difference: 0.0, cold, instantiate_us: vec![30.0; 3] }
    }

    fn held(proportional: u64, descriptors: u64) -> Held {
        Held { proportional, resident: proportional, descriptors, mappings: 10, threads: 2 }
    }

    fn runs() -> GuestRuns {
        let mut ways = Vec::new();
        for (start, ms) in [("restored", 40.0), ("normal", 60.0)] {
            ways.push(way(NO_GUEST, start, ms));
            ways.extend(SIZES.iter().zip([0.5, 0.75, 2.5]).map(|(guest, added)| way(guest, start, ms + added)));
        }
        ways.push(way(SIZES[0], "wasmtime", 405.0));
        let program = |(guest, wasm_bytes)| GuestProgram { guest, wasm_bytes, code_bytes: 1, artifact_bytes: 2 };
        let row = GuestRow {
            guest: SIZES[0],
            instantiate_us: vec![150.0; 5],
            run_us: vec![400.0; 5],
            held: vec![(100, held(1 << 20, 5)), (1000, held((1 << 20) + 4096, 6))],
        };
        GuestRuns {
            schema: GUEST_SCHEMA,
            name: "guests".into(),
            date: "2027-01-31".into(),
            machine: Machine::read(),
            model: "resnet50",
            launches: 3,
            threads: 2,
            binary_bytes: 1,
            peers: BTreeMap::new(),
            left_out: Vec::new(),
            guests: [(SIZES[2], 1300), (SIZES[0], 124), (SIZES[1], 486)].map(program).into(),
            ways,
            rows: vec![row],
            calls: vec![GuestCalls { guest: SIZES[0], calls: 10, guest_us: vec![7.0, 7.5], model_us: vec![5.0, 5.5] }],
            goals: Vec::new(),
        }
    }

    fn found(goals: &[Goal], what: &str) -> Option<(f64, bool)> {
        goals.iter().find(|goal| goal.what.contains(what)).map(|goal| (goal.found, goal.kept))
    }

    #[test]
    fn each_goal_is_judged_by_the_figures_it_names() {
        let goals = judge(&runs());
        assert_eq!(found(&goals, "module adds to a restored"), Some((0.5, true)));
        assert_eq!(found(&goals, "module adds to a normal"), Some((0.5, true)));
        assert_eq!(found(&goals, "three sizes, restored"), Some((2.0, false)));
        assert_eq!(found(&goals, "wasmtime"), Some((0.1, true)));
        assert_eq!(found(&goals, "new instance of a module"), Some((150.0, false)));
        assert_eq!(found(&goals, "growth of memory"), Some((4.0, true)));
        assert_eq!(found(&goals, "more descriptors"), Some((1.0, false)));
        assert_eq!(found(&goals, "call of compute in a module"), Some((2.0, true)));
        assert_eq!(found(&goals, "component"), None);
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let mut runs = runs();
        runs.ways.retain(|way| way.guest != SIZES[1] && way.start != "wasmtime");
        runs.rows[0].held.truncate(1);
        runs.calls.clear();
        let goals = judge(&runs);
        assert_eq!(goals.len(), 3, "{goals:?}");
    }

    #[test]
    fn sizes_become_a_sweep_and_the_file_holds_every_raw_value() {
        let sweep = runs().sweep();
        let at: Vec<_> = sweep.points.iter().map(|point| (point.at, point.ways.len())).collect();
        assert_eq!(at, [(124.0, 2), (486.0, 2), (1300.0, 2)]);
        assert_eq!(sweep.points[2].ways[0].cold_ms, [42.5; 3]);
        let directory = tempfile::tempdir().unwrap();
        let path = runs().write(directory.path()).unwrap();
        assert_eq!(path.file_name().unwrap(), "2027-01-31-guests.json");
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(json["rows"][0]["held"][1][1]["descriptors"], 6);
        assert_eq!(json["ways"][0]["cold"][0]["cold_ms"], 40.0);
    }
}
