//! [`BenchRuns`]: the file that a bench leaves, with every raw value in it.
//!
//! Whoever doubts a figure computes it again from here. It carries no path and no name of a host.

mod guests;
mod model;
mod serving;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

pub use self::guests::{
    COMPONENT, GUEST_SCHEMA, GuestCalls, GuestProgram, GuestRow, GuestRuns, GuestWay, NO_GUEST, SIZES,
};
#[cfg(test)]
pub(crate) use self::model::tests::runs as example;
pub use self::model::{ChannelRuns, ColdRun, DiskRun, DiskRuns, ModelRuns, SnapshotMade, WayRuns};
pub use self::serving::{BurstRuns, OverheadRuns, RateRuns, RestRuns, SERVING_SCHEMA, ServingRuns, ZeroRuns};
use crate::goals::Goal;
use crate::machine::Machine;

/// The version of the file's shape. A field that is added keeps it; one that changes its meaning does not.
pub const SCHEMA: &str = "blink.bench-runs/2";

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
    /// What the goals say to it, as far as it was measured.
    pub goals: Vec<Goal>,
}

/// What was asked of a bench.
#[derive(Clone, Debug, Serialize)]
pub struct Settings {
    /// What was measured, by name.
    pub parts: Vec<&'static str>,
    /// Threads of a run, for every way.
    pub threads: usize,
    /// Cold starts of each way, files in the page cache.
    pub launches: usize,
    /// Launches of each way for its warm runs.
    pub warm_launches: usize,
    /// Later runs in each of those.
    pub warm_runs: usize,
    /// Workers alive at once while their memory is looked at.
    pub alive: usize,
    /// The most rounds of a worker and an instance in one process.
    pub channel_rounds: usize,
    /// Cold starts of each way from the disk.
    pub disk_launches: usize,
}

impl BenchRuns {
    /// Writes the file into `directory` as `DATE-NAME.json`, or `DATE-NAME-2.json` and so on where that is taken:
    /// what was measured once is never overwritten.
    pub fn write(&self, directory: &Path) -> io::Result<PathBuf> {
        write_new(directory, &format!("{}-{}", self.date, self.name), self)
    }
}

/// Writes `value` as JSON into a new file of `directory`, called `stem` or, where that is taken, `stem-2` and so on.
fn write_new(directory: &Path, stem: &str, value: &impl Serialize) -> io::Result<PathBuf> {
    std::fs::create_dir_all(directory)?;
    let (path, file) = create(directory, stem)?;
    let mut file = BufWriter::new(file);
    serde_json::to_writer(&mut file, value)?;
    file.write_all(b"\n")?;
    file.flush()?;
    Ok(path)
}

fn create(directory: &Path, stem: &str) -> io::Result<(PathBuf, File)> {
    let mut count = 1;
    loop {
        let suffix = if count == 1 { String::new() } else { format!("-{count}") };
        let path = directory.join(format!("{stem}{suffix}.json"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
            Err(error) => return Err(error),
            Ok(file) => return Ok((path, file)),
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
        BenchRuns {
            schema: SCHEMA,
            name: "cold-start".into(),
            date: "2027-01-31".into(),
            machine: Machine::read(),
            settings: Settings {
                parts: vec!["cold"],
                threads: 2,
                launches: 1,
                warm_launches: 2,
                warm_runs: 3,
                alive: 10,
                channel_rounds: 4,
                disk_launches: 5,
            },
            binary_bytes: 1,
            peers: BTreeMap::new(),
            left_out: Vec::new(),
            models: vec![example()],
            goals: Vec::new(),
        }
    }

    #[test]
    fn every_raw_value_is_in_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = runs().write(directory.path()).unwrap();
        assert_eq!(path.file_name().unwrap(), "2027-01-31-cold-start.json");
        let json: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!(json["schema"], "blink.bench-runs/2");
        let way = &json["models"][0]["ways"][0];
        assert_eq!((&way["cold"][0]["cold_ms"], &way["cold"][0]["minor_faults"]), (&58.5.into(), &3.into()));
        assert_eq!(way["cold"][0]["phases"][0]["phase"], "spawn");
        assert_eq!((&way["warm_ms"][0][2], &way["answered"][0]["total"]["private"]), (&32.0.into(), &4096.into()));
        assert_eq!(json["models"][0]["channel"][0]["worker_ms"][1], 31.5);
        assert_eq!(json["models"][0]["disk"]["starts"]["restored"][0]["ms"], 240.0);
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
