//! The memory budget: each worker counts by what it holds for itself, each model with a worker by its weights, once.
//!
//! A start that does not fit is promised room in one step, or not at all: workers of other models are told to end until
//! it fits, and it is launched once they are reaped. Those go first that have nothing to do, of the model that was used
//! least recently; then, where its model is well ahead of the one that waits, a busy one when its run is over. The fewest
//! workers that a model is to keep are never taken.
//!
//! What a device's memory holds, nobody knows here: a start there that finds no room says so, and is then made some in
//! the same way, one worker at a time.

use std::time::Instant;

use super::{Parts, Schedule, TURN, WorkerState};
use crate::observe::Event;

/// Whether there is room for one more worker.
pub(super) enum Room {
    /// There is.
    Now,
    /// There will be: it was promised.
    Soon,
    /// Others would have to give up what they need.
    Later,
    /// Even alone it would not fit.
    Never { words: String },
}

impl<P: Parts> Schedule<P> {
    /// Makes room for one more worker of the model.
    pub(super) fn make_room(&mut self, id: u64, now: Instant) -> Room {
        let (Some(budget), Some(entry)) = (self.limits.memory, self.models.get(&id)) else { return Room::Now };
        let weights = |is_there: bool| if is_there { 0 } else { entry.terms.weights };
        let needed = entry.private(self.least).saturating_add(weights(self.staying(id) > 0));
        let (alone, kept) = (entry.private(self.least).saturating_add(entry.terms.weights), self.kept_by_others(id));
        if alone.saturating_add(kept) > budget {
            let words = format!(
                "model '{}' needs {alone} bytes for a worker and its weights, and of the {budget} bytes that all \
                 workers may take {kept} are kept for other models; raise `memory`, or keep fewer workers",
                entry.terms.name
            );
            return Room::Never { words };
        }
        let promised = self.promised().saturating_add(needed);
        if promised <= budget {
            return if self.fits_now(id) { Room::Now } else { Room::Soon };
        }
        let (victims, freed) = self.victims(id, promised - budget, true);
        if freed < promised - budget {
            return Room::Later;
        }
        for worker in victims {
            if self.workers.get(&worker).is_some_and(|seat| seat.state == WorkerState::Idle) {
                self.end(worker, Some(Event::Evicted), now);
            } else if let Some(seat) = self.workers.get_mut(&worker) {
                seat.is_leaving = true;
            }
        }
        Room::Soon
    }

    /// Whether one more worker of the model fits beside all that are there, those that are ending too.
    pub(super) fn fits_now(&self, id: u64) -> bool {
        let (Some(budget), Some(entry)) = (self.limits.memory, self.models.get(&id)) else { return true };
        let weights = if entry.workers.is_empty() { entry.terms.weights } else { 0 };
        self.held().saturating_add(entry.private(self.least)).saturating_add(weights) <= budget
    }

    /// Bytes of all processes that are there.
    pub(in crate::pool) fn held(&self) -> u64 {
        let weights = self.models.values().filter(|entry| !entry.workers.is_empty()).map(|entry| entry.terms.weights);
        sum(self.workers.values().map(|seat| seat.private).chain(weights))
    }

    /// Bytes that will be held when all that was decided is done.
    fn promised(&self) -> u64 {
        let staying = self.workers.values().filter(|seat| seat.stays()).map(|seat| seat.private);
        let planned = self.plans.iter().filter_map(|id| self.models.get(id)).map(|entry| entry.private(self.least));
        let awake = self.models.iter().filter(|(id, _)| self.staying(**id) > 0);
        sum(staying.chain(planned).chain(awake.map(|(_, entry)| entry.terms.weights)))
    }

    /// Bytes that workers of other models hold and do not give up.
    fn kept_by_others(&self, id: u64) -> u64 {
        let others = self.models.iter().filter(|(other, entry)| **other != id && entry.is_kept);
        sum(others.map(|(other, entry)| match entry.fewest().min(self.staying(*other)) {
            0 => 0,
            workers => entry.private(self.least).saturating_mul(workers as u64).saturating_add(entry.terms.weights),
        }))
    }

    /// A worker of the model was found to hold more than was expected: others that wait end, where all are too many now.
    pub(super) fn trim(&mut self, id: u64, now: Instant) {
        let Some(excess) = self.limits.memory.map(|budget| self.promised().saturating_sub(budget)) else { return };
        let (victims, _) = self.victims(id, excess, false);
        victims.into_iter().for_each(|worker| self.end(worker, Some(Event::Evicted), now));
    }

    /// Makes room on the model's device, where a worker of it found none: whether that is worth waiting for. Of the other
    /// models there, the one that was used least recently gives a worker that waits, unless one is ending already.
    pub(super) fn make_room_on_device(&mut self, id: u64, now: Instant) -> bool {
        let device = |entry: &super::Entry<P>| entry.terms.device;
        let Some(own) = self.models.get(&id).and_then(device) else { return false };
        let others = || self.models.iter().filter(|(other, entry)| **other != id && device(entry) == Some(own));
        let is_ending = |worker: &u64| self.workers.get(worker).is_some_and(|seat| seat.state == WorkerState::Ending);
        if others().any(|(_, entry)| entry.workers.iter().any(is_ending)) {
            return true;
        }
        let can_give = others().filter(|(other, entry)| {
            entry.waiting() == 0 && !entry.idle.is_empty() && self.staying(**other) > entry.kept_workers()
        });
        let Some(victim) = can_give.min_by_key(|(_, entry)| entry.used).map(|(_, entry)| entry.idle[0]) else {
            return false;
        };
        self.end(victim, Some(Event::Evicted), now);
        true
    }

    /// A worker has ended: those that wait for room on its device may try again.
    pub(super) fn room_on_device(&mut self, id: u64) {
        let Some(device) = self.models.get(&id).and_then(|entry| entry.terms.device) else { return };
        for entry in self.models.values_mut().filter(|entry| entry.terms.device == Some(device)) {
            if std::mem::take(&mut entry.waits_for_room) {
                entry.pause = None;
            }
        }
    }

    /// Workers of other models, and how many bytes they free when they end: `excess` at least, where there are enough.
    /// With `busy`, those too that models well ahead of this one need.
    fn victims(&self, id: u64, excess: u64, busy: bool) -> (Vec<u64>, u64) {
        let charge = self.models.get(&id).map(|entry| entry.charge).unwrap_or_default();
        let others = || self.models.iter().filter(|(other, _)| **other != id);
        let mut asleep: Vec<_> = others().filter(|(_, entry)| entry.waiting() == 0).collect();
        asleep.sort_by_key(|(_, entry)| entry.used);
        let is_ahead = |entry: &super::Entry<P>| busy && entry.charge > charge.saturating_add(TURN);
        let mut ahead: Vec<_> = others().filter(|(_, entry)| is_ahead(entry)).collect();
        ahead.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.charge));

        let mut victims = Vec::new();
        let mut freed = 0u64;
        // Each with the states in which its workers may be taken.
        let asleep = asleep.into_iter().map(|model| (model, &[WorkerState::Idle][..]));
        let ahead = ahead.into_iter().map(|model| (model, &[WorkerState::Idle, WorkerState::Busy][..]));
        for ((other, entry), states) in asleep.chain(ahead) {
            let mut left = self.staying(*other) - victims_of(&victims, &entry.workers);
            for state in states {
                // Those that have waited longest stand first.
                let order = if *state == WorkerState::Idle { &entry.idle } else { &entry.workers };
                for worker in order {
                    let Some(seat) = self.workers.get(worker).filter(|seat| seat.stays() && seat.state == *state)
                    else {
                        continue;
                    };
                    if freed >= excess || left <= entry.kept_workers() || victims.contains(worker) {
                        continue;
                    }
                    // It holds nothing here, so its end would help nobody.
                    if entry.terms.device.is_some() && seat.private == 0 {
                        continue;
                    }
                    left -= 1;
                    freed = freed.saturating_add(seat.private);
                    if left == 0 {
                        freed = freed.saturating_add(entry.terms.weights);
                    }
                    victims.push(*worker);
                }
            }
        }
        (victims, freed)
    }
}

fn victims_of(victims: &[u64], workers: &[u64]) -> usize {
    victims.iter().filter(|victim| workers.contains(victim)).count()
}

fn sum(bytes: impl Iterator<Item = u64>) -> u64 {
    bytes.fold(0, u64::saturating_add)
}
