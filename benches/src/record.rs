//! [`BenchRuns`]: the file that a bench leaves, with every raw value in it.
//!
//! Whoever doubts a figure computes it again from here. It carries no path and no name of a host.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::launch::{Launched, Usage};
use crate::machine::Machine;
use crate::memory::Footprint;
use crate::worker::PhaseTime;

/// The version of the file's shape. A field that is added keeps it; one that changes its meaning does not.
pub const SCHEMA: &str = "blink.bench-runs/1";

/// One run of a bench.
#[derive(Clone, Debug, Serialize)]
pub struct BenchRuns {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// What was measured, as in the file's name.
    pub name: String,
    /// The day, UTC, as `2027-01-31`.
    pub date: String,
    /// On what.
    pub machine: Machine,
    /// How.
    pub settings: Settings,
    /// Bytes of the `blink` binary.
    pub binary_bytes: u64,
    /// Versions of the peers, by name.
    pub peers: BTreeMap<String, String>,
    /// What could not be measured, and why.
    pub left_out: Vec<String>,
    /// What came out, by model.
    pub models: Vec<ModelRuns>,
}

/// What was asked of a bench.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Settings {
    /// Threads of a run, for every worker.
    pub threads: usize,
    /// Launches of each worker for its cold start.
    pub launches: usize,
    /// Further launches of each worker for its warm runs.
    pub warm_launches: usize,
    /// Later runs in each of those.
    pub warm_runs: usize,
    /// State of the page cache: `hot`, every file of a start in it.
    pub page_cache: &'static str,
}

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
    /// The workers.
    pub workers: Vec<WorkerRuns>,
}

/// One way to run a model.
#[derive(Clone, Debug, Serialize)]
pub struct WorkerRuns {
    /// Its name.
    pub worker: &'static str,
    /// Greatest difference of its output from blink's, as a share of the largest value.
    pub difference: f64,
    /// Its cold starts, in the order in which they were made.
    pub cold: Vec<ColdRun>,
    /// Milliseconds of its later runs, launch by launch.
    pub warm_ms: Vec<Vec<f64>>,
    /// Its memory after the first answer, where it was looked at.
    pub memory: Option<Footprint>,
}

/// One cold start.
#[derive(Clone, Debug, Serialize)]
pub struct ColdRun {
    /// Milliseconds from the spawn to the output in the parent's hands.
    pub cold_ms: f64,
    /// What the kernel counted.
    #[serde(flatten)]
    pub usage: Usage,
    /// What the worker told of it.
    pub phases: Vec<PhaseTime>,
}

impl From<&Launched> for ColdRun {
    fn from(launched: &Launched) -> ColdRun {
        let phases = launched.timeline.as_ref().map(|timeline| timeline.phases.clone()).unwrap_or_default();
        ColdRun { cold_ms: launched.cold_ms, usage: launched.usage, phases }
    }
}

impl WorkerRuns {
    /// One figure of every cold start.
    pub fn cold(&self, figure: impl Fn(&ColdRun) -> f64) -> Vec<f64> {
        self.cold.iter().map(figure).collect()
    }

    /// The median of the later runs of each launch.
    pub fn warm(&self) -> Vec<f64> {
        self.warm_ms.iter().filter_map(|runs| crate::statistics::median(runs)).collect()
    }
}

impl BenchRuns {
    /// Writes the file into `directory` as `DATE-NAME.json`, or `DATE-NAME-2.json` and so on where that is taken:
    /// what was measured once is never overwritten.
    pub fn write(&self, directory: &Path) -> io::Result<PathBuf> {
        std::fs::create_dir_all(directory)?;
        let (path, file) = self.create(directory)?;
        let mut file = BufWriter::new(file);
        serde_json::to_writer(&mut file, self)?;
        file.write_all(b"\n")?;
        file.flush()?;
        Ok(path)
    }

    fn create(&self, directory: &Path) -> io::Result<(PathBuf, File)> {
        let mut count = 1;
        loop {
            let suffix = if count == 1 { String::new() } else { format!("-{count}") };
            let path = directory.join(format!("{}-{}{suffix}.json", self.date, self.name));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
                Err(error) => return Err(error),
                Ok(file) => return Ok((path, file)),
            }
        }
    }
}

/// Today, UTC, as `2027-01-31`.
pub fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    date(seconds / 86_400)
}

/// The date of a day, counted from 1970-01-01 in the Gregorian calendar.
fn date(mut day: u64) -> String {
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 0;
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while day >= lengths[month] {
        day -= lengths[month];
        month += 1;
    }
    format!("{year}-{:02}-{:02}", month + 1, day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs() -> BenchRuns {
        let usage = Usage { user_ms: 1.0, system_ms: 2.0, minor_faults: 3, major_faults: 0, peak_bytes: 4096 };
        let phases = vec![PhaseTime { phase: "spawn".into(), start_ms: 0.0, duration_ms: 1.5 }];
        let worker = WorkerRuns {
            worker: "blink",
            difference: 0.0,
            cold: vec![ColdRun { cold_ms: 58.5, usage, phases }],
            warm_ms: vec![vec![31.0, 33.0, 32.0], vec![30.0]],
            memory: None,
        };
        let model = ModelRuns {
            model: "tiny",
            onnx_bytes: 1,
            artifact_bytes: 2,
            prepack: true,
            arena_peak: 3,
            arena_resident: 4,
            workers: vec![worker],
        };
        BenchRuns {
            schema: SCHEMA,
            name: "cold-start".into(),
            date: "2027-01-31".into(),
            machine: Machine::read(),
            settings: Settings { threads: 2, launches: 1, warm_launches: 2, warm_runs: 3, page_cache: "hot" },
            binary_bytes: 1,
            peers: BTreeMap::new(),
            left_out: Vec::new(),
            models: vec![model],
        }
    }

    #[test]
    fn every_raw_value_is_in_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = runs().write(directory.path()).unwrap();
        assert_eq!(path.file_name().unwrap(), "2027-01-31-cold-start.json");
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(json["schema"], "blink.bench-runs/1");
        let worker = &json["models"][0]["workers"][0];
        assert_eq!((&worker["cold"][0]["cold_ms"], &worker["cold"][0]["minor_faults"]), (&58.5.into(), &3.into()));
        assert_eq!(worker["cold"][0]["phases"][0]["phase"], "spawn");
        assert_eq!(worker["warm_ms"][0][2], 32.0);
        assert_eq!(runs().models[0].workers[0].warm(), [32.0, 30.0]);
    }

    #[test]
    fn an_earlier_file_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let names: Vec<_> = (0..3).map(|_| runs().write(directory.path()).unwrap()).collect();
        let expected = ["2027-01-31-cold-start.json", "2027-01-31-cold-start-2.json", "2027-01-31-cold-start-3.json"];
        assert_eq!(names, expected.map(|name| directory.path().join(name)));
    }

    #[test]
    fn days_become_dates() {
        let known = [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (789, "1972-02-29"),
            (11_016, "2000-02-29"),
            (19_722, "2023-12-31"),
            (47_541, "2100-03-01"),
        ];
        for (day, expected) in known {
            assert_eq!(date(day), expected);
        }
    }
}
