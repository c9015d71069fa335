//! The figures of a run as tables. Everything here can be computed again from the raw values.

#[path = "report/cold.rs"]
mod cold;
#[path = "report/warm.rs"]
mod warm;

use std::fmt::Write;

use blink_benches::memory::Footprint;
use blink_benches::record::{BenchRuns, DiskRun, DiskRuns, ModelRuns, Settings, WayRuns};
use blink_benches::statistics::{Ratio, Summary};
use blink_benches::table::Table;

/// What a way is called in a table.
fn label(way: &str) -> String {
    match way {
        "normal" => "worker, normal",
        "normal-packed" => "worker, normal, packed",
        "restored" => "worker, restored",
        "restored-packed" => "worker, restored, packed",
        "stock" => "ONNX Runtime, C API",
        "python" => "ONNX Runtime, Python",
        other => other,
    }
    .to_owned()
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1 << 20) as f64
}

/// A figure with so many digits behind the point; a dash where there is none.
fn figure(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// How the median of `times` compares with that of `base`, and how sure that is.
fn ratio(times: &[f64], base: &[f64]) -> String {
    match Ratio::of(times, base) {
        Some(Ratio { ratio, interval }) => format!("{ratio:.3} ({:.3}-{:.3})", interval.low, interval.high),
        None => "-".to_owned(),
    }
}

/// The tables of one model; those of parts that were not measured are left out.
pub(crate) fn model(runs: &ModelRuns, settings: &Settings) -> String {
    let mut text = format!(
        "\n{}: .onnx {:.1} MiB, artifact {:.1} MiB, weights {} at start; {} threads\n",
        runs.model,
        mib(runs.onnx_bytes),
        mib(runs.artifact_bytes),
        if runs.prepack { "packed" } else { "not packed" },
        settings.threads,
    );
    for made in &runs.snapshots {
        let (name, whole, saved) = (label(made.way), mib(made.bytes), mib(made.saved_bytes));
        let seconds = made.elapsed_ms / 1e3;
        let _ = writeln!(text, "snapshot for {name}: {whole:.1} MiB, {saved:.1} of them saved; {seconds:.2} s to make");
    }
    let measured = |measured: fn(&WayRuns) -> bool| runs.ways.iter().any(measured);
    if measured(|way| !way.cold.is_empty()) {
        let _ = write!(text, "\n{}\n{}\n{}", cold::times(runs), cold::ratios(runs), cold::phases(runs));
    }
    if measured(|way| !way.warm_ms.is_empty()) || !runs.channel.is_empty() {
        let _ = write!(text, "\n{}", warm::times(runs));
    }
    if !runs.channel.is_empty() {
        let _ = write!(text, "\n{}", warm::channel(runs));
    }
    if measured(|way| !way.answered.is_empty()) {
        let (session, run) = (mib(runs.arena_resident), mib(runs.arena_peak));
        let _ = write!(text, "\n{}", memory(runs));
        let _ = writeln!(text, "the artifact plans {session:.1} for the session, {run:.1} for a run");
    }
    if let Some(runs) = &runs.disk {
        let _ = write!(text, "\n{}", disk(runs));
    }
    text
}

/// Memory of processes that are alive at once, in MiB: each just after an answer, then after a second of rest.
fn memory(runs: &ModelRuns) -> Table {
    let headings =
        ["memory, MiB", "alive", "PSS together", "private, largest", "of no file", "of the model file, private"];
    let mut table = Table::new(&headings);
    let states = runs.ways.iter().flat_map(|way| [(way, "", &way.answered), (way, ", at rest", &way.rested)]);
    for (way, state, alive) in states.filter(|(_, _, alive)| !alive.is_empty()) {
        let most = |bytes: fn(&Footprint) -> u64| alive.iter().map(bytes).max().unwrap_or(0);
        let cells = [
            alive.iter().map(|process| process.total.proportional).sum(),
            most(|process| process.total.private),
            most(|process| process.total.anonymous),
            most(|process| process.file.anonymous),
        ];
        let cells = cells.map(|bytes| format!("{:.1}", mib(bytes)));
        let name = format!("{}{state}", label(&way.way));
        table.row([name, alive.len().to_string()].into_iter().chain(cells));
    }
    table
}

/// Starts from the disk, in milliseconds.
fn disk(runs: &DiskRuns) -> Table {
    let ms = |runs: &[DiskRun]| runs.iter().map(|run| run.ms).collect::<Vec<_>>();
    let mut table = Table::new(&["from the disk, ms", "p50", "95 %", "p90", "by reading"]);
    let read = ms(&runs.read);
    let starts = runs.starts.iter().map(|(way, starts)| (label(way), ms(starts)));
    let first = (format!("reading {:.1} MiB in order", mib(runs.needed_bytes)), read.clone());
    for (name, times) in std::iter::once(first).chain(starts) {
        let Some(Summary { p50, p90, interval, .. }) = Summary::of(&times) else { continue };
        let within = format!("{:.1}-{:.1}", interval.low, interval.high);
        table.row([name, format!("{p50:.1}"), within, format!("{p90:.1}"), ratio(&times, &read)]);
    }
    table
}

/// What holds for all models: the goals, what was left out, the binary.
pub(crate) fn end(runs: &BenchRuns) -> String {
    let mut text = String::from("\n");
    for goal in &runs.goals {
        let _ = writeln!(text, "{goal}");
    }
    for left in &runs.left_out {
        let _ = writeln!(text, "left out: {left}");
    }
    let normal = runs.models.iter().filter_map(|model| model.way("normal"));
    let spawns: Vec<f64> = normal.flat_map(|way| way.phase("spawn")).collect();
    let _ = write!(text, "blink binary: {:.2} MiB", mib(runs.binary_bytes));
    if let Some(Summary { p50, interval, .. }) = Summary::of(&spawns) {
        let _ = write!(text, "; spawn to main {p50:.2} ms ({:.2}-{:.2})", interval.low, interval.high);
    }
    text.push('\n');
    text
}
