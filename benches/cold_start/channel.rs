//! What a request through a worker costs above a run in one's own process: both in turns, from one process.
//!
//! That process is a child of the bench, since it loads ONNX Runtime: pages that the bench itself has mapped could not
//! be taken out of the page cache. It is asked on stdin and answers on stdout, in JSON.

use std::io::{Write, stdin, stdout};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use blink_benches::record::{ChannelRuns, Settings};
use blink_benches::way::{Launch, Way};
use blink_runtime::timeline::now;
use blink_runtime::{Instance, Launcher, Model, StartMode, StartOptions, Timeline, WorkerSpec, golden};
use blink_tensors::{Tensor, TensorView, npy};
use serde::{Deserialize, Serialize};

use crate::programs::Programs;
use crate::say;
use crate::ways::Ready;

/// The argument that makes this executable the child.
pub(crate) const VERB: &str = "in-one-process";
/// No more rounds are begun after this, once there are `LEAST`.
const LONGEST: Duration = Duration::from_secs(15);
const LEAST: usize = 10;

#[derive(Serialize, Deserialize)]
struct Request {
    program: PathBuf,
    snapshots: PathBuf,
    artifact: PathBuf,
    way: String,
    is_restored: bool,
    threads: usize,
    prepack: Option<bool>,
    inputs: Vec<(String, PathBuf)>,
    rounds: usize,
}

/// Measures each packing once, by a restored worker where there is one: as compiled first.
pub(crate) fn measure(ready: &Ready, programs: &Programs, settings: &Settings) -> anyhow::Result<Vec<ChannelRuns>> {
    let ways = ready.ways.iter().filter(|way| match way.name.as_str() {
        "normal" => ready.worker("restored").is_none(),
        _ => way.is_worker(),
    });
    ways.map(|way| ask(way, ready, programs, settings).with_context(|| format!("{} beside one process", way.name)))
        .collect()
}

fn ask(way: &Way, ready: &Ready, programs: &Programs, settings: &Settings) -> anyhow::Result<ChannelRuns> {
    let Launch::Worker(worker) = &way.launch else { bail!("it is not a worker") };
    say(&format!("{}: {} beside one process", ready.artifact.file_stem().unwrap_or_default().display(), way.name));
    let request = Request {
        program: programs.blink.clone(),
        snapshots: ready.directory_of_snapshots.clone(),
        artifact: ready.artifact.clone(),
        way: way.name.clone(),
        is_restored: worker.spec.start == StartMode::Snapshot,
        threads: settings.threads,
        prepack: worker.spec.options.prepack,
        inputs: ready.written.inputs.clone(),
        rounds: settings.channel_rounds,
    };
    let mut child = Command::new(std::env::current_exe()?)
        .arg(VERB)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("this executable cannot be started again")?;
    let asked = child.stdin.take().context("stdin was not piped")?.write_all(&serde_json::to_vec(&request)?);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "it ended with {}", output.status);
    asked?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The child: reads a request, measures, writes what it found.
pub(crate) fn answer() -> anyhow::Result<()> {
    let request: Request = serde_json::from_reader(stdin())?;
    let read = |(name, path): &(String, PathBuf)| anyhow::Ok((name.clone(), npy::decode(&std::fs::read(path)?)?));
    let inputs: Vec<(String, Tensor)> = request.inputs.iter().map(read).collect::<anyhow::Result<_>>()?;
    let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();

    let options = StartOptions { threads: Some(request.threads), prepack: request.prepack, pin: false };
    let instance = Instance::start(&Model::open(&request.artifact)?, &options, &mut Timeline::new())?;
    let start = if request.is_restored { StartMode::Snapshot } else { StartMode::Normal };
    let options = StartOptions { pin: true, ..options };
    let spec = WorkerSpec { options, start, ..WorkerSpec::new(&request.artifact) };
    let mut worker = Launcher::new(&request.program).with_snapshots(&request.snapshots).launch(&spec)?;

    // The first of each starts threads and maps memory.
    let expected = bytes(instance.run(&inputs)?.iter());
    ensure!(bytes(worker.run(&inputs)?.iter().map(|(_, view)| view)) == expected, "worker gave another answer");

    let mut runs = ChannelRuns { way: request.way, in_process_ms: Vec::new(), worker_ms: Vec::new() };
    let begun = Instant::now();
    for round in 0..request.rounds {
        if round >= LEAST && begun.elapsed() > LONGEST {
            break;
        }
        for is_worker in [round % 2 == 0, round % 2 == 1] {
            // Threads of the other still spin for a while: the first run of a turn meets them, and is not counted.
            if is_worker {
                worker.run(&inputs)?;
            } else {
                instance.run(&inputs)?;
            }
            let started = now();
            let (found, ended) = if is_worker {
                let answer = worker.run(&inputs)?;
                let ended = now();
                (bytes(answer.iter().map(|(_, view)| view)), ended)
            } else {
                let outputs = instance.run(&inputs)?;
                let ended = now();
                (bytes(outputs.iter()), ended)
            };
            ensure!(found == expected, "an answer changed in round {round}");
            let times = if is_worker { &mut runs.worker_ms } else { &mut runs.in_process_ms };
            times.push((ended - started) as f64 / 1e6);
        }
    }
    worker.end();
    stdout().write_all(&serde_json::to_vec(&runs)?)?;
    Ok(())
}

fn bytes<'a>(outputs: impl Iterator<Item = TensorView<'a>>) -> Vec<Vec<u8>> {
    outputs.map(|view| golden::bytes_of(view).into_owned()).collect()
}
