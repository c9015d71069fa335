//! Workers killed and artifacts replaced, again and again.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::models::Models;
use crate::served::{Served, send};
use crate::traffic::Traffic;

/// Between one of them and the next.
const PAUSE: Duration = Duration::from_millis(900);

/// Kills a worker of `killed` and replaces `swapped` in turns, until `end`.
pub(crate) fn make(served: &Served, models: &Models, traffic: &Traffic<'_>, end: Instant) {
    for turn in 0.. {
        thread::sleep(PAUSE);
        if Instant::now() >= end {
            return;
        }
        let done = if turn % 2 == 0 {
            models.swap(turn / 2 + 1).map(|()| traffic.count("swaps"))
        } else {
            kill(served).map(|killed| {
                if killed {
                    traffic.count("kills")
                }
            })
        };
        if let Err(error) = done {
            traffic.fault(format!("{error:#}"));
        }
    }
}

/// Kills one worker, where there is one; it may end by itself in the meantime.
fn kill(served: &Served) -> anyhow::Result<bool> {
    let Some(pid) = served.workers("killed")?.first().copied() else { return Ok(false) };
    Ok(send(pid, Signal::KILL).is_ok())
}
