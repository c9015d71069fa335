//! Goals are judged by the figures they name, and only where those are there.

use super::*;
use crate::record::example as model;

fn found(goals: &[Goal], what: &str) -> Option<(f64, bool)> {
    goals.iter().find(|goal| goal.what.contains(what)).map(|goal| (goal.found, goal.kept))
}

#[test]
fn each_model_has_its_goals() {
    let of = |name| judge(&ModelRuns { model: name, ..model() });
    let resnet = of("resnet50");
    assert_eq!(found(&resnet, "over the warm run"), Some((58.5 - 31.0, false)));
    assert_eq!(found(&resnet, "spawn to resumed"), Some((0.75, true)));
    assert_eq!(found(&resnet, "PSS together"), Some((0.08192, true)));
    assert_eq!(found(&resnet, "private memory"), Some((0.004096, true)));
    assert_eq!(found(&resnet, "at rest"), None);
    assert_eq!(found(&resnet, "through a worker"), Some((1.5, false)));
    assert_eq!(found(&resnet, "from the disk"), Some((1.2, true)));
    assert_eq!(found(&of("bert"), "own warm run"), Some((58.5 / 31.0, false)));
    assert_eq!(found(&of("tiny"), "spawn to answer"), Some((58.5, false)));
    assert_eq!((of("bert").len(), of("tiny").len(), of("vgg").len()), (2, 2, 1));
}

#[test]
fn what_was_not_measured_is_not_judged() {
    let mut runs = ModelRuns { model: "resnet50", channel: Vec::new(), disk: None, ..model() };
    runs.ways[0].warm_ms.clear();
    runs.ways[0].answered.truncate(9);
    let goals = judge(&runs);
    assert_eq!(goals.iter().map(|goal| goal.what).collect::<Vec<_>>(), ["restored: spawn to resumed"]);
    runs.ways.clear();
    assert_eq!(judge(&runs), []);
    // A model that does not pack as compiled is not judged packed without a packed way.
    assert_eq!(judge(&ModelRuns { model: "bert", prepack: false, disk: None, ..model() }), []);
}

#[test]
fn a_line_says_what_was_found_and_what_was_wanted() {
    let interval = Some(Interval { low: 0.7, high: 0.8 });
    let goal = Goal { model: "tiny", what: "a", unit: "ms", most: 4.0, found: 0.75, interval, kept: true };
    assert_eq!(goal.to_string(), "kept    tiny, a: 0.75 ms (0.70-0.80), at most 4");
    let missed = Goal { interval: None, kept: false, unit: "MB", found: 4.125, ..goal };
    assert_eq!(missed.to_string(), "MISSED  tiny, a: 4.12 MB, at most 4");
}
