//! [`LoadRuns`]: how long answers took while requests kept coming.

use serde::{Deserialize, Serialize};

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "arrivals")]
pub enum Arrivals {
    /// Closed loop: each client asks again as soon as it is answered.
    Closed,
    /// Open loop: requests come at random times, whether or not earlier ones are answered, so many a second on average.
    Open {
        /// Requests a second.
        rate: f64,
    },
}

/// One way under one load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadRuns {
    /// The way's name.
    pub name: String,
    /// How requests came.
    #[serde(flatten)]
    pub arrivals: Arrivals,
    /// Workers or processes, each with one request at a time.
    pub concurrency: usize,
    /// Seconds from the first request to the last answer.
    pub seconds: f64,
    /// Microseconds of each request, in the order of arrival: closed from the asking, open from the time at which the
    /// request came, so that waiting for a free worker counts.
    pub latency_us: Vec<u32>,
    /// Proportional memory of all of them together at the end, in bytes.
    pub pss_bytes: Option<u64>,
}

impl LoadRuns {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.latency_us.len() as f64 / self.seconds } else { 0.0 }
    }

    /// Milliseconds of each request.
    pub fn latency_ms(&self) -> Vec<f64> {
        self.latency_us.iter().map(|&us| f64::from(us) / 1e3).collect()
    }
}
