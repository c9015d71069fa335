//! [`WayRuns`]: one way to start, and every run of it.

use serde::{Deserialize, Serialize};

use crate::launch::Launched;
use crate::statistics::{median, middle};
use crate::timeline::PhaseTime;

/// One way to start a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WayRuns {
    /// Its name: `snapshot`, `normal`, or what the user calls a peer.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Greatest difference of its output from a normal worker's, as a share of the largest value. `None`: it was not
    /// compared, since the answer is no `.npy`.
    pub difference: Option<f64>,
    /// Cold starts, by the state of the page cache.
    pub states: Vec<StateRuns>,
    /// Milliseconds of its later runs, launch by launch. Peers have none.
    #[serde(default)]
    pub warm_ms: Vec<Vec<f64>>,
    /// System calls of one start, from the spawn to its end, its threads included; counted in a launch apart. `None`
    /// where the kernel does not let us.
    #[serde(default)]
    pub syscalls: Option<u64>,
}

/// What a way is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Kind {
    /// A worker of an artifact.
    Worker,
    /// A command of somebody else's.
    Peer {
        /// Its words, as they were typed.
        command: String,
    },
}

/// What of a start's files is in memory when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All: the process alone is new.
    Hot,
    /// Nothing: the kernel has said so of each file before each start.
    Disk,
}

/// Cold starts in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StateRuns {
    /// Which.
    pub state: State,
    /// Each start, in the order in which they were made.
    pub runs: Vec<Run>,
}

/// One cold start. What could not be read is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Milliseconds from just before the spawn to the output in the parent's hands.
    pub cold_ms: f64,
    /// Processor time in milliseconds: of workers up to the answer, of processes to their end.
    pub cpu_ms: Option<f64>,
    /// Of the processor time to the process's end, in milliseconds, what it spent in programs.
    pub user_ms: Option<f64>,
    /// And what the kernel spent on its behalf.
    pub system_ms: Option<f64>,
    /// Page faults served without I/O, counted as `cpu_ms`.
    pub minor_faults: Option<u64>,
    /// Page faults that waited for I/O, counted as `cpu_ms`.
    pub major_faults: Option<u64>,
    /// The most memory that was resident, in bytes.
    pub peak_bytes: Option<u64>,
    /// Proportional memory just after the answer, in bytes: each page divided by the processes that map it.
    pub pss_bytes: Option<u64>,
    /// Memory just after the answer that no other process maps, in bytes.
    pub private_bytes: Option<u64>,
    /// Bytes of its files that were in the page cache just before, as `mincore` tells; of workers.
    pub cached_bytes: Option<u64>,
    /// Where the time went, by begin; empty where nobody tells.
    #[serde(default)]
    pub phases: Vec<PhaseTime>,
}

impl State {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            State::Hot => "hot",
            State::Disk => "disk",
        }
    }
}

impl std::str::FromStr for State {
    type Err = String;

    fn from_str(name: &str) -> Result<State, String> {
        let found = [State::Hot, State::Disk].into_iter().find(|state| state.name() == name);
        found.ok_or_else(|| format!("state '{name}' is not known: expected hot or disk"))
    }
}

impl From<&Launched> for Run {
    fn from(launched: &Launched) -> Run {
        let usage = launched.usage.as_ref();
        Run {
            cold_ms: launched.cold_ms,
            cpu_ms: usage.map(|usage| usage.cpu_ms),
            minor_faults: usage.map(|usage| usage.minor_faults),
            major_faults: usage.map(|usage| usage.major_faults),
            peak_bytes: usage.map(|usage| usage.peak_bytes),
            phases: launched.phases.clone(),
            ..Run::default()
        }
    }
}

impl StateRuns {
    /// Its cold starts, in milliseconds.
    pub fn cold_ms(&self) -> Vec<f64> {
        self.runs.iter().map(|run| run.cold_ms).collect()
    }

    /// The start in the middle: half of the others were no faster. `None` where there is none.
    pub fn middle(&self) -> Option<&Run> {
        middle(&self.runs, |run| run.cold_ms)
    }
}

impl WayRuns {
    /// Its starts in `state`, where it was measured.
    pub fn state(&self, state: State) -> Option<&StateRuns> {
        self.states.iter().find(|runs| runs.state == state)
    }

    /// The median of the later runs of each launch, in milliseconds.
    pub fn warm(&self) -> Vec<f64> {
        self.warm_ms.iter().filter_map(|runs| median(runs)).collect()
    }

    /// Whether it is a worker, and not a peer.
    pub fn is_worker(&self) -> bool {
        self.kind == Kind::Worker
    }
}
