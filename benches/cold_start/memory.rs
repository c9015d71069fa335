//! Memory of processes of one way that are alive at the same time, each just after an answer and after a rest.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;
use blink_benches::memory::Footprint;
use blink_benches::process::ProcessLaunch;
use blink_benches::subject::Subject;
use blink_benches::way::{Launch, Way};
use blink_benches::worker::WorkerLaunch;

use crate::ways::Ready;

/// How long workers are left alone: long enough for them to give back what they do not need between runs.
const REST: Duration = Duration::from_secs(1);

/// Of `count` workers, or of one process of another kind, which does not rest: just after an answer, and rested. The
/// mappings of the model's file are counted apart.
pub(crate) fn measure(
    way: &Way,
    ready: &Ready,
    subject: Subject,
    count: usize,
) -> anyhow::Result<(Vec<Footprint>, Vec<Footprint>)> {
    match &way.launch {
        Launch::Worker(launch) => workers(launch, ready, count),
        Launch::Process(launch) => Ok((vec![process(launch, ready, subject)?], Vec::new())),
    }
}

fn workers(launch: &WorkerLaunch, ready: &Ready, count: usize) -> anyhow::Result<(Vec<Footprint>, Vec<Footprint>)> {
    let alive = (0..count).map(|_| Ok(launch.answered()?.0));
    let mut alive = alive.collect::<anyhow::Result<Vec<_>>>()?;
    let mut answered = Vec::new();
    for worker in &mut alive {
        // By now all of them are there to share what can be shared.
        launch.again(worker)?;
        answered.push(Footprint::of(worker.pid(), &ready.artifact)?);
    }
    sleep(REST);
    let rested = alive.iter().map(|worker| Footprint::of(worker.pid(), &ready.artifact));
    Ok((answered, rested.collect::<Result<_, _>>()?))
}

fn process(launch: &ProcessLaunch, ready: &Ready, subject: Subject) -> anyhow::Result<Footprint> {
    // It must live until it has been looked at.
    let repeat = match subject {
        Subject::ResNet50 | Subject::Bert => 20,
        Subject::Tiny => 50_000,
    };
    let mut footprint = None;
    launch.launch_and(repeat, |pid| footprint = Some(Footprint::of(pid, &ready.written.onnx)))?;
    Ok(footprint.context("no output came")??)
}
