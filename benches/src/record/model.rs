//! [`ModelRuns`]: what came out for one model, way by way.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::launch::Launched;
use crate::memory::Footprint;
use crate::statistics::median;
use crate::timeline::PhaseTime;
use crate::usage::Usage;

/// One model.
#[derive(Clone, Debug, Serialize)]
pub struct ModelRuns {
    /// Its name.
    pub model: &'static str,
    /// Bytes of the `.onnx` file.
    pub onnx_bytes: u64,
    /// Bytes of the artifact.
    pub artifact_bytes: u64,
    /// Whether the artifact says that weights are packed at start.
    pub prepack: bool,
    /// Bytes that the artifact's arena plan names for activations.
    pub arena_peak: u64,
    /// Bytes that it names for the life of a session, packed weights included.
    pub arena_resident: u64,
    /// The snapshots that were made.
    pub snapshots: Vec<SnapshotMade>,
    /// The ways to start it; the first is the normal start.
    pub ways: Vec<WayRuns>,
    /// Warm runs through a worker beside those in one process.
    pub channel: Vec<ChannelRuns>,
    /// Starts from the disk.
    pub disk: Option<DiskRuns>,
}

/// A snapshot, and what it took to make.
#[derive(Clone, Debug, Serialize)]
pub struct SnapshotMade {
    /// The way that starts from it.
    pub way: &'static str,
    /// Bytes of the file.
    pub bytes: u64,
    /// Of these, memory of the worker.
    pub saved_bytes: u64,
    /// Mappings that a restore makes.
    pub mappings: usize,
    /// Milliseconds to start, warm up, write down and prove.
    pub elapsed_ms: f64,
}

/// One way to start a model.
#[derive(Clone, Debug, Serialize)]
pub struct WayRuns {
    /// Its name.
    pub way: String,
    /// Greatest difference of its output from a normal worker's, as a share of the largest value.
    pub difference: f64,
    /// Its cold starts, in the order in which they were made.
    pub cold: Vec<ColdRun>,
    /// Milliseconds of its later runs, launch by launch.
    pub warm_ms: Vec<Vec<f64>>,
    /// Memory of processes that were alive at the same time, each just after an answer of its own.
    pub answered: Vec<Footprint>,
    /// The same, once none of them had been asked anything for a second. Workers only.
    pub rested: Vec<Footprint>,
}

/// One cold start.
#[derive(Clone, Debug, Serialize)]
pub struct ColdRun {
    /// Milliseconds from the spawn to the output in the parent's hands.
    pub cold_ms: f64,
    /// What the kernel counted: of workers up to the answer, of processes to their end.
    #[serde(flatten)]
    pub usage: Option<Usage>,
    /// Where the time went, as the process itself tells.
    pub phases: Vec<PhaseTime>,
}

/// Warm runs of an instance and of a worker in turns, from one process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChannelRuns {
    /// The way by which the worker started.
    pub way: String,
    /// Milliseconds of each run of the instance in the bench's own process.
    pub in_process_ms: Vec<f64>,
    /// Milliseconds of each run through the worker.
    pub worker_ms: Vec<f64>,
}

/// Starts with nothing of theirs in the page cache.
#[derive(Clone, Debug, Serialize)]
pub struct DiskRuns {
    /// Bytes that a restored start reads, as the snapshot lists them.
    pub needed_bytes: u64,
    /// Reading these bytes in order, and nothing else.
    pub read: Vec<DiskRun>,
    /// Cold starts, by way.
    pub starts: BTreeMap<&'static str, Vec<DiskRun>>,
}

/// One of these.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DiskRun {
    /// Milliseconds.
    pub ms: f64,
    /// Bytes of the files that the page cache had not let go of before.
    pub left_bytes: u64,
}

impl From<&Launched> for ColdRun {
    fn from(launched: &Launched) -> ColdRun {
        ColdRun { cold_ms: launched.cold_ms, usage: launched.usage, phases: launched.phases.clone() }
    }
}

impl ModelRuns {
    /// The way called `name`.
    pub fn way(&self, name: &str) -> Option<&WayRuns> {
        self.ways.iter().find(|way| way.way == name)
    }

    /// The fastest warm run there is, in milliseconds: of the medians of all ways, in one process included, the least.
    pub fn bound(&self) -> Option<f64> {
        let ways = self.ways.iter().filter_map(|way| median(&way.warm()));
        let channel = self.channel.iter().flat_map(|runs| [median(&runs.in_process_ms), median(&runs.worker_ms)]);
        ways.chain(channel.flatten()).min_by(f64::total_cmp)
    }
}

impl WayRuns {
    /// Its cold starts, in milliseconds.
    pub fn cold_ms(&self) -> Vec<f64> {
        self.cold.iter().map(|run| run.cold_ms).collect()
    }

    /// One figure of what its cold starts used.
    pub fn usage(&self, figure: impl Fn(&Usage) -> f64) -> Vec<f64> {
        self.cold.iter().filter_map(|run| run.usage.as_ref().map(&figure)).collect()
    }

    /// The median of the later runs of each launch.
    pub fn warm(&self) -> Vec<f64> {
        self.warm_ms.iter().filter_map(|runs| median(runs)).collect()
    }

    /// Milliseconds that its cold starts spent in `phase`.
    pub fn phase(&self, phase: &str) -> Vec<f64> {
        let times = self.cold.iter().flat_map(|run| &run.phases);
        times.filter(|time| time.phase == phase).map(|time| time.duration_ms).collect()
    }

    /// Milliseconds from the spawn to the first line of a restored worker; empty for other ways.
    pub fn resumed(&self) -> Vec<f64> {
        let times = self.cold.iter().flat_map(|run| &run.phases);
        times.filter(|time| time.phase == "restore").map(|time| time.start_ms + time.duration_ms).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::memory::Bytes;

    /// A model with one way, and a value of every kind.
    pub(crate) fn runs() -> ModelRuns {
        let usage = Usage { cpu_ms: 3.0, minor_faults: 3, major_faults: 0, peak_bytes: 4096 };
        let phase = |phase: &str, start_ms, duration_ms| PhaseTime { phase: phase.into(), start_ms, duration_ms };
        let phases = vec![phase("spawn", 0.0, 0.5), phase("restore", 0.5, 0.25)];
        let total = Bytes { private: 4096, proportional: 8192, ..Bytes::default() };
        let way = WayRuns {
            way: "restored".into(),
            difference: 0.0,
            cold: vec![ColdRun { cold_ms: 58.5, usage: Some(usage), phases }],
            warm_ms: vec![vec![31.0, 33.0, 32.0], vec![30.0]],
            answered: vec![Footprint { total, ..Footprint::default() }; 10],
            rested: Vec::new(),
        };
        let disk = |ms| vec![DiskRun { ms, left_bytes: 0 }];
        ModelRuns {
            model: "tiny",
            onnx_bytes: 1,
            artifact_bytes: 2,
            prepack: true,
            arena_peak: 3,
            arena_resident: 4,
            snapshots: vec![SnapshotMade { way: "restored", bytes: 1, saved_bytes: 1, mappings: 1, elapsed_ms: 1.0 }],
            ways: vec![way],
            channel: vec![ChannelRuns {
                way: "restored".into(),
                in_process_ms: vec![29.0, 30.0],
                worker_ms: vec![30.5, 31.5],
            }],
            disk: Some(DiskRuns {
                needed_bytes: 1,
                read: disk(200.0),
                starts: BTreeMap::from([("restored", disk(240.0))]),
            }),
        }
    }

    #[test]
    fn figures_are_those_of_their_way() {
        let runs = runs();
        let way = runs.way("restored").unwrap();
        assert_eq!((way.warm(), way.resumed(), way.phase("spawn")), (vec![32.0, 30.0], vec![0.75], vec![0.5]));
        assert_eq!((way.cold_ms(), way.usage(|usage| usage.cpu_ms)), (vec![58.5], vec![3.0]));
        assert!(runs.way("normal").is_none());
    }

    #[test]
    fn the_bound_is_the_fastest_of_all() {
        let mut runs = runs();
        assert_eq!(runs.bound(), Some(29.5));
        runs.channel.clear();
        assert_eq!(runs.bound(), Some(31.0));
        runs.ways.clear();
        assert_eq!(runs.bound(), None);
    }
}
