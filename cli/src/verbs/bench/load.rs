//! `blink bench ARTIFACT --mode throughput`: answers under load, in closed and open loops.

use std::time::Duration;

use blink_benches::load::{Patience, Plan};
use blink_benches::measurement::{Arrivals, LoadRuns};
use blink_benches::setup::Setup;
use blink_benches::table::Table;

use crate::output::{mib, note};
use crate::progress;

/// The longest that servers are asked before each turn, uncounted.
const WARM_UP: Duration = Duration::from_millis(500);

/// How requests come, with `--mode throughput`.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct LoadArgs {
    /// Workers at once, each with one request at a time: a closed loop for each number, in which each is asked again as
    /// soon as it has answered [default: 1,2,4].
    #[arg(long, value_delimiter = ',', value_name = "N,...", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: Vec<u16>,
    /// Requests a second: an open loop for each, with the most workers, in which requests come at random times whether
    /// or not earlier ones are answered.
    #[arg(long, value_delimiter = ',', value_name = "R,...", value_parser = rate)]
    rate: Vec<f64>,
    /// Seconds that each loop lasts, for each way [default: 5].
    #[arg(long, value_name = "S", value_parser = seconds)]
    seconds: Option<f64>,
}

/// What is asked where nothing else is said.
const CONCURRENCY: [usize; 3] = [1, 2, 4];
const SECONDS: f64 = 5.0;

impl LoadArgs {
    /// Whether something was asked that only means something under load.
    pub(super) fn are_given(&self) -> bool {
        !self.concurrency.is_empty() || !self.rate.is_empty() || self.seconds.is_some()
    }
}

fn rate(typed: &str) -> Result<f64, String> {
    let rate: f64 = typed.parse().map_err(|error| format!("{error}"))?;
    if rate.is_finite() && rate > 0.0 { Ok(rate) } else { Err("expected more than 0 requests a second".into()) }
}

fn seconds(typed: &str) -> Result<f64, String> {
    let seconds: f64 = typed.parse().map_err(|error| format!("{error}"))?;
    if (0.1..=3600.0).contains(&seconds) { Ok(seconds) } else { Err("expected 0.1 to 3600 seconds".into()) }
}

/// Puts every load on every way of `setup`, in turns.
pub(super) fn measure(setup: &mut Setup, args: &LoadArgs) -> anyhow::Result<Vec<LoadRuns>> {
    let duration = Duration::from_secs_f64(args.seconds.unwrap_or(SECONDS));
    let concurrency: Vec<usize> = args.concurrency.iter().map(|&servers| servers.into()).collect();
    let plan = Plan {
        concurrency: if concurrency.is_empty() { CONCURRENCY.into() } else { concurrency },
        rates: args.rate.clone(),
        duration,
        warm_up: (duration / 10).min(WARM_UP),
        patience: Patience::default(),
    };
    let bar = progress::steps("asking".into(), plan.turns(setup.ways.len()) as u64);
    let measured = plan.measure(&setup.ways, |way, arrivals, servers| {
        bar.set_message(format!("{way}, {}, {servers} at once", kind(arrivals)));
        bar.inc(1);
    });
    bar.finish_and_clear();
    let measured = measured?;
    setup.answers.checked += measured.iter().map(|runs| runs.latency_us.len()).sum::<usize>();
    for runs in &measured {
        let LoadRuns { name, concurrency, unserved, .. } = runs;
        if *unserved > 0 {
            let come = runs.latency_us.len() as u64 + unserved;
            note!(
                "warning: {name} with {concurrency} at once left {unserved} of {come} requests unserved: it cannot \
                 keep up with this rate, and its latencies are those of the requests that were answered"
            );
        }
        if runs.is_cut {
            note!("warning: {name} with {concurrency} at once was stopped early, at as many answers as are kept");
        }
    }
    Ok(measured)
}

/// Loads as a table: latencies in milliseconds.
pub(super) fn table(loads: &[LoadRuns]) -> Table {
    let mut headings =
        vec!["latency, ms", "loop", "at once", "asked/s", "answers/s", "p50", "p90", "p95", "p99", "p99.9"];
    headings.extend(["max", "cpu ms", "PSS MiB", "unserved"]);
    let mut table = Table::new(&headings);
    let none = || "-".to_owned();
    for runs in loads {
        let asked = match runs.arrivals {
            Arrivals::Closed => none(),
            Arrivals::Open { rate } => format!("{rate}"),
        };
        let mut row = vec![runs.name.clone(), kind(runs.arrivals).to_owned(), runs.concurrency.to_string(), asked];
        row.push(format!("{:.1}", runs.rate()));
        match runs.latencies() {
            Some(ms) => row.extend([ms.p50, ms.p90, ms.p95, ms.p99, ms.p999, ms.max].map(|ms| format!("{ms:.2}"))),
            None => row.extend(std::iter::repeat_with(none).take(6)),
        }
        row.push(runs.cpu_ms_each().map_or_else(none, |ms| format!("{ms:.2}")));
        row.push(runs.pss_bytes.map_or_else(none, |bytes| format!("{:.1}", mib(bytes))));
        row.push(if runs.arrivals == Arrivals::Closed { none() } else { runs.unserved.to_string() });
        table.row(row);
    }
    table
}

fn kind(arrivals: Arrivals) -> &'static str {
    match arrivals {
        Arrivals::Closed => "closed",
        Arrivals::Open { .. } => "open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_load_has_its_row() {
        let runs = |arrivals, latency_us: Vec<u32>| LoadRuns {
            name: "snapshot".into(),
            arrivals,
            concurrency: 2,
            seconds: 2.0,
            latency_us,
            unserved: 3,
            is_cut: false,
            cpu_ms: Some(3.0),
            pss_bytes: Some(3 << 20),
        };
        let loads = [runs(Arrivals::Closed, vec![1000, 2000]), runs(Arrivals::Open { rate: 2.5 }, Vec::new())];
        let table = table(&loads).to_string();
        let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|row| row.split_whitespace().collect()).collect();
        let closed = "snapshot closed 2 - 1.0 1.00 2.00 2.00 2.00 2.00 2.00 1.50 3.0 -";
        let open = "snapshot open 2 2.5 0.0 - - - - - - - 3.0 3";
        assert_eq!(rows, [closed, open].map(|row| row.split(' ').collect::<Vec<_>>()));
    }

    #[test]
    fn what_is_no_load_is_refused() {
        assert!(rate("20").is_ok() && seconds("0.5").is_ok());
        assert!(["0", "-1", "inf", "nan", "fast", ""].iter().all(|typed| rate(typed).is_err()));
        assert!(["0", "-1", "inf", "nan", "4000", ""].iter().all(|typed| seconds(typed).is_err()));
    }
}
