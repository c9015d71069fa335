//! [`Goal`]: what a run was to reach, and whether it has. What was not measured is not judged.
//!
//! The goals stand here and nowhere else in code. No test holds a machine to them.

mod guests;
mod serving;

use serde::Serialize;

pub use self::guests::judge as judge_guests;
pub use self::serving::{best as best_rate, judge as judge_serving};
use crate::memory::Footprint;
use crate::record::{DiskRun, ModelRuns, WayRuns};
use crate::statistics::{Difference, Interval, Ratio, Summary};

/// Workers whose memory is judged together.
const TEN: usize = 10;
/// What is judged of them, each just after an answer, and at rest.
const ANSWERED: [&str; 2] = [
    "ten restored workers, each just after an answer: PSS together",
    "ten restored workers, each just after an answer: private memory of the largest",
];
const RESTED: [&str; 2] = [
    "ten restored workers at rest for a second: PSS together",
    "ten restored workers at rest for a second: private memory of the largest",
];

/// A goal, and what a run gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Goal {
    /// Of which model.
    pub model: &'static str,
    /// What is judged.
    pub what: &'static str,
    /// In which unit; `MB` is a million bytes.
    pub unit: &'static str,
    /// The most it may be.
    pub most: f64,
    /// What it was.
    pub found: f64,
    /// Where the true value lies, with 95 % confidence, where that can be told.
    pub interval: Option<Interval>,
    /// Whether `found` is at most `most`.
    pub kept: bool,
}

/// The goals of the model that `runs` are of.
pub fn judge(runs: &ModelRuns) -> Vec<Goal> {
    let mut judged = Judged { model: runs.model, goals: Vec::new() };
    let restored = runs.way("restored");
    match runs.model {
        "resnet50" => {
            judged.way(restored, |judged, way| {
                let over = Difference::of(&way.cold_ms(), &way.warm());
                let resumed = Summary::of(&way.resumed());
                judged.add("restored: over the warm run (aim: 3)", "ms", 6.0, over.map(|d| (d.difference, d.interval)));
                judged.add("restored: spawn to resumed", "ms", 1.2, resumed.map(|s| (s.p50, s.interval)));
                judged.memory(ANSWERED, &way.answered);
                judged.memory(RESTED, &way.rested);
            });
            // The first is the worker as the artifact was compiled.
            if let Some(channel) = runs.channel.first() {
                let above = Difference::of(&channel.worker_ms, &channel.in_process_ms);
                let above = above.map(|d| (d.difference, d.interval));
                judged.add("a warm request through a worker: above one in process", "ms", 0.3, above);
            }
        }
        "bert" => {
            let packed = runs.way("restored-packed").or(restored.filter(|_| runs.prepack));
            judged.way(packed, |judged, way| {
                let ratio = Ratio::of(&way.cold_ms(), &way.warm());
                judged.add("restored, packed: cold by its own warm run", "times", 1.12, times(ratio));
            });
        }
        "tiny" => judged.way(restored, |judged, way| {
            let cold = Summary::of(&way.cold_ms());
            judged.add("restored: spawn to answer", "ms", 4.0, cold.map(|s| (s.p50, s.interval)));
        }),
        _ => {}
    }
    if let Some(disk) = &runs.disk {
        let ms = |runs: &Vec<DiskRun>| runs.iter().map(|run| run.ms).collect::<Vec<_>>();
        let ratio = disk.starts.get("restored").and_then(|starts| Ratio::of(&ms(starts), &ms(&disk.read)));
        judged.add("restored from the disk: by reading the same bytes in order", "times", 1.25, times(ratio));
    }
    judged.goals
}

fn times(ratio: Option<Ratio>) -> Option<(f64, Interval)> {
    ratio.map(|ratio| (ratio.ratio, ratio.interval))
}

struct Judged {
    model: &'static str,
    goals: Vec<Goal>,
}

impl Judged {
    fn way(&mut self, way: Option<&WayRuns>, judge: impl FnOnce(&mut Judged, &WayRuns)) {
        if let Some(way) = way {
            judge(self, way);
        }
    }

    fn add(&mut self, what: &'static str, unit: &'static str, most: f64, found: Option<(f64, Interval)>) {
        if let Some((found, interval)) = found {
            self.push(what, unit, most, found, Some(interval));
        }
    }

    /// What ten workers have together, and the one that has the most to itself.
    fn memory(&mut self, what: [&'static str; 2], alive: &[Footprint]) {
        if alive.len() == TEN {
            let mb = |bytes: u64| bytes as f64 / 1e6;
            let together = alive.iter().map(|worker| worker.total.proportional).sum();
            let private = alive.iter().map(|worker| worker.total.private).max().unwrap_or(0);
            self.push(what[0], "MB", 220.0, mb(together), None);
            self.push(what[1], "MB", 10.0, mb(private), None);
        }
    }

    fn push(&mut self, what: &'static str, unit: &'static str, most: f64, found: f64, interval: Option<Interval>) {
        self.goals.push(Goal { model: self.model, what, unit, most, found, interval, kept: found <= most });
    }
}

impl std::fmt::Display for Goal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Goal { model, what, unit, most, found, interval, kept } = self;
        let verdict = if *kept { "kept  " } else { "MISSED" };
        write!(f, "{verdict}  {model}, {what}: {found:.2} {unit}")?;
        if let Some(Interval { low, high }) = interval {
            write!(f, " ({low:.2}-{high:.2})")?;
        }
        write!(f, ", at most {most}")
    }
}

#[cfg(test)]
#[path = "goals_tests.rs"]
mod tests;
