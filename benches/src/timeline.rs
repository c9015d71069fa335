//! [`WorkerTimeline`]: what a worker tells of its own start, through `--timeline FILE`.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The version of the timeline that is read here.
const SCHEMA: &str = "blink.timeline/1";

/// A worker's own timeline. Its clock is the parent's, and its origin the parent's spawn.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct WorkerTimeline {
    schema: String,
    /// Milliseconds from the spawn to the end of the last phase.
    pub total_ms: f64,
    /// The phases, by their begin.
    pub phases: Vec<PhaseTime>,
    /// Milliseconds of each later run, where the worker was asked to repeat.
    #[serde(default)]
    pub warm_ms: Vec<f64>,
}

/// One phase of a worker's start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseTime {
    /// Its name. Workers of other makers have names of their own.
    pub phase: String,
    /// Begin, in milliseconds from the spawn.
    pub start_ms: f64,
    /// Length in milliseconds.
    pub duration_ms: f64,
}

impl WorkerTimeline {
    /// Reads the file a worker wrote.
    pub(crate) fn read(path: &Path) -> io::Result<WorkerTimeline> {
        let timeline: WorkerTimeline = serde_json::from_slice(&std::fs::read(path)?)?;
        if timeline.schema != SCHEMA {
            let found = format!("its schema is '{}', expected '{SCHEMA}'", timeline.schema);
            return Err(io::Error::new(io::ErrorKind::InvalidData, found));
        }
        Ok(timeline)
    }

    /// Milliseconds that `phase` took; `None` where the worker did not pass through it.
    pub fn phase_ms(&self, phase: &str) -> Option<f64> {
        self.phases.iter().find(|time| time.phase == phase).map(|time| time.duration_ms)
    }
}
