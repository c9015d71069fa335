//! One model, measured: written, compiled, answered once by each worker, then launched cold and warm in turns.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use blink_benches::agreement;
use blink_benches::interleave::interleave;
use blink_benches::launch::{Launch, Launched};
use blink_benches::memory::Footprint;
use blink_benches::record::{ModelRuns, Settings, WorkerRuns};
use blink_benches::subject::{Subject, Written};

use crate::workers::{Found, Worker, said};

/// Later runs of a worker whose memory is looked at: it must live until it has been.
const RUNS_WHILE_LOOKED_AT: u32 = 20;

/// Measures `subject` with files in `scratch`, which are removed at the end.
pub(crate) fn measure(
    subject: Subject,
    scratch: &Path,
    found: &Found,
    settings: Settings,
) -> anyhow::Result<ModelRuns> {
    say(&format!("{}: writing", subject.name()));
    let written = subject.write(scratch).with_context(|| scratch.display().to_string())?;
    let artifact = scratch.join(subject.name()).with_extension("blink");
    say(&format!("{}: compiling", subject.name()));
    let summary = compile(found, &written, &artifact, settings.threads)?;
    let told = || format!("the compiler's summary lacks a field: {summary}");
    let prepack = summary["prepack"].as_bool().with_context(told)?;
    let arena = |field: &str| summary["arena"][field].as_u64().with_context(told);
    let (arena_peak, arena_resident) = (arena("peak")?, arena("resident")?);
    let artifact_bytes = std::fs::metadata(&artifact)?.len();

    let mut workers = found.workers(&written, &artifact, prepack, settings.threads);
    let mut runs = first_answers(&mut workers)?;

    let (cold, cold_runs): (Vec<_>, Vec<_>) = workers
        .iter()
        .zip(&mut runs)
        .filter(|(worker, _)| worker.cold)
        .map(|(worker, runs)| (worker.launch.clone(), runs))
        .unzip();
    let launched = turns(&format!("{}: cold", subject.name()), &cold, settings.launches)?;
    for (runs, launched) in cold_runs.into_iter().zip(launched) {
        runs.cold = launched.iter().map(Into::into).collect();
    }

    let warm: Vec<_> = workers.iter().map(|worker| repeating(&worker.launch, settings.warm_runs as u32)).collect();
    let launched = turns(&format!("{}: warm", subject.name()), &warm, settings.warm_launches)?;
    for (runs, launched) in runs.iter_mut().zip(launched) {
        runs.warm_ms = launched.into_iter().filter_map(|launched| Some(launched.timeline?.warm_ms)).collect();
    }

    if cfg!(target_os = "linux") && subject != Subject::Tiny {
        for (worker, runs) in workers.iter().zip(&mut runs) {
            let file = if worker.name.starts_with("blink") { &artifact } else { &written.onnx };
            runs.memory = Some(memory(worker, file)?);
        }
    }
    written.remove()?;
    std::fs::remove_file(&artifact)?;
    Ok(ModelRuns {
        model: subject.name(),
        onnx_bytes: written.onnx_bytes,
        artifact_bytes,
        prepack,
        arena_peak,
        arena_resident,
        workers: runs,
    })
}

/// Compiles with the binary under test, and gives its summary.
fn compile(found: &Found, written: &Written, artifact: &Path, threads: usize) -> anyhow::Result<serde_json::Value> {
    let mut command = Command::new(&found.blink);
    command.arg("compile").arg(&written.onnx).arg("--output").arg(artifact);
    command.args(["--format", "json", "--threads", &threads.to_string()]);
    for (dim, size) in &written.dims {
        command.arg("--golden-dim").arg(format!("{dim}={size}"));
    }
    Ok(serde_json::from_str(&said(&mut command)?)?)
}

/// Launches each worker once, uncounted: its files are in the page cache afterwards, and its answer is known. From
/// here on each is held to its own answer, bit for bit; here they are held to each other.
fn first_answers(workers: &mut [Worker]) -> anyhow::Result<Vec<WorkerRuns>> {
    let mut ours: Option<Launched> = None;
    let mut runs = Vec::new();
    for worker in workers {
        let first = worker.launch.launch()?;
        let ours = ours.get_or_insert_with(|| first.clone());
        let difference = agreement::compare(&ours.output, &first.output)
            .with_context(|| format!("{} gave another answer than blink", worker.name))?;
        worker.launch.expected = Some(first.digest);
        runs.push(WorkerRuns { worker: worker.name, difference, cold: Vec::new(), warm_ms: Vec::new(), memory: None });
    }
    Ok(runs)
}

fn repeating(launch: &Launch, times: u32) -> Launch {
    let mut launch = launch.clone();
    launch.arguments.extend(["--repeat".into(), times.to_string().into()]);
    launch
}

/// The worker's memory once its first answer has come, with its mappings of `file` apart.
fn memory(worker: &Worker, file: &Path) -> anyhow::Result<Footprint> {
    let len = worker.launch.launch()?.output.len();
    let mut footprint = None;
    let look = |pid| footprint = Some(Footprint::of(pid, file));
    repeating(&worker.launch, RUNS_WHILE_LOOKED_AT).launch_and(len, look)?;
    let footprint = footprint.context("no output came")?;
    footprint.with_context(|| format!("memory of {} cannot be read", worker.name))
}

/// Launches in turns, with a count on stderr where it is a terminal.
fn turns(what: &str, launches: &[Launch], rounds: usize) -> anyhow::Result<Vec<Vec<Launched>>> {
    let (total, mut done) = (launches.len() * rounds, 0);
    let shown = std::io::stderr().is_terminal();
    say(&format!("{what}, {total} launches"));
    let launched = interleave(launches, rounds, || {
        done += 1;
        if shown {
            eprint!("\r{done}/{total} ");
            let _ = std::io::stderr().flush();
        }
    })?;
    if shown {
        eprint!("\r");
    }
    Ok(launched)
}

fn say(what: &str) {
    eprintln!("cold_start: {what}");
}
