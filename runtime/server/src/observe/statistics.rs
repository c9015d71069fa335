//! [`Statistics`]: what is counted of one model. `/metrics`, the protocol's statistics and the page all read it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use blink_runtime::{Start, Timeline};

use super::Histogram;

/// Counts of one model, shared by all that serve it.
#[derive(Debug, Default)]
pub struct Statistics {
    counts: Mutex<Counts>,
}

/// The counts at one moment.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests answered, and the time from their arrival to their answer.
    pub success: Timed,
    /// Requests without an answer, by [`crate::error::RequestError::name`].
    pub failures: BTreeMap<&'static str, Timed>,
    /// Time that answered requests waited for a worker; its start is part of it.
    pub queue: Timed,
    /// Time to put inputs in shared memory.
    pub input: Timed,
    /// Time in the worker.
    pub infer: Timed,
    /// Time to read outputs and to encode them.
    pub output: Timed,
    /// Runs, by how many requests were in them.
    pub runs: BTreeMap<usize, u64>,
    /// When the last request was answered.
    pub last: Option<SystemTime>,
    /// Time from a request's arrival to its answer.
    pub duration: Histogram,
    /// Starts of workers, by [`Start::name`].
    pub starts: BTreeMap<&'static str, StartCounts>,
    /// Normal starts where a snapshot was wanted, by the reason's name.
    pub fallbacks: BTreeMap<&'static str, u64>,
    /// What else happened to its workers.
    pub events: BTreeMap<Event, u64>,
}

/// How often, and how long in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timed {
    /// How often.
    pub count: u64,
    /// How long in all.
    pub time: Duration,
}

/// Starts of one kind.
#[derive(Clone, Debug, Default)]
pub struct StartCounts {
    /// From the launch to the first answer.
    pub total: Histogram,
    /// The same by phase, by [`blink_runtime::Phase::name`].
    pub phases: BTreeMap<&'static str, Histogram>,
}

/// A start, complete with its first answer.
#[derive(Clone, Debug)]
pub struct StartSeen {
    /// The model's name.
    pub model: String,
    /// The model's version.
    pub version: u64,
    /// How it came up.
    pub start: Start,
    /// Its phases.
    pub timeline: Timeline,
    /// When its first answer came.
    pub at: SystemTime,
}

/// Where the time of one request went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Until a worker took it, its start included.
    pub queue: Duration,
    /// Inputs to shared memory.
    pub input: Duration,
    /// In the worker.
    pub infer: Duration,
    /// Outputs read and encoded.
    pub output: Duration,
}

/// What happens to workers beside starting and answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// One died, or was not understood.
    Crash,
    /// A request was run again after its worker died.
    Retry,
    /// One was ended as nobody needed it.
    Idle,
    /// One was ended to make room for another model.
    Evicted,
    /// One was ended as its run was cancelled, or went past its time.
    Stopped,
    /// A start or a run found no room on a device.
    DeviceFull,
    /// A device was lost in a run of this model.
    DeviceLost,
    /// One was started on the CPU in place of a device that could not be used.
    FellBack,
    /// A batch size was ruled out: its answers are not those of single runs, or could not be compared.
    BatchRuledOut,
    /// A guest's native code was made here, as none was there that may be run.
    GuestCompiled,
    /// The artifact's file was found to be damaged, or to have changed while it was served.
    Poisoned,
}

impl Event {
    /// Every event.
    pub const ALL: [Event; 11] = [
        Event::Crash,
        Event::Retry,
        Event::Idle,
        Event::Evicted,
        Event::Stopped,
        Event::DeviceFull,
        Event::DeviceLost,
        Event::FellBack,
        Event::BatchRuledOut,
        Event::GuestCompiled,
        Event::Poisoned,
    ];

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Event::Crash => "crash",
            Event::Retry => "retry",
            Event::Idle => "idle",
            Event::Evicted => "evicted",
            Event::Stopped => "stopped",
            Event::DeviceFull => "device_full",
            Event::DeviceLost => "device_lost",
            Event::FellBack => "fell_back",
            Event::BatchRuledOut => "batch_ruled_out",
            Event::GuestCompiled => "guest_compiled",
            Event::Poisoned => "poisoned",
        }
    }
}

impl Statistics {
    /// Counts a request that was answered `total` after it arrived.
    pub fn succeeded(&self, times: Times, total: Duration) {
        let mut counts = self.lock();
        counts.success.add(total);
        counts.duration.record(total);
        counts.queue.add(times.queue);
        counts.input.add(times.input);
        counts.infer.add(times.infer);
        counts.output.add(times.output);
        counts.last = Some(SystemTime::now());
    }

    /// Counts a request that was not answered, `total` after it arrived.
    pub fn failed(&self, kind: &'static str, total: Duration) {
        self.lock().failures.entry(kind).or_default().add(total);
    }

    /// Counts a run of `requests` together.
    pub fn ran(&self, requests: usize) {
        *self.lock().runs.entry(requests).or_default() += 1;
    }

    /// Counts a start.
    pub fn started(&self, seen: &StartSeen) {
        let mut counts = self.lock();
        if let Start::Normal { reason: Some(reason) } = &seen.start {
            *counts.fallbacks.entry(reason.name()).or_default() += 1;
        }
        let starts = counts.starts.entry(seen.start.name()).or_default();
        let millis = |millis: f64| Duration::from_secs_f64(millis.max(0.0) / 1000.0);
        starts.total.record(millis(seen.timeline.total_ms()));
        for span in seen.timeline.spans() {
            starts.phases.entry(span.phase.name()).or_default().record(millis(span.duration_ms));
        }
    }

    /// Counts something that happened to a worker.
    pub fn happened(&self, event: Event) {
        *self.lock().events.entry(event).or_default() += 1;
    }

    /// All of it, now.
    pub fn counts(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timed {
    fn add(&mut self, time: Duration) {
        self.count += 1;
        self.time += time;
    }
}
