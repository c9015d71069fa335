//! [`Watch`]: what processes hold, looked at until the end, and whether any of it has grown.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use blink_benches::growth::Growth;
use blink_benches::held::Held;
use blink_benches::table::Table;

use crate::control::Control;
use crate::served::Served;

/// How often it looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Bytes an hour that memory may grow.
const BYTES: f64 = 1048576.0;
/// The same for what is counted one by one.
const PIECES: f64 = 10.0;
/// What the process that leaks is called.
const CONTROL: &str = "control";

/// What was seen: of whom, and what.
pub(crate) struct Watch(BTreeMap<(&'static str, &'static str), Vec<(f64, f64)>>);

impl Watch {
    /// Looks at the server, at the worker that must live through it, and at the control, from `warm` on until `end`.
    pub(crate) fn until(end: Instant, warm: Duration, served: &Served, control: &Control) -> anyhow::Result<Watch> {
        thread::sleep(warm);
        let workers = served.workers("steady")?;
        let [worker] = workers[..] else { anyhow::bail!("steady has {} workers, expected 1", workers.len()) };
        let mut series: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let began = Instant::now();
        while Instant::now() < end {
            let mut see = |who, what, value: u64| {
                series.entry((who, what)).or_default().push((began.elapsed().as_secs_f64(), value as f64));
            };
            for (who, pid) in [("server", served.pid()), ("worker", worker), (CONTROL, control.pid())] {
                let held = Held::of(pid).with_context(|| format!("{who}, process {pid}, is gone"))?;
                let Held { proportional, resident: _, descriptors, mappings, threads } = held;
                let found = [
                    ("memory", proportional),
                    ("descriptors", descriptors),
                    ("mappings", mappings),
                    ("threads", threads),
                ];
                found.into_iter().for_each(|(what, value)| see(who, what, value));
            }
            see("server", "processes", children(served.pid())?);
            thread::sleep(PAUSE);
        }
        ensure!(served.workers("steady")? == [worker], "steady has another worker than at first: it died");
        Ok(Watch(series))
    }

    /// Prints how all of it has grown; what may not have, and the control where it was or was not seen to leak.
    pub(crate) fn report(&self, leaks: bool) -> Vec<String> {
        let mut table = Table::new(&["of", "what", "first", "last", "an hour", "at least", "allowed"]);
        let mut faults = Vec::new();
        for ((who, what), samples) in &self.0 {
            let allowed = if *what == "memory" { BYTES } else { PIECES };
            let Some(growth) = Growth::of(samples) else {
                faults.push(format!("{what} of {who}: not looked at often enough to say anything"));
                continue;
            };
            let Growth { first, last, per_hour, at_least } = growth;
            let figures = [first, last, per_hour, at_least, allowed].map(|figure| format!("{figure:.0}"));
            table.row([(*who).to_owned(), (*what).to_owned()].into_iter().chain(figures));
            let (grows, may) = (at_least > allowed, *who == CONTROL && *what == "memory" && leaks);
            match (grows, may) {
                (true, false) => faults.push(format!(
                    "{what} of {who} grows by {per_hour:.0} an hour, at least by {at_least:.0}; allowed are {allowed:.0}"
                )),
                (false, true) => faults.push(format!(
                    "the process that leaks on purpose was not found out, so nothing was shown: at least \
                     {at_least:.0} bytes an hour were seen; run longer, or have it leak more"
                )),
                _ => {}
            }
        }
        print!("{table}");
        faults
    }
}

/// How many processes this one has started that are still there, ended ones that nobody has asked for included.
fn children(pid: u32) -> anyhow::Result<u64> {
    let mut count = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end while it is looked at.
        let Ok(children) = fs::read_to_string(task?.path().join("children")) else { continue };
        count += children.split_whitespace().count() as u64;
    }
    Ok(count)
}
