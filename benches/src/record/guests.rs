//! [`GuestRuns`]: the file that the bench of guests leaves.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{ColdRun, write_new};
use crate::goals::Goal;
use crate::held::Held;
use crate::machine::Machine;
use crate::measurement::{Axis, Point, PointRuns, SweepRuns};

/// The version of the file's shape. A field that is added keeps it; one that changes its meaning does not.
pub const GUEST_SCHEMA: &str = "blink.guest-runs/1";

/// The ways that have no guest: the model alone.
pub const NO_GUEST: &str = "model";
/// Guests that do the same and differ in size, from the smallest.
pub const SIZES: [&str; 3] = ["module", "module-medium", "module-large"];
/// The smallest of these as a component.
pub const COMPONENT: &str = "component";

/// One run of the bench.
#[derive(Clone, Debug, Serialize)]
pub struct GuestRuns {
    /// [`GUEST_SCHEMA`].
    pub schema: &'static str,
    /// What was measured, as in the file's name.
    pub name: String,
    /// The day, UTC, as `2027-01-31`.
    pub date: String,
    /// On what.
    pub machine: Machine,
    /// The model that guests ask at a cold start.
    pub model: &'static str,
    /// Cold starts of each way.
    pub launches: usize,
    /// Threads of a run, for every way.
    pub threads: usize,
    /// Bytes of the `blink` binary.
    pub binary_bytes: u64,
    /// Versions of the peers, by name.
    pub peers: BTreeMap<&'static str, String>,
    /// What could not be measured, and why.
    pub left_out: Vec<String>,
    /// The guests.
    pub guests: Vec<GuestProgram>,
    /// Cold starts, in turns.
    pub ways: Vec<GuestWay>,
    /// Runs in a row in one worker, by guest.
    pub rows: Vec<GuestRow>,
    /// Calls of `compute` beside runs of the model in one process, by guest.
    pub calls: Vec<GuestCalls>,
    /// What the goals say to it, as far as it was measured.
    pub goals: Vec<Goal>,
}

/// A guest, and the artifact that it is in.
#[derive(Clone, Debug, Serialize)]
pub struct GuestProgram {
    /// Its name: one of [`SIZES`], or [`COMPONENT`].
    pub guest: &'static str,
    /// Bytes of WebAssembly in the artifact.
    pub wasm_bytes: u64,
    /// Bytes of native code in the artifact.
    pub code_bytes: u64,
    /// Bytes of the artifact.
    pub artifact_bytes: u64,
}

/// One way to the model's answer.
#[derive(Clone, Debug, Serialize)]
pub struct GuestWay {
    /// What asks the model: a guest, or [`NO_GUEST`].
    pub guest: &'static str,
    /// How it starts: `restored` or `normal`; else the name of the peer.
    pub start: &'static str,
    /// Greatest difference of its answer from that of the model alone, as a share of the largest value.
    pub difference: f64,
    /// Its cold starts, in the order in which they were made.
    pub cold: Vec<ColdRun>,
    /// Microseconds that making the guest's instance took in each of them.
    pub instantiate_us: Vec<f64>,
}

/// Runs of one guest in a row, in one worker, each with an instance of its own.
#[derive(Clone, Debug, Serialize)]
pub struct GuestRow {
    /// The guest.
    pub guest: &'static str,
    /// Microseconds that making each instance took.
    pub instantiate_us: Vec<f64>,
    /// Microseconds from the request to the answer in the caller's hands, of each run.
    pub run_us: Vec<f64>,
    /// What the worker held after some runs: how many, and what.
    pub held: Vec<(usize, Held)>,
}

/// Calls of `compute` in one guest, beside runs of the same model in one process, in turns.
#[derive(Clone, Debug, Serialize)]
pub struct GuestCalls {
    /// The guest.
    pub guest: &'static str,
    /// Calls in each turn.
    pub calls: u32,
    /// Microseconds of a call, turn by turn: of the guest's whole run by its calls, so inputs and outputs are in it.
    pub guest_us: Vec<f64>,
    /// Microseconds of a run of the model in the bench's own process, turn by turn.
    pub model_us: Vec<f64>,
}

impl GuestRuns {
    /// Writes the file into `directory`, as [`super::BenchRuns::write`] does.
    pub fn write(&self, directory: &Path) -> io::Result<PathBuf> {
        write_new(directory, &format!("{}-{}", self.date, self.name), self)
    }

    /// The way of `guest` by `start`.
    pub fn way(&self, guest: &str, start: &str) -> Option<&GuestWay> {
        self.ways.iter().find(|way| way.guest == guest && way.start == start)
    }

    /// Cold starts over the size of the guest, as a sweep.
    pub fn sweep(&self) -> SweepRuns {
        let sizes = self.guests.iter().filter(|program| SIZES.contains(&program.guest));
        let point = |program: &GuestProgram| Point {
            at: program.wasm_bytes as f64,
            label: program.guest.to_owned(),
            ways: [("snapshot", "restored"), ("normal", "normal")]
                .into_iter()
                .filter_map(|(name, start)| Some((name, self.way(program.guest, start)?)))
                .map(|(name, way)| PointRuns { name: name.into(), cold_ms: way.cold_ms(), ..PointRuns::default() })
                .collect(),
        };
        let mut points: Vec<Point> = sizes.map(point).collect();
        points.sort_by(|a, b| a.at.total_cmp(&b.at));
        SweepRuns { axis: Axis::Guest, points }
    }
}

impl GuestWay {
    /// Its cold starts, in milliseconds.
    pub fn cold_ms(&self) -> Vec<f64> {
        self.cold.iter().map(|run| run.cold_ms).collect()
    }
}
