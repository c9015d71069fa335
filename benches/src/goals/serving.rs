//! The goals of the server: what it may add to a start, to a run and to the machine's memory.

use super::{Goal, Judged};
use crate::record::{OverheadRuns, RateRuns, ServingRuns};
use crate::statistics::{Difference, Interval, Summary, median};
use crate::subject::Subject;

/// What the server may add to a run: by which carrier, of which model, milliseconds, in words.
const OVERHEADS: [(&str, Subject, f64, &str); 2] = [
    ("rest", Subject::ResNet50, 0.5, "a warm request over REST, 600 KB in: above the worker's run"),
    ("grpc", Subject::Tiny, 0.2, "a warm request over gRPC: above the worker's run"),
];
/// Models at rest whose memory is judged together.
const HUNDRED: usize = 100;
/// What a table entry may take, in KiB: names, dims, settings, counts, an open file.
const ENTRY: f64 = 16.0;

/// The goals of what `runs` has measured.
pub fn judge(runs: &ServingRuns) -> Vec<Goal> {
    let mut judged = Judged { model: Subject::ResNet50.name(), goals: Vec::new() };
    if let Some(zero) = runs.zero.as_ref().filter(|zero| zero.model == Subject::ResNet50.name()) {
        let above = Difference::of(&zero.first_ms, &zero.warm_ms).map(|d| (d.difference, d.interval));
        judged.add("the first request at zero: above a warm one, client to client", "ms", 10.0, above);
    }
    for (carrier, model, most, what) in OVERHEADS {
        let is_it = |runs: &&OverheadRuns| (runs.carrier, runs.model) == (carrier, model.name());
        if let Some(overhead) = runs.overheads.iter().find(is_it) {
            judged.model = overhead.model;
            judged.add(what, "ms", most, over(overhead));
        }
    }
    judged.model = Subject::Tiny.name();
    if let Some(best) = best(&runs.rates) {
        let us = Summary::of(&best.us_an_answer()).map(|us| (us.p50, us.interval));
        // 8,000 answers a second are one in 125 us.
        judged.add("over REST at its best: time for each answer", "us", 125.0, us);
    }
    if let Some(rest) = runs.rest.as_ref().filter(|rest| rest.models == HUNDRED) {
        judged.push("a hundred models at rest: memory of the server", "MB", 30.0, rest.resident as f64 / 1e6, None);
        let more = rest.proportional as f64 - rest.one_proportional as f64;
        let each = more / 1024.0 / (HUNDRED - 1) as f64;
        judged.push("a hundred models at rest: memory (PSS) of each further one", "KiB", ENTRY, each, None);
        let above = Difference::of(&rest.first_ms, &rest.warm_ms).map(|d| (d.difference, d.interval));
        judged.add("a hundred models at rest: the first request to one: above a warm one", "ms", 10.0, above);
    }
    if let Some(burst) = &runs.burst {
        judged.model = burst.model;
        let what = "a burst at zero: requests without an answer, or with a wrong one";
        judged.push(what, "of them", 0.0, burst.failed as f64, None);
    }
    judged.goals
}

/// The number of clients at which answers come fastest.
pub fn best(rates: &[RateRuns]) -> Option<&RateRuns> {
    let rate = |runs: &&RateRuns| median(&runs.per_second).unwrap_or_default();
    rates.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))
}

fn over(overhead: &OverheadRuns) -> Option<(f64, Interval)> {
    let ms: Vec<f64> = overhead.over_us().iter().map(|us| us / 1e3).collect();
    Summary::of(&ms).map(|over| (over.p50, over.interval))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::machine::Machine;
    use crate::record::{BurstRuns, RestRuns, SERVING_SCHEMA, ZeroRuns};

    fn rate(clients: usize, per_second: f64) -> RateRuns {
        RateRuns {
            clients,
            per_second: vec![per_second; 3],
            p50_us: vec![100.0; 3],
            p99_us: vec![200.0; 3],
            server_cpu_us: vec![50.0; 3],
            workers_cpu_us: vec![30.0; 3],
            clients_cpu_us: vec![20.0; 3],
        }
    }

    fn runs() -> ServingRuns {
        let overhead = |model, carrier, over: f64| OverheadRuns {
            model,
            carrier,
            input_bytes: 256,
            client_us: vec![over + 90.0; 5],
            infer_us: vec![90.0; 5],
        };
        ServingRuns {
            schema: SERVING_SCHEMA,
            name: "serving".into(),
            date: "2027-01-31".into(),
            machine: Machine::read(),
            binary_bytes: 1,
            zero: Some(ZeroRuns {
                model: "resnet50",
                first_ms: vec![40.0; 4],
                warm_ms: vec![32.0; 4],
                starts: BTreeMap::from([("restored".into(), 4)]),
            }),
            overheads: vec![overhead("resnet50", "rest", 600.0), overhead("tiny", "grpc", 150.0)],
            rates: vec![rate(1, 4000.0), rate(4, 10_000.0), rate(8, 9000.0)],
            rest: Some(RestRuns {
                models: 100,
                resident: 20_000_000,
                proportional: 18_000_000,
                one_resident: 19_000_000,
                one_proportional: 17_000_000,
                first_ms: vec![5.0; 3],
                warm_ms: vec![1.0; 3],
                starts: BTreeMap::new(),
            }),
            burst: Some(BurstRuns {
                model: "tiny",
                requests: 64,
                workers: 8,
                last_ms: vec![20.0],
                answer_ms: vec![vec![10.0; 64]],
                started: vec![8],
                failed: 1,
            }),
            goals: Vec::new(),
        }
    }

    #[test]
    fn each_goal_is_judged_by_the_figures_it_names() {
        let goals = judge(&runs());
        let found = |what: &str| goals.iter().find(|goal| goal.what.contains(what)).map(|goal| (goal.found, goal.kept));
        assert_eq!(found("first request at zero"), Some((8.0, true)));
        assert_eq!(found("over REST, 600 KB"), Some((0.6, false)));
        assert_eq!(found("over gRPC"), Some((0.15, true)));
        assert_eq!(found("at its best"), Some((100.0, true)));
        assert_eq!(found("memory of the server"), Some((20.0, true)));
        assert_eq!(found("each further").map(|(kib, kept)| (kib.round(), kept)), Some((10.0, true)));
        assert_eq!(found("first request to one"), Some((4.0, true)));
        assert_eq!(found("a burst"), Some((1.0, false)));
    }

    #[test]
    fn what_was_not_measured_is_not_judged() {
        let runs = ServingRuns { zero: None, overheads: vec![], rates: vec![], rest: None, burst: None, ..runs() };
        assert!(judge(&runs).is_empty());
        let overheads = self::runs().overheads.into_iter().map(|runs| OverheadRuns { model: "bert", ..runs });
        assert!(judge(&ServingRuns { overheads: overheads.collect(), ..runs }).is_empty());
    }
}
