//! The figures of a run as tables. Everything here can be computed again from the raw values.

use std::fmt::Write;

use blink_benches::record::{BenchRuns, ColdRun, ModelRuns, Settings, WorkerRuns};
use blink_benches::statistics::{Ratio, Summary, median};
use blink_benches::table::Table;

/// What a worker is called in a table.
fn label(worker: &str) -> &str {
    match worker {
        "blink" => "blink run, as compiled",
        "blink-packed" => "blink run, weights packed",
        "stock" => "ONNX Runtime, C API",
        "python" => "ONNX Runtime, Python",
        other => other,
    }
}

/// The tables of one model.
pub(crate) fn model(runs: &ModelRuns, settings: Settings) -> String {
    let mib = |bytes: u64| bytes as f64 / (1 << 20) as f64;
    let mut text = format!(
        "\n{}: .onnx {:.1} MiB, artifact {:.1} MiB, weights {} at start; {} threads, page cache {}\n\n",
        runs.model,
        mib(runs.onnx_bytes),
        mib(runs.artifact_bytes),
        if runs.prepack { "packed" } else { "not packed" },
        settings.threads,
        settings.page_cache,
    );
    let _ = writeln!(text, "{}\n{}", cold(runs), warm(runs));
    if runs.workers.iter().any(|worker| worker.memory.is_some()) {
        let (session, run) = (mib(runs.arena_resident), mib(runs.arena_peak));
        let _ = writeln!(text, "{}the artifact plans {session:.1} for the session, {run:.1} for a run\n", memory(runs));
    }
    text
}

/// From the spawn to the first output, in milliseconds.
fn cold(runs: &ModelRuns) -> Table {
    let headings = ["cold, ms", "p50", "95 %", "p90", "p99", "over", "times warm", "against blink", "cpu ms", "faults"];
    let mut table = Table::new(&headings);
    let ours = runs.workers.first().map(|worker| worker.cold(|run| run.cold_ms)).unwrap_or_default();
    // The fastest way to run the model warm is what any start is held against.
    let fastest = runs.workers.iter().filter_map(|worker| median(&worker.warm())).min_by(f64::total_cmp);
    for worker in &runs.workers {
        let times = worker.cold(|run| run.cold_ms);
        let Some(summary) = Summary::of(&times) else { continue };
        let figure =
            |figure: &dyn Fn(&ColdRun) -> f64| median(&worker.cold(figure)).map_or("-".into(), |x| format!("{x:.0}"));
        let over = median(&worker.warm()).map_or("-".into(), |warm| format!("{:.1}", summary.p50 - warm));
        table.row([
            label(worker.worker).to_owned(),
            format!("{:.1}", summary.p50),
            format!("{:.1}-{:.1}", summary.interval.low, summary.interval.high),
            format!("{:.1}", summary.p90),
            format!("{:.1}", summary.p99),
            over,
            times_warm(summary.p50, fastest),
            ratio(&times, &ours),
            figure(&|run| run.usage.user_ms + run.usage.system_ms),
            figure(&|run| (run.usage.minor_faults + run.usage.major_faults) as f64),
        ]);
    }
    table
}

/// How many warm runs a cold start takes; a blank where that says nothing, since the model is next to nothing.
fn times_warm(cold: f64, warm: Option<f64>) -> String {
    match warm {
        Some(warm) if cold < 100.0 * warm => format!("{:.2}", cold / warm),
        _ => "-".to_owned(),
    }
}

/// Later runs in one process, in milliseconds.
fn warm(runs: &ModelRuns) -> Table {
    let mut table = Table::new(&["warm, ms", "p50", "95 %", "min", "max", "against stock"]);
    let stock = runs.workers.iter().find(|worker| worker.worker == "stock").map(WorkerRuns::warm).unwrap_or_default();
    for worker in &runs.workers {
        let medians = worker.warm();
        let Some(summary) = Summary::of(&medians) else { continue };
        table.row([
            label(worker.worker).to_owned(),
            format!("{:.3}", summary.p50),
            format!("{:.3}-{:.3}", summary.interval.low, summary.interval.high),
            format!("{:.3}", summary.min),
            format!("{:.3}", summary.max),
            ratio(&medians, &stock),
        ]);
    }
    table
}

/// Memory after the first answer, in MiB.
fn memory(runs: &ModelRuns) -> Table {
    let headings = ["memory, MiB", "resident", "of no file", "model file: resident", "in huge pages", "private copies"];
    let mut table = Table::new(&headings);
    for worker in &runs.workers {
        let Some(memory) = worker.memory else { continue };
        let cells = [
            memory.total.resident,
            memory.total.anonymous,
            memory.file.resident,
            memory.file.huge,
            memory.file.anonymous,
        ];
        let mib = |bytes: u64| format!("{:.1}", bytes as f64 / (1 << 20) as f64);
        table.row(std::iter::once(label(worker.worker).to_owned()).chain(cells.map(mib)));
    }
    table
}

/// How the median of `times` compares with that of `base`, and how sure that is.
fn ratio(times: &[f64], base: &[f64]) -> String {
    match Ratio::of(times, base) {
        Some(Ratio { ratio, interval }) => format!("{ratio:.3} ({:.3}-{:.3})", interval.low, interval.high),
        None => "-".to_owned(),
    }
}

/// The binary: its size, and how long the kernel and the loader take to bring it to `main`.
pub(crate) fn binary(runs: &BenchRuns) -> String {
    let ours = runs.models.iter().flat_map(|model| &model.workers).filter(|worker| worker.worker == "blink");
    let spawns: Vec<f64> = ours
        .flat_map(|worker| &worker.cold)
        .flat_map(|run| &run.phases)
        .filter(|time| time.phase == "spawn")
        .map(|time| time.duration_ms)
        .collect();
    let mib = runs.binary_bytes as f64 / (1 << 20) as f64;
    match Summary::of(&spawns) {
        Some(Summary { p50, interval, .. }) => {
            format!(
                "blink binary: {mib:.2} MiB; spawn to main {p50:.2} ms ({:.2}-{:.2})\n",
                interval.low, interval.high
            )
        }
        None => format!("blink binary: {mib:.2} MiB\n"),
    }
}
