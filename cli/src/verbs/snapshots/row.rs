//! One snapshot as it is printed.

use std::time::{Duration, SystemTime};

use blink_benches::table::Table;
use blink_snapshots::store::{Entry, Key};
use serde::Serialize;

/// One snapshot. What it is of is not known where its file is not trusted, or damaged in that place.
#[derive(Serialize)]
pub(super) struct Row {
    path: String,
    artifact: Option<String>,
    /// Empty: the artifact's only one.
    model: Option<String>,
    threads: Option<usize>,
    /// `on`, `off`, or `recorded`: as the compiler chose.
    packing: Option<&'static str>,
    /// The worker's program.
    program: Option<String>,
    /// ONNX Runtime's library.
    library: Option<String>,
    pub(super) bytes: u64,
    age_seconds: u64,
    /// Whether a worker could be restored from it here.
    valid: bool,
    /// The short name of the reason why not.
    reason: Option<&'static str>,
    pub(super) why: Option<String>,
}

impl Row {
    pub(super) fn new(Entry { path, key, bytes, modified, verdict, .. }: Entry) -> Row {
        let reason = verdict.err();
        // The clock may have been set back since.
        let age = SystemTime::now().duration_since(modified).unwrap_or_default();
        Row {
            path: path.display().to_string(),
            artifact: key.as_ref().map(|key| key.artifact.display().to_string()),
            threads: key.as_ref().map(|key| key.threads),
            packing: key.as_ref().map(packing),
            program: key.as_ref().map(|key| key.program.display().to_string()),
            library: key.as_ref().map(|key| key.library.display().to_string()),
            model: key.map(|key| key.model),
            bytes,
            age_seconds: age.as_secs(),
            valid: reason.is_none(),
            reason: reason.as_ref().map(|reason| reason.name()),
            why: reason.map(|reason| reason.to_string()),
        }
    }

    /// Those of `entries`, by what they are of.
    pub(super) fn all(entries: Vec<Entry>) -> Vec<Row> {
        let mut rows: Vec<_> = entries.into_iter().map(Row::new).collect();
        rows.sort_by(|one, other| one.order().cmp(&other.order()));
        rows
    }

    fn order(&self) -> impl Ord {
        (self.artifact.is_none(), &self.artifact, &self.model, self.threads, self.packing, &self.path)
    }

    /// Its artifact, or else its own path.
    pub(super) fn title(&self) -> &str {
        self.artifact.as_ref().unwrap_or(&self.path)
    }

    /// Why it is not valid, with its title once.
    pub(super) fn told(&self) -> Option<String> {
        let why = self.why.as_ref()?;
        Some(if why.starts_with(self.title()) { why.clone() } else { format!("{}: {why}", self.title()) })
    }
}

fn packing(key: &Key) -> &'static str {
    match key.prepack {
        Some(true) => "on",
        Some(false) => "off",
        None => "recorded",
    }
}

/// The rows, for people.
pub(super) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&["artifact", "model", "threads", "packing", "size", "age", "here"]);
    for row in rows {
        let unknown = || "-".to_owned();
        table.row([
            row.title().to_owned(),
            row.model.clone().filter(|model| !model.is_empty()).unwrap_or_else(unknown),
            row.threads.map_or_else(unknown, |threads| threads.to_string()),
            row.packing.unwrap_or("-").to_owned(),
            mib(row.bytes),
            age(Duration::from_secs(row.age_seconds)),
            row.reason.unwrap_or("valid").to_owned(),
        ]);
    }
    table
}

/// So many snapshots.
pub(super) fn count(snapshots: usize) -> String {
    if snapshots == 1 { "1 snapshot".to_owned() } else { format!("{snapshots} snapshots") }
}

/// A size in MiB.
pub(super) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", crate::output::mib(bytes))
}

/// The largest unit that fits.
fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told_in_the_largest_unit_that_fits() {
        let told = [0, 59, 60, 3599, 3600, 86399, 86400, 864_000].map(|seconds| age(Duration::from_secs(seconds)));
        assert_eq!(told, ["0 s", "59 s", "1 min", "59 min", "1 h", "23 h", "1 d", "10 d"]);
    }
}
