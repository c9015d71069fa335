//! [`Schedule`]: who runs what, and when. It knows of no process, thread or clock: it is told what happened and when,
//! and leaves [`Action`]s for its owner to carry out, in order.
//!
//! | file | what it holds |
//! |---|---|
//! | `entry.rs` | a model: its queue, its workers, its figures |
//! | `worker.rs` | a worker, as the schedule sees it |
//! | `events.rs` | what happens to requests and workers |
//! | `dispatch.rs` | whose turn it is: slots, starts, batches |
//! | `room.rs` | the memory budget: what fits, and who makes room |
//! | `due.rs` | what time alone brings: idle ends, limits, pauses |
//!
//! Models take turns by virtual time: each is charged the time that its runs hold a slot, and the one that was charged
//! least goes first. One that had nothing to do is charged up to the others, so rest brings no credit.

mod dispatch;
mod due;
mod entry;
mod events;
mod room;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use crate::error::RequestError;
use crate::observe::Event;

pub(super) use entry::{Entry, Terms};
pub(super) use worker::Seat;
pub use worker::WorkerState;

/// Deaths in a row, without an answer between, from which on a model's starts pause.
const LOOP: u32 = 3;
/// The first such pause; each further death doubles it.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest.
const MAX_PAUSE: Duration = Duration::from_secs(30);
/// How long a run goes on that nobody waits for.
const GRACE: Duration = Duration::from_millis(100);
/// How long a start does: the model would never wake for clients who have less patience than it needs.
const START_GRACE: Duration = Duration::from_secs(60);
/// How far ahead of a model that waits a busy one must be to lose a worker to it. Shorter turns would be spent on starts.
const TURN: Duration = Duration::from_millis(100);
/// The longest time after which a client is told to come again.
const MAX_RETRY: Duration = Duration::from_secs(60);

/// What waits for a worker.
pub(super) trait Task {
    /// Its number; no other task has it.
    fn ticket(&self) -> u64;
    /// When it came.
    fn arrived(&self) -> Instant;
    /// Elements of its batch dim; 0: it is never run with others.
    fn rows(&self) -> usize;
    /// Whether it can be run together with `first`, a task of the same model.
    fn joins(&self, first: &Self) -> bool;
    /// Its worker has died. Whether it is to be run again, which it is at most once.
    fn run_again(&mut self) -> bool;
}

/// What the owner of a schedule calls its own.
pub(super) trait Parts {
    /// What waits for a worker.
    type Task: Task;
    /// What it keeps of a model.
    type Model: Clone;
    /// What leads to a worker.
    type Post: Clone + Default;
}

/// What is to be done.
pub(super) enum Action<P: Parts> {
    /// A worker is to be started and to run the tasks; without tasks, to be ready.
    Launch { worker: u64, post: P::Post, model: P::Model, normally: bool, tasks: Vec<P::Task> },
    /// A worker that waits is to run the tasks.
    Run { post: P::Post, tasks: Vec<P::Task> },
    /// A worker that waits is to end.
    End { post: P::Post, why: Option<Event> },
    /// A worker is to be killed, whatever it does.
    Stop { post: P::Post },
    /// The operator is to be told.
    Warn { words: String },
    /// A task gets no answer.
    Refuse { task: P::Task, error: RequestError },
}

/// How a worker that lived ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ran {
    /// It computed for this long.
    Answered(Duration),
    /// Likewise, and is of no more use.
    Spent(Duration),
    /// It is ready, and was asked for no more.
    Ready,
}

/// How a worker died.
pub(super) struct Death {
    /// What its tasks are told that are not run again.
    pub(super) error: RequestError,
    /// Whether another worker may fare better: not where the start itself failed.
    pub(super) is_worth_another: bool,
    /// Whether it was a start that found no room on a device: no fault of the model's, and nothing that trying at once
    /// again helps.
    pub(super) wants_room: bool,
}

impl Death {
    /// A worker that lived died, and another one may fare better.
    pub(super) fn of_worker(error: RequestError) -> Death {
        Death { error, is_worth_another: true, wants_room: false }
    }

    /// A start failed, and so would the next, or what the worker did is not to be done again.
    pub(super) fn of_start(error: RequestError) -> Death {
        Death { error, is_worth_another: false, wants_room: false }
    }

    /// A start found no room on a device.
    pub(super) fn for_want_of_room(error: RequestError) -> Death {
        Death { error, is_worth_another: false, wants_room: true }
    }
}

/// What all workers together may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Bytes of memory, weights counted once a model; `None`: any.
    pub memory: Option<u64>,
    /// Runs at once; at least one.
    pub running: usize,
}

/// The state of all models and workers.
pub(super) struct Schedule<P: Parts> {
    limits: PoolLimits,
    models: BTreeMap<u64, Entry<P>>,
    workers: BTreeMap<u64, Seat<P>>,
    /// Models that have something waiting, and may have some that no longer do.
    hungry: Vec<u64>,
    /// Models that have a fewest number of workers to keep.
    kept: Vec<u64>,
    /// Models that were promised room for a start, in turn.
    plans: Vec<u64>,
    /// Models that are no longer served: requests that found them before are still answered.
    retired: HashSet<u64>,
    /// Runs that hold a slot.
    running: usize,
    /// The least that a worker was found to hold for itself: no other is expected to hold less.
    least: Option<u64>,
    /// The charge at which the last run was begun.
    clock: Duration,
    next_worker: u64,
    /// When time alone next brings something, or before.
    soonest: Option<Instant>,
    is_stopping: bool,
    actions: Vec<Action<P>>,
}

impl<P: Parts> Schedule<P> {
    pub(super) fn new(limits: PoolLimits) -> Schedule<P> {
        let limits = PoolLimits { running: limits.running.max(1), ..limits };
        Schedule {
            limits,
            models: BTreeMap::new(),
            workers: BTreeMap::new(),
            hungry: Vec::new(),
            kept: Vec::new(),
            plans: Vec::new(),
            retired: HashSet::new(),
            running: 0,
            least: None,
            clock: Duration::ZERO,
            next_worker: 0,
            soonest: None,
            is_stopping: false,
            actions: Vec::new(),
        }
    }

    /// What is to be done since this was asked last.
    pub(super) fn take_actions(&mut self) -> Vec<Action<P>> {
        std::mem::take(&mut self.actions)
    }

    /// Whether there is no worker.
    pub(super) fn is_deserted(&self) -> bool {
        self.workers.is_empty()
    }

    /// Runs that hold a slot.
    pub(super) fn running(&self) -> usize {
        self.running
    }

    /// All models that were used.
    pub(super) fn models(&self) -> impl Iterator<Item = (u64, &Entry<P>)> {
        self.models.iter().map(|(id, entry)| (*id, entry))
    }

    /// The worker with this id.
    pub(super) fn worker(&self, id: u64) -> Option<&Seat<P>> {
        self.workers.get(&id)
    }

    /// Whether the caller is to find out which batch sizes are right for the model: true once. Until it has, none is used.
    pub(super) fn claim_batch_sizes(&mut self, model: u64) -> bool {
        let unknown = self.models.get_mut(&model).filter(|entry| entry.sizes.is_empty());
        unknown.map(|entry| entry.sizes = vec![false, true]).is_some()
    }

    /// Which sizes of the batch dim the model's answers are right for, by size.
    pub(super) fn set_batch_sizes(&mut self, model: u64, sizes: Vec<bool>) {
        if let Some(entry) = self.models.get_mut(&model) {
            entry.sizes = sizes;
        }
    }

    pub(in crate::pool) fn refuse(&mut self, task: P::Task, error: RequestError) {
        self.actions.push(Action::Refuse { task, error });
    }

    fn refuse_waiting(&mut self, model: u64, error: &RequestError) {
        let Some(entry) = self.models.get_mut(&model) else { return };
        let waiting: Vec<_> = entry.again.drain(..).chain(entry.queue.drain(..)).collect();
        waiting.into_iter().for_each(|task| self.refuse(task, error.clone()));
    }

    fn due(&mut self, at: Instant) {
        self.soonest = Some(self.soonest.map_or(at, |soonest| soonest.min(at)));
    }
}
