//! [`SweepRuns`]: starts as one thing grows.

use serde::{Deserialize, Serialize};

/// What grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Threads of a run.
    Threads,
    /// The batch: the size of the inputs' first symbolic dim.
    Batch,
    /// Bytes of the artifact, of several artifacts.
    Size,
    /// Bytes of the guest, of several artifacts. It is asked for as [`Axis::Size`].
    Guest,
    /// Workers alive at once.
    Workers,
}

/// A sweep along one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepRuns {
    /// What grew.
    pub axis: Axis,
    /// The values it took, from the least.
    pub points: Vec<Point>,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The value, in the axis' unit: a number, or bytes.
    pub at: f64,
    /// In words: the artifact's file name of [`Axis::Size`] and [`Axis::Guest`], else the number.
    pub label: String,
    /// What came out there, by way.
    pub ways: Vec<PointRuns>,
}

/// One way at one value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PointRuns {
    /// The way's name.
    pub name: String,
    /// Milliseconds of each cold start.
    pub cold_ms: Vec<f64>,
    /// Milliseconds of each warm run; of [`Axis::Workers`], with all of them asked at once.
    pub warm_ms: Vec<f64>,
    /// Proportional memory of all its workers together, in bytes, just after an answer.
    pub pss_bytes: Option<u64>,
    /// Private memory of the worker that has the most, in bytes.
    pub private_bytes: Option<u64>,
}

impl Axis {
    /// Every axis that can be asked for.
    pub const ALL: [Axis; 4] = [Axis::Threads, Axis::Batch, Axis::Size, Axis::Workers];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Axis::Threads => "threads",
            Axis::Batch => "batch",
            Axis::Size => "size",
            Axis::Guest => "guest",
            Axis::Workers => "workers",
        }
    }
}

impl std::str::FromStr for Axis {
    type Err = String;

    fn from_str(name: &str) -> Result<Axis, String> {
        let found = Axis::ALL.into_iter().find(|axis| axis.name() == name);
        found.ok_or_else(|| format!("axis '{name}' is not known: expected threads, batch, size or workers"))
    }
}
