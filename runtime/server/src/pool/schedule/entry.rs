//! [`Entry`]: a model as the schedule sees it: what waits for it, its workers, what is known of its runs.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{MAX_RETRY, Parts, Task};
use crate::config::Batching;

/// What the settings and the artifact say of a model.
#[derive(Clone, Debug)]
pub(in crate::pool) struct Terms {
    /// Its name, for messages.
    pub(in crate::pool) name: String,
    /// Fewest and most workers.
    pub(in crate::pool) workers: (usize, usize),
    /// How long a worker above the fewest waits for work.
    pub(in crate::pool) idle: Duration,
    /// Tasks that may wait.
    pub(in crate::pool) queue: usize,
    /// How long a run may take.
    pub(in crate::pool) time: Option<Duration>,
    /// The device in whose process its workers live, where they hold no memory of the host's.
    pub(in crate::pool) device: Option<u32>,
    /// Bytes of weights, held once.
    pub(in crate::pool) weights: u64,
    /// Bytes that a worker is expected to hold for itself.
    pub(in crate::pool) private: u64,
    /// Requests run together.
    pub(in crate::pool) batching: Option<Batching>,
}

/// A duration's mean, in which the last ones weigh most.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mean(Option<Duration>);

impl Mean {
    /// How much of the difference a new value brings: one part in so many.
    const INERTIA: u32 = 8;

    pub(super) fn add(&mut self, value: Duration) {
        self.0 = Some(self.0.map_or(value, |mean| (mean * (Mean::INERTIA - 1) + value) / Mean::INERTIA));
    }

    pub(super) fn get(self) -> Option<Duration> {
        self.0
    }
}

/// A model.
pub(in crate::pool) struct Entry<P: Parts> {
    pub(super) terms: Terms,
    pub(super) model: P::Model,
    pub(super) queue: VecDeque<P::Task>,
    /// Tasks whose worker died: they go first, to workers started normally.
    pub(super) again: VecDeque<P::Task>,
    /// All its workers.
    pub(super) workers: Vec<u64>,
    /// Those that wait, the one that waits longest first.
    pub(super) idle: Vec<u64>,
    /// Runs that hold a slot.
    pub(super) running: usize,
    pub(super) is_kept: bool,
    pub(super) is_retired: bool,
    /// When it was asked last.
    pub(super) used: Instant,
    /// What it was charged.
    pub(super) charge: Duration,
    pub(super) run: Mean,
    pub(super) start: Mean,
    /// Bytes that its workers were found to hold for themselves.
    pub(super) measured: Option<u64>,
    /// Workers that died since the last answer.
    pub(super) deaths: u32,
    /// Until when none is started.
    pub(super) pause: Option<Instant>,
    /// Whether the pause ends as soon as a worker on its device has: room is being made for it.
    pub(super) waits_for_room: bool,
    /// Why the last one died.
    pub(super) reason: String,
    /// Whether the answers are right for a batch dim of this size; empty: not known yet.
    pub(super) sizes: Vec<bool>,
}

impl<P: Parts> Entry<P> {
    pub(super) fn new(terms: Terms, model: P::Model, is_retired: bool, now: Instant) -> Entry<P> {
        Entry {
            terms,
            model,
            queue: VecDeque::new(),
            again: VecDeque::new(),
            workers: Vec::new(),
            idle: Vec::new(),
            running: 0,
            is_kept: false,
            is_retired,
            used: now,
            charge: Duration::ZERO,
            run: Mean::default(),
            start: Mean::default(),
            measured: None,
            deaths: 0,
            pause: None,
            waits_for_room: false,
            reason: String::new(),
            sizes: Vec::new(),
        }
    }

    /// Tasks that wait.
    pub(in crate::pool) fn waiting(&self) -> usize {
        self.queue.len() + self.again.len()
    }

    /// Ids of its workers.
    pub(in crate::pool) fn workers(&self) -> &[u64] {
        &self.workers
    }

    /// Sizes of the batch dim that are used; `None` until they were tried.
    pub(in crate::pool) fn sizes(&self) -> Option<&[bool]> {
        (!self.sizes.is_empty()).then_some(&*self.sizes)
    }

    /// Whether nothing waits and nothing runs.
    pub(super) fn is_at_rest(&self) -> bool {
        self.waiting() == 0 && self.running == 0
    }

    /// Workers that do not end for want of work.
    pub(super) fn fewest(&self) -> usize {
        if self.is_retired { 0 } else { self.terms.workers.0 }
    }

    /// Workers that are not taken from it.
    pub(super) fn kept_workers(&self) -> usize {
        if self.is_kept { self.fewest() } else { 0 }
    }

    /// How long a worker waits for work.
    pub(super) fn patience(&self) -> Duration {
        if self.is_retired { Duration::ZERO } else { self.terms.idle }
    }

    /// Bytes that one more worker will hold for itself, where none holds less than `least`.
    pub(super) fn private(&self, least: Option<u64>) -> u64 {
        let expected = || if self.terms.device.is_some() { 0 } else { self.terms.private.max(least.unwrap_or(0)) };
        self.measured.unwrap_or_else(expected)
    }

    /// When a client who finds the queue full should come again.
    pub(super) fn retry_after(&self) -> Duration {
        let waiting = u32::try_from(self.waiting()).unwrap_or(u32::MAX);
        let workers = u32::try_from(self.workers.len().max(1)).unwrap_or(u32::MAX);
        let wait = self.run.get().map_or(Duration::from_secs(1), |run| run.saturating_mul(waiting) / workers);
        wait.min(MAX_RETRY)
    }

    /// The first tasks of the queue that are run together: alone, where the next are of other shapes, or where no size
    /// that holds them is right.
    pub(super) fn take_batch(&mut self) -> Vec<P::Task> {
        let Some(first) = self.queue.pop_front() else { return Vec::new() };
        let mut chosen = self.joining(&first);
        let mut rows = first.rows() + chosen.iter().map(|&index| self.queue[index].rows()).sum::<usize>();
        while !self.sizes.get(rows).copied().unwrap_or(false) {
            let Some(last) = chosen.pop() else { break };
            rows -= self.queue[last].rows();
        }
        let mut tasks = Vec::with_capacity(1 + chosen.len());
        tasks.push(first);
        // From the front: each that was taken moves the later ones up by one.
        for (taken, index) in chosen.into_iter().enumerate() {
            tasks.extend(self.queue.remove(index - taken));
        }
        tasks
    }

    /// Where in the queue are those that can run together with `first`, up to the largest size.
    fn joining(&self, first: &P::Task) -> Vec<usize> {
        let mut chosen = Vec::new();
        let is_right = |rows: usize| self.sizes.get(rows).copied().unwrap_or(false);
        let Some(batching) = self.terms.batching.filter(|_| first.rows() > 0 && is_right(first.rows())) else {
            return chosen;
        };
        let mut rows = first.rows();
        for (index, task) in self.queue.iter().enumerate() {
            if rows >= batching.size {
                break;
            }
            // Alone each would be a run of its own size, so that size must be right too.
            if rows + task.rows() <= batching.size && is_right(task.rows()) && task.joins(first) {
                rows += task.rows();
                chosen.push(index);
            }
        }
        chosen
    }

    /// When the first tasks of the queue are to run, if not at once: others may come that run with them.
    pub(super) fn ripe_at(&self) -> Option<Instant> {
        let batching = self.terms.batching?;
        let largest = self.sizes.iter().rposition(|is_right| *is_right).filter(|largest| *largest > 1)?;
        let first = self.queue.front().filter(|first| first.rows() > 0)?;
        let others = self.queue.iter().skip(1).filter(|task| task.joins(first));
        let rows = first.rows() + others.map(P::Task::rows).sum::<usize>();
        (rows < largest).then(|| first.arrived() + batching.wait)
    }
}
