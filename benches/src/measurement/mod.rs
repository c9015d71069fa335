//! [`Measurement`]: the file that `blink bench` writes, with every raw value in it. `docs/measurement.md` tells its
//! fields.
//!
//! Whoever doubts a figure computes it again from here. It carries no path and no name of a host: of a peer it holds
//! the words that the user typed.
//!
//! | file | what it holds |
//! |---|---|
//! | `ways.rs` | the ways to start, and each of their runs |
//! | `bound.rs` | what no start can be faster than, what the bench itself costs, how calm the machine was |
//! | `sweep.rs` | starts as one thing grows |
//! | `load.rs` | answers under load |
//! | `device.rs` | a device, and what its worker took to come up |

mod bound;
mod device;
mod load;
mod sweep;
mod ways;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::bound::{Bound, Noise, Overhead};
pub use self::device::{Context, OnDevice};
pub use self::load::{Arrivals, Latencies, LoadRuns};
pub use self::sweep::{Axis, Point, PointRuns, SweepRuns};
pub use self::ways::{Kind, Run, State, StateRuns, WayRuns};
use crate::budget::Verdict;
use crate::machine::Machine;
use crate::whole_file;

/// The version of the file's shape. A field that is added keeps it; one that changes its meaning does not.
pub const SCHEMA: &str = "blink.bench/1";
/// The longest file that is read: 1 GiB.
const MAX_FILE: u64 = 1 << 30;

/// One run of `blink bench`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measurement {
    /// [`SCHEMA`].
    pub schema: String,
    /// The day, UTC, as `2027-01-31`.
    pub date: String,
    /// On what.
    pub machine: Machine,
    /// How.
    pub settings: Settings,
    /// Of what.
    pub subject: Subject,
    /// What the answers were held against.
    pub answers: Answers,
    /// What came out, by way. The first is the one that budgets mean where they name none.
    pub ways: Vec<WayRuns>,
    /// The device, where starts were on one: then all of them were made in one process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<OnDevice>,
    /// What no start can be faster than; absent where warm runs were not made, and on a device.
    pub bound: Option<Bound>,
    /// How calm the machine was.
    pub noise: Noise,
    /// What the bench itself costs.
    pub overhead: Overhead,
    /// What was demanded, and what was found.
    #[serde(default)]
    pub budgets: Vec<Verdict>,
    /// Starts as one thing grows.
    #[serde(default)]
    pub sweeps: Vec<SweepRuns>,
    /// Answers under load.
    #[serde(default)]
    pub loads: Vec<LoadRuns>,
    /// What could not be measured, and why.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// What was asked of the bench.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// Cold starts of each way and state.
    pub runs: usize,
    /// Launches of each way for its warm runs.
    pub warm_launches: usize,
    /// Later runs in each of those.
    pub warm_runs: usize,
    /// Threads of a run, for every way.
    pub threads: usize,
    /// Whether weights are packed at start.
    pub prepack: bool,
    /// The states, in the order asked for.
    pub states: Vec<State>,
    /// Whether nothing but the clock was read.
    pub is_bare: bool,
}

/// What was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Subject {
    /// The artifact's file name.
    pub artifact: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// The model in it; where its guest was measured, all of them.
    pub model: String,
    /// Bytes of their weights.
    pub weights_bytes: u64,
    /// What a run was given, as `name dtype[shape]`; of a guest, how much it had on stdin.
    pub inputs: Vec<String>,
    /// The guest, where that is what was measured.
    #[serde(default)]
    pub guest: Option<GuestSubject>,
    /// Bytes of the program that workers are.
    pub program_bytes: u64,
}

/// A guest that was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestSubject {
    /// Its name in the artifact.
    pub name: String,
    /// Bytes of WebAssembly in the artifact.
    pub bytes: u64,
    /// Its arguments, as they were typed.
    pub arguments: Vec<String>,
}

/// What every answer was held against.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answers {
    /// In words: the artifact's golden run, or a normal worker's first answer.
    pub held_against: String,
    /// BLAKE3, in hex, of all outputs of a worker with the threads and the packing that were measured.
    pub digest: String,
    /// How many answers were checked.
    pub checked: usize,
}

/// Why a file is not a measurement.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ReadError {
    #[error("{path} cannot be read: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} has {found} bytes, expected at most {MAX_FILE}", path = path.display())]
    TooLong { path: PathBuf, found: u64 },
    #[error("{path} is no measurement: {source}; expected a file that `blink bench -o` wrote", path = path.display())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{path} has schema '{found}', expected '{SCHEMA}': measure again with this blink", path = path.display())]
    Schema { path: PathBuf, found: String },
    #[error("{path} holds no way to start, expected at least one", path = path.display())]
    Empty { path: PathBuf },
}

impl Measurement {
    /// Reads a file that [`Measurement::write`] made.
    pub fn read(path: &Path) -> Result<Measurement, ReadError> {
        #[derive(Deserialize)]
        struct Versioned {
            #[serde(default)]
            schema: String,
        }
        let own = || path.to_owned();
        let failed = |source| ReadError::Io { path: own(), source };
        let found = fs::metadata(path).map_err(failed)?.len();
        if found > MAX_FILE {
            return Err(ReadError::TooLong { path: own(), found });
        }
        let bytes = fs::read(path).map_err(failed)?;
        let json = |source| ReadError::Json { path: own(), source };
        let Versioned { schema } = serde_json::from_slice(&bytes).map_err(json)?;
        if schema != SCHEMA {
            return Err(ReadError::Schema { path: own(), found: schema });
        }
        let read: Measurement = serde_json::from_slice(&bytes).map_err(json)?;
        if read.ways.is_empty() {
            return Err(ReadError::Empty { path: own() });
        }
        Ok(read)
    }

    /// Writes the file as `path`, whole or not at all.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        whole_file::write(path, &bytes)
    }

    /// The way called `name`.
    pub fn way(&self, name: &str) -> Option<&WayRuns> {
        self.ways.iter().find(|way| way.name == name)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
pub(crate) mod tests;
