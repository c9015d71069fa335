//! [`ServingRuns`]: the file that the bench of the server leaves.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::write_new;
use crate::goals::Goal;
use crate::machine::Machine;

/// The version of the file's shape. A field that is added keeps it; one that changes its meaning does not.
pub const SERVING_SCHEMA: &str = "blink.serving-runs/1";

/// One run of the bench.
#[derive(Clone, Debug, Serialize)]
pub struct ServingRuns {
    /// [`SERVING_SCHEMA`].
    pub schema: &'static str,
    /// What was measured, as in the file's name.
    pub name: String,
    /// The day, UTC, as `2027-01-31`.
    pub date: String,
    /// On what.
    pub machine: Machine,
    /// Bytes of the `blink` binary.
    pub binary_bytes: u64,
    /// First requests, beside those that found a worker.
    pub zero: Option<ZeroRuns>,
    /// What the server adds to a run.
    pub overheads: Vec<OverheadRuns>,
    /// Answers a second, by number of clients.
    pub rates: Vec<RateRuns>,
    /// Many models that nobody asks.
    pub rest: Option<RestRuns>,
    /// Many requests at one moment.
    pub burst: Option<BurstRuns>,
    /// What the goals say to it, as far as it was measured.
    pub goals: Vec<Goal>,
}

/// First requests to a model without a worker, and later ones.
#[derive(Clone, Debug, Serialize)]
pub struct ZeroRuns {
    /// The model.
    pub model: &'static str,
    /// Milliseconds from a first request to its answer.
    pub first_ms: Vec<f64>,
    /// Milliseconds of a later one, after each of these.
    pub warm_ms: Vec<f64>,
    /// How workers were started, by kind of start.
    pub starts: BTreeMap<String, u64>,
}

/// Requests to a running worker, from one client.
#[derive(Clone, Debug, Serialize)]
pub struct OverheadRuns {
    /// The model.
    pub model: &'static str,
    /// `rest` or `grpc`.
    pub carrier: &'static str,
    /// Bytes of the input.
    pub input_bytes: usize,
    /// Microseconds that the client waited, request by request.
    pub client_us: Vec<f64>,
    /// Of these, the worker's, as the server counts.
    pub infer_us: Vec<f64>,
}

/// Requests as fast as so many clients can have them answered.
#[derive(Clone, Debug, Serialize)]
pub struct RateRuns {
    /// How many clients.
    pub clients: usize,
    /// Answers a second, turn by turn.
    pub per_second: Vec<f64>,
    /// The median of a turn's times to an answer, in microseconds.
    pub p50_us: Vec<f64>,
    /// Of a hundred answers 99 took no longer.
    pub p99_us: Vec<f64>,
    /// Microseconds of processor time an answer: of the server.
    pub server_cpu_us: Vec<f64>,
    /// Of the workers.
    pub workers_cpu_us: Vec<f64>,
    /// Of the clients.
    pub clients_cpu_us: Vec<f64>,
}

/// A server of many models that have no worker.
#[derive(Clone, Debug, Serialize)]
pub struct RestRuns {
    /// How many models.
    pub models: usize,
    /// Bytes of the server in memory with all of them.
    pub resident: u64,
    /// Its share of the machine's memory.
    pub proportional: u64,
    /// The same with one model.
    pub one_resident: u64,
    /// Its share with one model.
    pub one_proportional: u64,
    /// Milliseconds of a first request to some of them.
    pub first_ms: Vec<f64>,
    /// Milliseconds of the next one.
    pub warm_ms: Vec<f64>,
    /// How the workers of these were started, by kind of start.
    pub starts: BTreeMap<String, u64>,
}

/// Requests at one moment to a model without a worker.
#[derive(Clone, Debug, Serialize)]
pub struct BurstRuns {
    /// The model.
    pub model: &'static str,
    /// Requests at once.
    pub requests: usize,
    /// The most workers.
    pub workers: usize,
    /// Milliseconds to the last answer, burst by burst.
    pub last_ms: Vec<f64>,
    /// Milliseconds to each answer, burst by burst.
    pub answer_ms: Vec<Vec<f64>>,
    /// Workers that were started, burst by burst.
    pub started: Vec<u64>,
    /// Requests that had no answer, or a wrong one.
    pub failed: usize,
}

impl ServingRuns {
    /// Writes the file into `directory`, as [`super::BenchRuns::write`] does.
    pub fn write(&self, directory: &Path) -> io::Result<PathBuf> {
        write_new(directory, &format!("{}-{}", self.date, self.name), self)
    }
}

impl OverheadRuns {
    /// What the client waited beyond the worker, request by request, in microseconds.
    pub fn over_us(&self) -> Vec<f64> {
        self.client_us.iter().zip(&self.infer_us).map(|(client, infer)| client - infer).collect()
    }
}

impl RateRuns {
    /// Microseconds that pass for each answer, turn by turn.
    pub fn us_an_answer(&self) -> Vec<f64> {
        self.per_second.iter().map(|per_second| 1e6 / per_second).collect()
    }
}
