//! [`Seat`]: a worker, as the schedule sees it: from the decision to start it until its process was reaped.

use std::time::{Duration, Instant};

use super::Parts;

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// It starts; its first requests may be bound to it.
    Starting,
    /// It waits.
    Idle,
    /// It runs.
    Busy,
    /// It was told to end, and is there until it is reaped.
    Ending,
}

impl WorkerState {
    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            WorkerState::Starting => "starting",
            WorkerState::Idle => "idle",
            WorkerState::Busy => "busy",
            WorkerState::Ending => "ending",
        }
    }
}

/// Why a worker is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nobody waits for its run.
    Cancelled,
    /// Its run takes longer than one may.
    Time,
    /// Everything ends.
    Ending,
    /// Its artifact's file is poisoned.
    Poisoned,
}

/// A worker's place.
pub(in crate::pool) struct Seat<P: Parts> {
    pub(super) model: u64,
    pub(in crate::pool) post: P::Post,
    pub(in crate::pool) state: WorkerState,
    /// When it came into this state.
    pub(in crate::pool) since: Instant,
    pub(super) launched: Instant,
    /// Whether its start is over, and its first run has begun.
    pub(in crate::pool) is_up: bool,
    /// Whether it is started normally whatever the model's settings say.
    pub(super) is_normal: bool,
    /// Tickets of what it runs, and whether somebody still waits for it.
    pub(super) tickets: Vec<(u64, bool)>,
    /// When its run began; the start is part of a first run.
    pub(super) begun: Instant,
    /// What its model was charged for the run in advance.
    pub(super) charged: Duration,
    /// When it is to be killed unless its run is over by then.
    pub(super) must_end: Option<(Instant, Stop)>,
    /// It was, or is about to be.
    pub(super) stopped: Option<Stop>,
    /// Whether it ends when its run is over, to make room.
    pub(super) is_leaving: bool,
    /// Bytes it holds for itself: expected, or measured.
    pub(in crate::pool) private: u64,
    /// Its part of what it shares, in bytes; 0 until measured.
    pub(in crate::pool) shared: u64,
    /// Requests it has answered.
    pub(in crate::pool) answered: u64,
}

impl<P: Parts> Seat<P> {
    /// Whether it will be there when what is decided now has been done.
    pub(super) fn stays(&self) -> bool {
        self.state != WorkerState::Ending && !self.is_leaving
    }

    /// Whether it has something to run.
    pub(in crate::pool) fn is_at_work(&self) -> bool {
        !self.tickets.is_empty()
    }

    pub(super) fn enter(&mut self, state: WorkerState, now: Instant) {
        (self.state, self.since) = (state, now);
    }
}
