//! `blink snapshots`: which there are, whether each is valid here, and removing those that are of no use.

mod row;

use blink_runtime::library;
use blink_snapshots::store::{Prune, Pruned, Store, Why};
use serde::Serialize;

use self::row::{Row, count, mib, table};
use crate::output::Output;

/// List snapshots: of which artifact, how big, how old, valid here or why not.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SnapshotsArgs {
    #[command(subcommand)]
    pub(crate) verb: Option<SnapshotsVerb>,
}

/// What else can be done with them.
#[derive(Clone, Debug, clap::Subcommand)]
pub(crate) enum SnapshotsVerb {
    /// Remove snapshots that are not valid here. Workers that run are not disturbed.
    Prune(PruneArgs),
}

/// Which snapshots go.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct PruneArgs {
    /// Then the oldest too, until the rest has at most this size: bytes, or with K, M or G (1024 each).
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<u64>,
    /// Remove every snapshot.
    #[arg(long, conflicts_with = "max_size")]
    pub(crate) all: bool,
}

#[derive(Serialize)]
struct List {
    schema: &'static str,
    directory: String,
    bytes: u64,
    snapshots: Vec<Row>,
}

#[derive(Serialize)]
struct Removal {
    schema: &'static str,
    directory: String,
    removed_bytes: u64,
    removed: Vec<RemovedRow>,
    kept_bytes: u64,
    kept: Vec<Row>,
    /// What was to go and could not be removed.
    failed: Vec<String>,
}

#[derive(Serialize)]
struct RemovedRow {
    because: &'static str,
    #[serde(flatten)]
    row: Row,
}

/// Lists, or prunes.
pub(crate) fn run(args: &SnapshotsArgs, output: &Output) -> anyhow::Result<()> {
    let store = Store::new(library::snapshots_dir()?);
    match &args.verb {
        None => list(&store, output),
        Some(SnapshotsVerb::Prune(args)) => prune(&store, args, output),
    }
}

fn list(store: &Store, output: &Output) -> anyhow::Result<()> {
    let snapshots = Row::all(store.list()?);
    let (directory, bytes) = (store.directory().display().to_string(), total(&snapshots));
    let report = List { schema: "blink.snapshots/1", directory, bytes, snapshots };
    output.print(&report, |out| {
        let List { directory, snapshots, .. } = &report;
        if snapshots.is_empty() {
            return writeln!(out, "{}", none(directory));
        }
        write!(out, "{}", table(snapshots))?;
        writeln!(out, "{}, {} in {directory}", count(snapshots.len()), mib(bytes))?;
        let mut told: Vec<_> = snapshots.iter().filter_map(Row::told).collect();
        told.dedup();
        told.iter().try_for_each(|line| writeln!(out, "{line}"))
    })
}

fn prune(store: &Store, args: &PruneArgs, output: &Output) -> anyhow::Result<()> {
    let rule = match args {
        PruneArgs { all: true, .. } => Prune::All,
        PruneArgs { max_size: Some(most), .. } => Prune::MaxBytes(*most),
        PruneArgs { max_size: None, .. } => Prune::Invalid,
    };
    let Pruned { removed, kept, failed } = store.prune(rule)?;
    let because = |why| match why {
        Why::Invalid => "invalid",
        Why::Size => "size",
        Why::Asked => "asked",
    };
    let removed: Vec<_> = removed
        .into_iter()
        .map(|removed| RemovedRow { because: because(removed.why), row: Row::new(removed.entry) })
        .collect();
    let kept = Row::all(kept);
    let report = Removal {
        schema: "blink.snapshots.prune/1",
        directory: store.directory().display().to_string(),
        removed_bytes: removed.iter().map(|removed| removed.row.bytes).sum(),
        removed,
        kept_bytes: total(&kept),
        kept,
        failed: failed.iter().map(ToString::to_string).collect(),
    };
    output.print(&report, |out| {
        for RemovedRow { because, row } in &report.removed {
            let words = match (*because, &row.why) {
                ("invalid", Some(why)) => why,
                ("size", _) => "the rest was to be smaller",
                _ => "every one was to go",
            };
            writeln!(out, "removed {} ({}): {words}", row.title(), mib(row.bytes))?;
        }
        let Removal { directory, removed, removed_bytes, kept, kept_bytes, failed, .. } = &report;
        if removed.is_empty() && kept.is_empty() && failed.is_empty() {
            return writeln!(out, "{}", none(directory));
        }
        let (gone, stay) = (count(removed.len()), count(kept.len()));
        writeln!(out, "{gone} removed, {}; {stay} kept, {}", mib(*removed_bytes), mib(*kept_bytes))
    })?;
    anyhow::ensure!(report.failed.is_empty(), "not every snapshot could be removed: {}", report.failed.join("; "));
    Ok(())
}

fn none(directory: &str) -> String {
    format!("no snapshots in {directory}: make one with `blink warm ARTIFACT`")
}

fn total(rows: &[Row]) -> u64 {
    rows.iter().map(|row| row.bytes).sum()
}

/// A number of bytes, as a user types it.
fn size(text: &str) -> Result<u64, String> {
    let units = [('K', 10), ('M', 20), ('G', 30)];
    let unit = units.iter().find_map(|(unit, bits)| {
        let digits = text.strip_suffix([*unit, unit.to_ascii_lowercase()])?;
        Some((digits, *bits))
    });
    let (digits, bits) = unit.unwrap_or((text, 0));
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let bytes = digits.parse::<u64>().ok().filter(|_| is_number).and_then(|number| number.checked_mul(1 << bits));
    bytes.ok_or_else(|| "expected a whole number of bytes, or one with K, M or G behind it: 500M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_bytes_or_have_a_unit() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("1234"), Ok(1234));
        assert_eq!((size("3K"), size("500M"), size("2G")), (Ok(3 << 10), Ok(500 << 20), Ok(2 << 30)));
        assert_eq!((size("3k"), size("500m"), size("2g")), (size("3K"), size("500M"), size("2G")));
        assert_eq!(size("18446744073709551615"), Ok(u64::MAX));
        for refused in ["", "M", "-1", "+1", "1.5G", "1T", "1MB", "1 M", " 1", "18446744073709551616", "17179869184G"] {
            assert!(size(refused).is_err(), "{refused}");
        }
    }
}
