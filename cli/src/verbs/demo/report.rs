//! What the demo found: waterfalls on one scale, and the figures that sum them up.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use blink_benches::PhaseTime;
use blink_benches::machine::Machine;
use blink_benches::statistics::{Interval, Ratio, Summary};
use blink_benches::subject::Subject;
use blink_benches::table::Table;
use blink_benches::waterfall::{self, Style};
use blink_runtime::Warmed;
use serde::Serialize;

use super::starts::Start;
use crate::output::mib;

/// The demo's result.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    schema: &'static str,
    model: &'static str,
    description: &'static str,
    threads: usize,
    page_cache: &'static str,
    /// The snapshot that workers were restored from; null where none could be made.
    snapshot: Option<SnapshotReport>,
    /// Why there is none; else null.
    no_snapshot: Option<&'a str>,
    /// The fastest way that blink has here comes first.
    starts: Vec<StartReport>,
    /// Times of the other ways over the first's, in the order of `starts`; one fewer.
    ratios: Vec<Ratio>,
    /// Where the files are.
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<&'a Path>,
    machine: Machine,
}

#[derive(Serialize)]
struct SnapshotReport {
    bytes: u64,
    /// Time to start a worker, warm it up, write it down and prove that what is restored answers the same.
    elapsed_ms: f64,
}

#[derive(Serialize)]
struct StartReport {
    start: String,
    title: String,
    /// From the spawn to the output in the parent's hands.
    cold: Summary,
    /// Later runs in the same process: one median a launch.
    warm: Summary,
    /// Median cold minus median warm: what the start itself costs.
    over_ms: f64,
    /// Every launch's, in time order.
    cold_ms: Vec<f64>,
    /// Greatest difference of the answer from a worker's, as a share of the largest value.
    difference: f64,
    /// The launch in the middle.
    middle_ms: f64,
    phases: Vec<PhaseTime>,
}

impl<'a> Report<'a> {
    /// The report of `starts`, of which the first is a worker's.
    pub(super) fn new(
        subject: Subject,
        threads: usize,
        machine: Machine,
        snapshot: &'a Result<Warmed, String>,
        starts: &[Start],
        kept: Option<&'a Path>,
    ) -> anyhow::Result<Report<'a>> {
        let lacking = "a process told no times of its later runs";
        let row = |start: &Start| {
            let (cold, warm) = start.cold().zip(start.warm()).context(lacking)?;
            let middle = start.middle().context(lacking)?;
            Ok(StartReport {
                start: start.name.clone(),
                title: start.title.clone(),
                over_ms: cold.p50 - warm.p50,
                cold,
                warm,
                cold_ms: start.cold_ms(),
                difference: start.difference,
                middle_ms: middle.cold_ms,
                phases: middle.phases.clone(),
            })
        };
        let starts: Vec<StartReport> = starts.iter().map(row).collect::<anyhow::Result<_>>()?;
        let ratio = |other: &StartReport| Ratio::of(&other.cold_ms, &starts[0].cold_ms).context(lacking);
        let ratios = starts.iter().skip(1).map(ratio).collect::<anyhow::Result<_>>()?;
        let made = |made: &Warmed| SnapshotReport { bytes: made.bytes, elapsed_ms: made.elapsed.as_secs_f64() * 1e3 };
        Ok(Report {
            schema: "blink.demo/2",
            model: subject.name(),
            description: subject.describe(),
            threads,
            page_cache: "hot",
            snapshot: snapshot.as_ref().ok().map(made),
            no_snapshot: snapshot.as_ref().err().map(String::as_str),
            starts,
            ratios,
            kept,
            machine,
        })
    }

    /// Prints it for people.
    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let (style, runs) = (Style::of_stdout(), self.starts[0].cold.count);
        let threads = if self.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", self.threads) };
        writeln!(out, "{}; {threads}, page cache hot", self.description)?;
        let processes = if runs == 1 { "1 fresh process".to_owned() } else { format!("{runs} fresh processes") };
        writeln!(out, "{processes} each, in turns; the one in the middle is shown")?;
        let scale = self.starts.iter().map(|start| start.middle_ms).fold(0.0, f64::max);
        for start in &self.starts {
            writeln!(out, "\n{}", start.title)?;
            out.write_all(waterfall::draw(&start.phases, "first answer", start.middle_ms, scale, style).as_bytes())?;
        }
        writeln!(out, "\n{}", self.table())?;
        for (start, Ratio { ratio, interval }) in self.starts.iter().skip(1).zip(&self.ratios) {
            let Interval { low, high } = interval;
            writeln!(out, "{} takes {ratio:.1} times as long ({low:.1}-{high:.1})", start.title)?;
        }
        if let Some(SnapshotReport { bytes, elapsed_ms }) = self.snapshot {
            let (mib, seconds) = (mib(bytes), elapsed_ms / 1e3);
            writeln!(out, "the snapshot took {seconds:.1} s to make and prove, once, and {mib:.1} MiB")?;
        }
        let workers = if self.snapshot.is_some() { "restored or not" } else { "none restored" };
        let other = match self.starts.last().map_or(0.0, |other| other.difference) {
            0.0 => "the same as the other's".to_owned(),
            difference => format!("within {difference:.0e} of the other's"),
        };
        writeln!(out, "answers: the workers' ({workers}) the same bit for bit every time, {other}")?;
        match self.kept {
            Some(path) => writeln!(out, "files kept in {}", path.display()),
            None => Ok(()),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["median, ms", "first answer", "95 %", "warm", "over"]);
        for StartReport { title, cold, warm, over_ms, .. } in &self.starts {
            table.row([
                title.clone(),
                format!("{:.1}", cold.p50),
                format!("{:.1}-{:.1}", cold.interval.low, cold.interval.high),
                format!("{:.1}", warm.p50),
                format!("{over_ms:.1}"),
            ]);
        }
        table
    }
}
