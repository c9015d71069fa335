//! The figures of a run as tables: medians, and where the true ones lie with 95 % confidence.

use std::collections::BTreeMap;
use std::fmt::Write;

use blink_benches::goals;
use blink_benches::record::{RateRuns, ServingRuns};
use blink_benches::statistics::{Summary, median};
use blink_benches::table::Table;

/// The whole report.
pub(crate) fn report(runs: &ServingRuns) -> String {
    let mut text = String::from("\nclient to client, on the machine that serves\n");
    let _ = write!(text, "\n{}", times(runs));
    if let Some(best) = goals::best_rate(&runs.rates) {
        let _ = write!(text, "\n{}\n{}\n", rates(runs), limit(best));
    }
    if let Some(rest) = &runs.rest {
        let mb = |bytes: u64| bytes as f64 / 1e6;
        let (models, all, one) = (rest.models, mb(rest.resident), mb(rest.one_resident));
        let (pss, one_pss) = (mb(rest.proportional), mb(rest.one_proportional));
        let _ = writeln!(text, "\n{models} models at rest: {all:.1} MB resident ({pss:.1} PSS)");
        let _ = writeln!(text, "one model at rest: {one:.1} MB resident ({one_pss:.1} PSS)");
    }
    text.push('\n');
    for goal in &runs.goals {
        let _ = writeln!(text, "{goal}");
    }
    text
}

/// Times of requests, in milliseconds.
fn times(runs: &ServingRuns) -> Table {
    let mut table = Table::new(&["requests, ms", "count", "p50", "95 %", "p90", "p99", "started"]);
    let mut row = |name: String, ms: &[f64], started: String| {
        if let Some(Summary { count, p50, p90, p99, interval, .. }) = Summary::of(ms) {
            let interval = format!("{:.3}-{:.3}", interval.low, interval.high);
            let number = |ms: f64| format!("{ms:.3}");
            table.row([name, count.to_string(), number(p50), interval, number(p90), number(p99), started]);
        }
    };
    if let Some(zero) = &runs.zero {
        row(format!("{}, first at zero", zero.model), &zero.first_ms, kinds(&zero.starts));
        row(format!("{}, warm", zero.model), &zero.warm_ms, String::new());
    }
    for overhead in &runs.overheads {
        let ms = |us: &[f64]| us.iter().map(|us| us / 1e3).collect::<Vec<_>>();
        let name = format!("{}, {} bytes over {}", overhead.model, overhead.input_bytes, overhead.carrier);
        row(name.clone(), &ms(&overhead.client_us), String::new());
        row(format!("{name}: above the run"), &ms(&overhead.over_us()), String::new());
    }
    if let Some(rest) = &runs.rest {
        row(format!("one of {} models, first at zero", rest.models), &rest.first_ms, kinds(&rest.starts));
        row(format!("one of {} models, warm", rest.models), &rest.warm_ms, String::new());
    }
    if let Some(burst) = &runs.burst {
        let name = format!("{}, {} at once to 0..{}", burst.model, burst.requests, burst.workers);
        let started: Vec<f64> = burst.started.iter().map(|count| *count as f64).collect();
        let started = median(&started).map_or_else(String::new, |count| format!("{count:.0} a burst"));
        row(format!("{name}: each"), &burst.answer_ms.concat(), started);
        row(format!("{name}: the last"), &burst.last_ms, String::new());
    }
    table
}

fn kinds(starts: &BTreeMap<String, u64>) -> String {
    starts.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

fn rates(runs: &ServingRuns) -> Table {
    let headings =
        ["clients", "answers/s", "95 %", "p50 us", "p99 us", "cpu us: server", "workers", "clients", "cpus busy"];
    let mut table = Table::new(&headings);
    for rate in &runs.rates {
        let Some(Summary { p50, interval, .. }) = Summary::of(&rate.per_second) else { continue };
        let middle = |values: &[f64]| median(values).map_or_else(String::new, |value| format!("{value:.0}"));
        let interval = format!("{:.0}-{:.0}", interval.low, interval.high);
        table.row([
            rate.clients.to_string(),
            format!("{p50:.0}"),
            interval,
            middle(&rate.p50_us),
            middle(&rate.p99_us),
            middle(&rate.server_cpu_us),
            middle(&rate.workers_cpu_us),
            middle(&rate.clients_cpu_us),
            format!("{:.2}", busy(rate)),
        ]);
    }
    table
}

/// Processors that the server, its workers and the clients kept busy together.
fn busy(rate: &RateRuns) -> f64 {
    let middle = |values: &[f64]| median(values).unwrap_or_default();
    let us = middle(&rate.server_cpu_us) + middle(&rate.workers_cpu_us) + middle(&rate.clients_cpu_us);
    us * middle(&rate.per_second) / 1e6
}

/// What the best rate is limited by, as far as processor time tells.
fn limit(best: &RateRuns) -> String {
    let middle = |values: &[f64]| median(values).unwrap_or_default();
    let spent =
        [("the server", &best.server_cpu_us), ("workers", &best.workers_cpu_us), ("clients", &best.clients_cpu_us)];
    let all: f64 = spent.iter().map(|(_, us)| middle(us)).sum();
    let shares = spent.map(|(who, us)| format!("{who} {:.0} %", 100.0 * middle(us) / all));
    let (busy, clients) = (busy(best), best.clients);
    format!("at its best, with {clients} clients, {busy:.2} processors are busy: {}", shares.join(", "))
}
