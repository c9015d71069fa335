//! Calls of `compute` in a guest, beside runs of the same model in the bench's own process, in turns. A call is the
//! whole run of the guest by its calls: giving inputs and taking outputs is in it.

use anyhow::{Context, ensure};
use blink_benches::ask::{Ask, GuestRun, words};
use blink_benches::interleave::order;
use blink_benches::record::GuestCalls;
use blink_runtime::timeline::now;
use blink_runtime::{GuestEnded, Instance, Model, StartOptions, Timeline, Worker};
use blink_tensors::TensorView;

use crate::ready::{Ready, bytes_of};
use crate::say;

/// Calls in each turn.
const CALLS: u32 = 2000;
/// Turns of each side.
const TURNS: usize = 20;

/// Measures each guest of `ready`.
pub(crate) fn measure(ready: &Ready) -> anyhow::Result<Vec<GuestCalls>> {
    let options = StartOptions { threads: Some(1), ..StartOptions::default() };
    let instance = Instance::start(&Model::open(&ready.artifact)?, &options, &mut Timeline::new())?;
    let inputs = ready.written.tensors()?;
    let inputs: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
    let calls = |guest| calls(ready, &instance, &inputs, guest).with_context(|| format!("calls of {guest}"));
    ready.guests.iter().map(|program| calls(program.guest)).collect()
}

fn calls(
    ready: &Ready,
    instance: &Instance,
    inputs: &[(&str, TensorView<'_>)],
    guest: &'static str,
) -> anyhow::Result<GuestCalls> {
    say(&format!("{guest}: {TURNS} turns of {CALLS} calls"));
    let launch = ready.first(guest).context("it has no way to start")?;
    let Ask::Guest(once) = &launch.ask else { anyhow::bail!("it is no guest") };
    let mut run = once.clone();
    run.request.arguments.splice(0..0, ["--repeat".to_owned(), CALLS.to_string()]);
    let (mut worker, _) = launch.answered()?;
    let mut calls = GuestCalls { guest, calls: CALLS, guest_us: Vec::new(), model_us: Vec::new() };
    for side in order(2, TURNS) {
        match side {
            0 => calls.guest_us.push(in_guest(&run, &mut worker, bytes_of(&ready.answer)?)?),
            _ => {
                let begun = now();
                for _ in 0..CALLS {
                    instance.run(inputs)?;
                }
                calls.model_us.push((now() - begun) as f64 / 1e3 / f64::from(CALLS));
            }
        }
    }
    worker.end();
    Ok(calls)
}

/// Microseconds of a call.
fn in_guest(run: &GuestRun, worker: &mut Worker, expected: &[u8]) -> anyhow::Result<f64> {
    let (written, report, stderr) = run.run(worker)?;
    ensure!(report.ended == GuestEnded::Exit(0), "{}{stderr}", words(&report.ended));
    ensure!(written == expected, "it gave another answer");
    let computes = report.used.computes;
    ensure!(computes == u64::from(CALLS), "it ran the model {computes} times, expected {CALLS}");
    Ok(report.used.total_ns as f64 / 1e3 / f64::from(CALLS))
}
