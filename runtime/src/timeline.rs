//! Where the time of a start goes: a begin and an end for each phase, on the system's monotonic clock.
//!
//! Recording is two reads of the clock a phase, without a system call or an allocation. Nothing is computed until
//! somebody asks.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// A part of a start, in the order in which a normal start passes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// From the parent's spawn to the first line of `main`, or of the restorer.
    Spawn,
    /// Mapping a snapshot back, up to the first line of the worker that it holds.
    Restore,
    /// Opening, mapping and checking the artifact.
    Open,
    /// Loading ONNX Runtime's library.
    Library,
    /// Making ONNX Runtime's environment.
    Environment,
    /// Taking a device's context and loading ONNX Runtime's provider for it; once for each resident worker.
    Context,
    /// Making the session, packing of weights included.
    Session,
    /// Waiting for weights to be on a device, after the session that was made beside their upload.
    Weights,
    /// Mapping a guest's native code and resolving its imports; beside the phases `library` and `environment`.
    Link,
    /// Reading and checking the inputs; in a worker, waiting for them too.
    Input,
    /// A guest's first run, from its instance to its end. The models' time is in it.
    Guest,
    /// The first run.
    Inference,
    /// Writing the outputs.
    Output,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Phase; 13] = [
        Phase::Spawn,
        Phase::Restore,
        Phase::Open,
        Phase::Library,
        Phase::Environment,
        Phase::Context,
        Phase::Session,
        Phase::Weights,
        Phase::Link,
        Phase::Input,
        Phase::Guest,
        Phase::Inference,
        Phase::Output,
    ];

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Spawn => "spawn",
            Phase::Restore => "restore",
            Phase::Open => "open",
            Phase::Library => "library",
            Phase::Environment => "environment",
            Phase::Context => "context",
            Phase::Weights => "weights",
            Phase::Session => "session",
            Phase::Link => "link",
            Phase::Input => "input",
            Phase::Guest => "guest",
            Phase::Inference => "inference",
            Phase::Output => "output",
        }
    }
}

/// The phases of one start. Times are nanoseconds of the system's monotonic clock, the same in every process.
#[derive(Clone, Copy, Debug)]
pub struct Timeline {
    origin: u64,
    phases: [Option<(u64, u64)>; Phase::ALL.len()],
}

/// One phase as it was recorded, on the system's monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Which phase.
    pub phase: Phase,
    /// Begin, in nanoseconds.
    pub begin: u64,
    /// End, in nanoseconds.
    pub end: u64,
}

/// One line of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Span {
    /// Which phase.
    pub phase: Phase,
    /// Begin, in milliseconds from the origin.
    pub start_ms: f64,
    /// Length in milliseconds.
    pub duration_ms: f64,
}

/// Now, on the clock of timelines, in nanoseconds.
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline::new()
    }
}

impl Timeline {
    /// A timeline that begins now.
    pub fn new() -> Timeline {
        Timeline::begin(None, now())
    }

    /// A timeline that began when the parent spawned this process: from there to `entered`, when `main` was, is the
    /// phase "spawn". Where the parent did not say, it begins at `entered`.
    pub fn begin(spawned_at: Option<u64>, entered: u64) -> Timeline {
        let mut timeline = Timeline { origin: spawned_at.unwrap_or(entered), phases: [None; Phase::ALL.len()] };
        if let Some(spawned_at) = spawned_at {
            timeline.phases[Phase::Spawn as usize] = Some((spawned_at, entered.max(spawned_at)));
        }
        timeline
    }

    /// Runs `work` as `phase`. A phase that is recorded again keeps its begin and gets a new end.
    pub fn record<T>(&mut self, phase: Phase, work: impl FnOnce() -> T) -> T {
        let begin = now();
        let result = work();
        self.add(Recorded { phase, begin, end: now() });
        result
    }

    /// Adds what was recorded elsewhere. A phase that is there already is widened to hold both.
    pub fn add(&mut self, recorded: Recorded) {
        let Recorded { phase, begin, end } = recorded;
        let slot = &mut self.phases[phase as usize];
        let (begin, end) = slot.map_or((begin, end), |(first, last)| (first.min(begin), last.max(end)));
        *slot = Some((begin, end.max(begin)));
    }

    /// What was recorded so far, in the order of [`Phase::ALL`].
    pub fn recorded(&self) -> Vec<Recorded> {
        let all = Phase::ALL.iter().zip(self.phases);
        all.filter_map(|(&phase, times)| times.map(|(begin, end)| Recorded { phase, begin, end })).collect()
    }

    /// The phases that were passed, by their begin.
    pub fn spans(&self) -> Vec<Span> {
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        let mut passed: Vec<_> =
            Phase::ALL.iter().zip(self.phases).filter_map(|(&p, times)| Some((p, times?))).collect();
        passed.sort_by_key(|(phase, (start, _))| (*start, *phase));
        let span = |(phase, (start, end)): (Phase, (u64, u64))| Span {
            phase,
            start_ms: ms(start.saturating_sub(self.origin)),
            duration_ms: ms(end.saturating_sub(start)),
        };
        passed.into_iter().map(span).collect()
    }

    /// Milliseconds from the origin to the end of the last phase.
    pub fn total_ms(&self) -> f64 {
        let end = self.phases.iter().flatten().map(|(_, end)| *end).max().unwrap_or(self.origin);
        end.saturating_sub(self.origin) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_come_in_the_order_they_were_passed() {
        let spawned_at = now() - 5_000_000;
        let mut timeline = Timeline::begin(Some(spawned_at), now());
        assert_eq!(timeline.record(Phase::Session, || 7), 7);
        timeline.record(Phase::Input, || ());
        timeline.record(Phase::Open, || ());
        let spans = timeline.spans();
        let phases: Vec<_> = spans.iter().map(|span| span.phase).collect();
        assert_eq!(phases, [Phase::Spawn, Phase::Session, Phase::Input, Phase::Open]);
        assert!(spans[0].start_ms == 0.0 && spans[0].duration_ms >= 5.0);
        assert!(timeline.total_ms() >= spans[3].start_ms);
    }

    #[test]
    fn what_two_processes_recorded_is_one_timeline() {
        let mut timeline = Timeline::begin(Some(2_000_000), 2_000_000);
        let phase = |phase, begin, end| Recorded { phase, begin, end };
        timeline.add(phase(Phase::Open, 4_000_000, 5_000_000));
        timeline.add(phase(Phase::Spawn, 3_000_000, 3_500_000));
        timeline.add(phase(Phase::Open, 4_500_000, 4_600_000));
        timeline.add(phase(Phase::Output, 9_000_000, 8_000_000));
        assert_eq!(timeline.recorded()[0], phase(Phase::Spawn, 2_000_000, 3_500_000));
        let spans: Vec<_> = timeline.spans().iter().map(|span| (span.phase, span.start_ms, span.duration_ms)).collect();
        assert_eq!(spans, [(Phase::Spawn, 0.0, 1.5), (Phase::Open, 2.0, 1.0), (Phase::Output, 7.0, 0.0)]);
        assert_eq!(timeline.total_ms(), 7.0);
    }

    #[test]
    fn a_phase_has_its_place_among_all() {
        assert!(Phase::ALL.iter().enumerate().all(|(index, phase)| *phase as usize == index));
    }

    #[test]
    fn a_clock_that_seems_to_run_backwards_gives_zero_not_a_panic() {
        let timeline = Timeline::begin(Some(u64::MAX), now());
        assert_eq!(timeline.spans()[0].duration_ms, 0.0);
        assert_eq!(timeline.total_ms(), 0.0);
    }
}
