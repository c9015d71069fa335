//! A guest run again and again in one worker, each time in an instance of its own: what an instance takes, and whether
//! the worker grows.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, ensure};
use blink_benches::ask::{Ask, words};
use blink_benches::held::Held;
use blink_benches::record::GuestRow;
use blink_runtime::GuestEnded;
use blink_runtime::timeline::now;

use crate::ready::{Ready, bytes_of};
use crate::say;

/// After how many runs the worker is looked at first: by then all is there that stays.
const FIRST: usize = 100;
/// How long it rests before each look.
const REST: Duration = Duration::from_millis(200);

/// Runs each guest of `ready` `count` times in a row.
pub(crate) fn measure(ready: &Ready, count: usize) -> anyhow::Result<Vec<GuestRow>> {
    let row = |guest| row(ready, guest, count).with_context(|| format!("{guest}, in a row"));
    ready.guests.iter().map(|program| row(program.guest)).collect()
}

fn row(ready: &Ready, guest: &'static str, count: usize) -> anyhow::Result<GuestRow> {
    say(&format!("{guest}: {count} runs in one worker"));
    let launch = ready.first(guest).context("it has no way to start")?;
    let Ask::Guest(run) = &launch.ask else { anyhow::bail!("it is no guest") };
    let expected = bytes_of(&ready.answer)?;
    let (mut worker, _) = launch.answered()?;
    let mut row = GuestRow { guest, instantiate_us: Vec::new(), run_us: Vec::new(), held: Vec::new() };
    for done in 1..=count {
        let begun = now();
        let (written, report, stderr) = run.run(&mut worker)?;
        row.run_us.push((now() - begun) as f64 / 1e3);
        ensure!(report.ended == GuestEnded::Exit(0), "run {done}: {}{stderr}", words(&report.ended));
        ensure!(written == expected, "run {done} gave another answer");
        row.instantiate_us.push(report.used.instantiate_ns as f64 / 1e3);
        if cfg!(target_os = "linux") && (done == FIRST || done == count) {
            sleep(REST);
            row.held.push((done, Held::of(worker.pid())?));
        }
    }
    worker.end();
    Ok(row)
}
