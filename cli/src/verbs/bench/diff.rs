//! `blink bench diff`: what changed between two measurements, and what is only noise. `ab` ends the same way.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use blink_benches::comparison::{Change, Comparison, Row, SURE, compare, compare_ways};
use blink_benches::measurement::Measurement;
use blink_benches::table::Table;
use serde::Serialize;

use super::note_left_out;
use crate::output::{Output, note};

/// How many figures an error names.
const NAMED: usize = 5;

/// Compare two measurements: a real change, or noise.
///
/// A figure changed where its median moved by more than the threshold and by more than 0.1 ms, 64 KiB, or 16 faults or
/// calls, and chance would do as much in less than 1 of 100 comparisons (permutation test, corrected for all figures).
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// The measurement to compare with, as `blink bench -o` wrote it.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The measurement that is compared.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    threshold: ThresholdArgs,
}

/// What counts as a change.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct ThresholdArgs {
    /// The least change of a median that counts, in percent; exit code 3 where something got worse by more.
    #[arg(long = "threshold", value_name = "PERCENT", default_value = "5", value_parser = share)]
    share: f64,
}

/// A figure got worse beyond noise and threshold.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Regressed(String);

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    old: &'a str,
    new: &'a str,
    regressed: bool,
    conclusion: String,
    #[serde(flatten)]
    comparison: &'a Comparison,
}

/// Compares; a regression is an error.
pub(crate) fn run(args: &DiffArgs, output: &Output) -> anyhow::Result<()> {
    let [old, new] = [&args.old, &args.new].map(|path| path.display().to_string());
    let comparison = compare(&Measurement::read(&args.old)?, &Measurement::read(&args.new)?, args.threshold.share);
    report(&comparison, &old, &new, output)
}

/// The same for ways of one measurement: each `baseENDING` against its `newENDING`, for each of `endings`.
pub(super) fn report_ways(
    measurement: &Measurement,
    endings: &[&str],
    threshold: &ThresholdArgs,
    output: &Output,
) -> anyhow::Result<()> {
    let names: Vec<_> = endings.iter().map(|ending| (format!("base{ending}"), format!("new{ending}"))).collect();
    let pairs: Vec<_> = names.iter().map(|(base, new)| (base.as_str(), new.as_str())).collect();
    let comparison = compare_ways(measurement, &pairs, threshold.share);
    report(&comparison.context("a way of one build has no counterpart in the other")?, "base", "new", output)
}

fn report(comparison: &Comparison, old: &str, new: &str, output: &Output) -> anyhow::Result<()> {
    for doubt in &comparison.doubts {
        note!("warning: {doubt}");
    }
    note_left_out(&comparison.left_out);
    anyhow::ensure!(
        !comparison.rows.is_empty(),
        "{old} and {new} have no figure in common, expected the same ways and states in both"
    );
    let regressed = comparison.worse().next().is_some();
    let conclusion = conclusion(comparison);
    let report = Report { schema: "blink.bench-diff/1", old, new, regressed, conclusion, comparison };
    output.print(&report, |out| print(&report, out))?;
    if regressed { Err(Regressed(format!("{new} is worse than {old}: {}", worse(comparison))).into()) } else { Ok(()) }
}

fn print(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Report { comparison, old, new, .. } = report;
    let mut rows: Vec<&Row> = comparison.rows.iter().collect();
    // What changed comes first; in each part the order stays that of the measurement.
    rows.sort_by_key(|row| row.change);
    let (judged, phases): (Vec<&Row>, Vec<&Row>) = rows.into_iter().partition(|row| row.is_judged);
    writeln!(out, "old: {old}\nnew: {new}\n\n{}", table(judged.into_iter()))?;
    let moved: Vec<&Row> =
        phases.into_iter().filter(|row| matches!(row.change, Change::Worse | Change::Better)).collect();
    if !moved.is_empty() {
        writeln!(out, "told, and not judged\n{}", table(moved.into_iter()))?;
    }
    writeln!(out, "{}", report.conclusion)
}

fn table<'a>(rows: impl Iterator<Item = &'a Row>) -> Table {
    let mut table = Table::new(&["median", "old", "new", "change", "95 %", "p", "verdict"]);
    for row in rows {
        let p = match row.corrected_p {
            Some(p) if p < 0.001 => "<0.001".into(),
            Some(p) => format!("{p:.3}"),
            None => "exact".into(),
        };
        let (old, new) = (row.unit.show(row.old), row.unit.show(row.new));
        table.row([label(row), old, new, moved(row), interval(row), p, row.word().into()]);
    }
    table
}

fn label(row: &Row) -> String {
    format!("{} {} {}", row.way, row.state.name(), row.figure)
}

/// How far the median moved: as a share of the old one, else in the figure's unit.
fn moved(row: &Row) -> String {
    match row.ratio {
        Some(ratio) => format!("{:+.1} %", percent(ratio.ratio)),
        None => signed(row, row.difference.difference),
    }
}

fn interval(row: &Row) -> String {
    match row.ratio.map(|ratio| ratio.interval) {
        Some(found) => format!("{:+.1} to {:+.1} %", percent(found.low), percent(found.high)),
        None => {
            let found = row.difference.interval;
            format!("{} to {}", signed(row, found.low), signed(row, found.high))
        }
    }
}

fn percent(ratio: f64) -> f64 {
    100.0 * (ratio - 1.0)
}

fn signed(row: &Row, difference: f64) -> String {
    let sign = if difference < 0.0 { "-" } else { "+" };
    format!("{sign}{}", row.unit.show(difference.abs()))
}

/// What it all comes to, in one line.
fn conclusion(comparison: &Comparison) -> String {
    let count = |change| comparison.judged(change).count();
    let (better, unclear, same) = (count(Change::Better), count(Change::Unclear), count(Change::Same));
    let mut parts = vec![match count(Change::Worse) {
        0 => format!("nothing got worse by more than {} %", 100.0 * comparison.threshold),
        _ => format!("worse: {}", worse(comparison)),
    }];
    if better > 0 {
        parts.push(format!("better: {}", named(comparison, Change::Better)));
    }
    parts.push(format!("the same: {same}"));
    if unclear > 0 {
        parts.push(format!("unclear: {unclear}, which more runs can settle"));
    }
    format!("{} (p < {SURE}, corrected for all figures)", parts.join("; "))
}

fn worse(comparison: &Comparison) -> String {
    named(comparison, Change::Worse)
}

fn named(comparison: &Comparison, change: Change) -> String {
    let rows: Vec<&Row> = comparison.judged(change).collect();
    let names: Vec<_> = rows.iter().take(NAMED).map(|row| format!("{} {}", label(row), moved(row))).collect();
    let more = match rows.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names.join(", "))
}

/// A share from percent, as it is typed.
fn share(text: &str) -> Result<f64, String> {
    let percent: Option<f64> = text.trim_end_matches('%').trim_end().parse().ok();
    let percent = percent.filter(|percent| (0.0..=1000.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or_else(|| format!("found '{text}', expected percent from 0 to 1000"))
}

#[cfg(test)]
#[path = "diff_tests.rs"]
mod tests;
