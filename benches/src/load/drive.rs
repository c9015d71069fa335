//! [`Load`]: requests to servers, a thread for each, and what came back.
//!
//! In a closed loop each server is asked again as soon as it has answered: the most that it can do. In an open loop
//! requests come at times of their own, in one queue for all servers, and a latency counts from the arrival. A client
//! that waited for each answer before it asked again would leave out just the requests that a slow answer delays, as
//! Gil Tene shows in "How NOT to Measure Latency" (wrk2 came of it).
//!
//! Clients sleep until an arrival, and do not spin: they would take the processors from the servers. So an open loop's
//! latency has the kernel's wake-up of the client in it, for every way alike.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use blink_runtime::timeline::now;

use super::arrivals::poisson;
use super::{LoadError, Server};
use crate::measurement::{Arrivals, LoadRuns};
use crate::memory::Shares;
use crate::usage::Usage;

/// The most answers of one turn: half a million.
pub const MAX_ANSWERS: usize = 500_000;

/// One turn of requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// How requests come.
    pub arrivals: Arrivals,
    /// For how long they come.
    pub duration: Duration,
    /// For how long each server is asked before, uncounted; at least once.
    pub warm_up: Duration,
    /// The answers that are enough, at most [`MAX_ANSWERS`]: a closed loop ends there.
    pub enough: usize,
    /// What the arrivals of an open loop are drawn from.
    pub seed: u64,
}

/// When a request came and when its answer was there, in nanoseconds.
type Sample = (u64, u64);

impl Load {
    /// Asks `servers`, all of the way called `name`. Open: what has not been begun by twice the duration is left
    /// unserved.
    pub fn run(&self, name: &str, servers: &mut [Server]) -> Result<LoadRuns, LoadError> {
        if servers.is_empty() {
            return Err(LoadError::NoServers);
        }
        let arrivals = match self.arrivals {
            Arrivals::Closed => None,
            Arrivals::Open { rate } => Some(poisson(rate, self.duration, self.seed)?),
        };
        let warm_up = nanoseconds(self.warm_up);
        drive(servers, |server, failed| closed(server, failed, warm_up, &AtomicUsize::new(0), MAX_ANSWERS))?;

        let cpu_before = cpu_ms(servers);
        let (taken, enough) = (AtomicUsize::new(0), self.enough.min(MAX_ANSWERS));
        let duration = nanoseconds(self.duration);
        let begin = now();
        let samples = match &arrivals {
            None => drive(servers, |server, failed| closed(server, failed, duration, &taken, enough))?,
            Some(arrivals) => {
                let last = begin.saturating_add(duration.saturating_mul(2));
                drive(servers, |server, failed| open(server, failed, arrivals, begin, last, &taken))?
            }
        };
        let cpu_ms = cpu_before.zip(cpu_ms(servers)).map(|(before, after)| after - before);

        let mut samples: Vec<Sample> = samples.into_iter().flatten().collect();
        samples.sort_unstable();
        let answered = samples.iter().map(|sample| sample.1).max().unwrap_or(begin);
        // An open loop lasts as long as requests come, also where the last of them came early.
        let end = if arrivals.is_some() { answered.max(begin.saturating_add(duration)) } else { answered };
        let asked = arrivals.map_or(samples.len(), |arrivals| arrivals.len());
        let microseconds = |&(begin, end): &Sample| u32::try_from((end - begin) / 1000).unwrap_or(u32::MAX);
        Ok(LoadRuns {
            name: name.to_owned(),
            arrivals: self.arrivals,
            concurrency: servers.len(),
            seconds: (end - begin) as f64 / 1e9,
            latency_us: samples.iter().map(microseconds).collect(),
            unserved: (asked - samples.len()) as u64,
            is_cut: self.arrivals == Arrivals::Closed && samples.len() >= enough,
            cpu_ms,
            pss_bytes: shares(servers).map(|all| all.iter().map(|one| one.proportional).sum()),
        })
    }
}

/// Runs `work` on a thread for each server. A failure stops the others, which look at the flag before each request.
fn drive(
    servers: &mut [Server],
    work: impl Fn(&mut Server, &AtomicBool) -> Result<Vec<Sample>, LoadError> + Sync,
) -> Result<Vec<Vec<Sample>>, LoadError> {
    let failed = AtomicBool::new(false);
    thread::scope(|scope| {
        let one = |server| {
            let (work, failed) = (&work, &failed);
            scope.spawn(move || {
                let done = work(server, failed);
                failed.fetch_or(done.is_err(), Ordering::Relaxed);
                done
            })
        };
        let threads: Vec<_> = servers.iter_mut().map(one).collect();
        // All are joined before any failure is told.
        let done: Vec<_> =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect();
        done.into_iter().collect()
    })
}

/// Asks as soon as it is answered, for `duration` nanoseconds, at least once; all servers together `enough` times.
fn closed(
    server: &mut Server,
    failed: &AtomicBool,
    duration: u64,
    taken: &AtomicUsize,
    enough: usize,
) -> Result<Vec<Sample>, LoadError> {
    let last = now().saturating_add(duration);
    let mut samples = Vec::new();
    while taken.fetch_add(1, Ordering::Relaxed) < enough && !failed.load(Ordering::Relaxed) {
        let asked_at = now();
        samples.push((asked_at, server.ask()?));
        if now() >= last {
            break;
        }
    }
    Ok(samples)
}

/// Takes the next arrival, waits for it, asks. An idle server takes arrivals in their order and before they come, so
/// none waits while a server is free.
fn open(
    server: &mut Server,
    failed: &AtomicBool,
    arrivals: &[u64],
    begin: u64,
    last: u64,
    taken: &AtomicUsize,
) -> Result<Vec<Sample>, LoadError> {
    precise();
    let mut samples = Vec::new();
    while now() < last && !failed.load(Ordering::Relaxed) {
        let Some(&arrival) = arrivals.get(taken.fetch_add(1, Ordering::Relaxed)) else { break };
        let arrived_at = begin.saturating_add(arrival);
        sleep_until(arrived_at);
        samples.push((arrived_at, server.ask()?));
    }
    Ok(samples)
}

/// Sleeps until `time`; not at all where that has passed.
fn sleep_until(time: u64) {
    loop {
        let left = time.saturating_sub(now());
        if left == 0 {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::thread::{ClockId, clock_nanosleep_absolute};
            use rustix::time::Timespec;

            let request = Timespec { tv_sec: (time / 1_000_000_000) as _, tv_nsec: (time % 1_000_000_000) as _ };
            // Woken early by a signal, it looks at the clock again.
            let _ = clock_nanosleep_absolute(ClockId::Monotonic, &request);
        }
        #[cfg(not(target_os = "linux"))]
        thread::sleep(Duration::from_nanos(left));
    }
}

/// Has this thread woken on time. By default Linux may be 50 µs late, to save power.
fn precise() {
    #[cfg(target_os = "linux")]
    // What cannot be had costs 50 µs, for every way alike.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

/// Processor time of all, in milliseconds; `None` where it cannot be read.
fn cpu_ms(servers: &[Server]) -> Option<f64> {
    servers.iter().map(|server| Usage::of_running(server.own_pid()?).ok().map(|usage| usage.cpu_ms)).sum()
}

/// The memory of each; `None` where it cannot be read.
pub(crate) fn shares(servers: &[Server]) -> Option<Vec<Shares>> {
    servers.iter().map(|server| Shares::of(server.own_pid()?).ok()).collect()
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
