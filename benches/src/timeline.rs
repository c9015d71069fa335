//! [`PhaseTime`]: where the time of a start went. A process tells its own, through `--timeline FILE`.

use std::io;
use std::path::Path;

use blink_runtime::Span;
use serde::{Deserialize, Serialize};

/// The version of the timeline that is read here.
const SCHEMA: &str = "blink.timeline/1";

/// One phase of a start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseTime {
    /// Its name. Programs of other makers have names of their own.
    pub phase: String,
    /// Begin, in milliseconds from the spawn.
    pub start_ms: f64,
    /// Length in milliseconds.
    pub duration_ms: f64,
}

impl From<Span> for PhaseTime {
    fn from(Span { phase, start_ms, duration_ms }: Span) -> PhaseTime {
        PhaseTime { phase: phase.name().to_owned(), start_ms, duration_ms }
    }
}

/// What a process wrote of its own start. Its clock is the parent's, and its origin the parent's spawn.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    schema: String,
    /// The phases, by their begin.
    pub(crate) phases: Vec<PhaseTime>,
    /// Milliseconds of each later run, where it was asked to repeat.
    #[serde(default)]
    pub(crate) warm_ms: Vec<f64>,
}

impl Told {
    /// Reads the file that a process wrote.
    pub(crate) fn read(path: &Path) -> io::Result<Told> {
        let told: Told = serde_json::from_slice(&std::fs::read(path)?)?;
        if told.schema != SCHEMA {
            let found = format!("its schema is '{}', expected '{SCHEMA}'", told.schema);
            return Err(io::Error::new(io::ErrorKind::InvalidData, found));
        }
        Ok(told)
    }
}
