//! Whose turn it is: runs on workers that wait, and starts of more.

use std::time::{Duration, Instant};

use super::room::Room;
use super::worker::Stop;
use super::{Action, LOOP, Parts, Schedule, Seat, WorkerState};
use crate::error::RequestError;

impl<P: Parts> Schedule<P> {
    /// Hands out what can be handed out now.
    pub(super) fn dispatch(&mut self, now: Instant) {
        if self.is_stopping {
            return;
        }
        self.launch_planned(now);
        let mut passed_over = Vec::new();
        while self.running < self.limits.running {
            let Some(id) = self.next_model(&passed_over) else { break };
            if !self.serve(id, now) {
                passed_over.push(id);
            }
        }
        let mut index = 0;
        while let Some(&id) = self.kept.get(index) {
            while self.lacks(id) && self.may_start(id, now) && self.start(id, now) {}
            // One that can never have them is kept no longer.
            index += usize::from(self.kept.get(index) == Some(&id));
        }
    }

    /// The model has something waiting.
    pub(super) fn hunger(&mut self, id: u64) {
        if !self.hungry.contains(&id) {
            self.hungry.push(id);
        }
    }

    /// Of the models that have something waiting, the one that was charged least.
    fn next_model(&mut self, passed_over: &[u64]) -> Option<u64> {
        let Schedule { hungry, models, .. } = self;
        hungry.retain(|id| models.get(id).is_some_and(|entry| entry.waiting() > 0));
        let candidates = hungry.iter().filter(|id| !passed_over.contains(id));
        candidates.min_by_key(|id| models.get(id).map(|entry| entry.charge)).copied()
    }

    /// Begins one run of the model, if one can begin now.
    fn serve(&mut self, id: u64, now: Instant) -> bool {
        let Some(entry) = self.models.get_mut(&id) else { return false };
        if !entry.again.is_empty() {
            let is_normal = |worker: &u64| self.workers.get(worker).is_some_and(|seat| seat.is_normal);
            let place = entry.idle.iter().rposition(is_normal);
            if place.is_none() && self.may_start(id, now) {
                return self.wants_start(id) && self.start(id, now);
            }
            // Where no other can be had, one that was not started normally must do.
            let Some(entry) = self.models.get_mut(&id) else { return false };
            if let Some(place) = place.or_else(|| entry.idle.len().checked_sub(1)) {
                let worker = entry.idle.remove(place);
                let tasks = entry.again.pop_front().into_iter().collect();
                self.run(worker, tasks, now);
                return true;
            }
        }
        let Some(entry) = self.models.get_mut(&id) else { return false };
        // The one that has waited least: the others come of age.
        if let (Some(&worker), false) = (entry.idle.last(), entry.queue.is_empty()) {
            if let Some(ripe) = entry.ripe_at().filter(|ripe| now < *ripe) {
                self.due(ripe);
            } else {
                entry.idle.pop();
                let tasks = entry.take_batch();
                self.run(worker, tasks, now);
                return true;
            }
        }
        self.wants_start(id) && self.may_start(id, now) && self.start(id, now)
    }

    /// Whether one worker more would answer what waits sooner.
    fn wants_start(&self, id: u64) -> bool {
        let Some(entry) = self.models.get(&id) else { return false };
        let (live, planned) = (self.staying(id), self.planned(id));
        if !entry.again.is_empty() {
            return planned == 0;
        }
        if !entry.idle.is_empty() || entry.queue.len() <= planned {
            return false;
        }
        match (entry.run.get(), entry.start.get()) {
            (Some(run), Some(start)) if live > 0 => {
                let waiting = u32::try_from(entry.queue.len()).unwrap_or(u32::MAX);
                run.saturating_mul(waiting) / u32::try_from(live).unwrap_or(u32::MAX) > start
            }
            _ => true,
        }
    }

    /// Whether the model may have one more worker now. After deaths in a row it has one at a time, and none for a while.
    fn may_start(&mut self, id: u64, now: Instant) -> bool {
        let live = self.staying(id);
        let Some(entry) = self.models.get(&id) else { return false };
        if live >= entry.terms.workers.1.max(1) || (entry.deaths >= LOOP && live > 0) {
            return false;
        }
        let pause = entry.pause.filter(|until| now < *until);
        if let Some(until) = pause {
            self.due(until);
        }
        pause.is_none()
    }

    /// Whether the model has fewer workers than it is to keep.
    fn lacks(&self, id: u64) -> bool {
        self.models.get(&id).is_some_and(|entry| entry.is_kept && self.staying(id) < entry.fewest())
    }

    /// Starts a worker, where there is room or it can be made. Whether one was launched.
    fn start(&mut self, id: u64, now: Instant) -> bool {
        match self.make_room(id, now) {
            Room::Now => {
                self.launch(id, now);
                return true;
            }
            Room::Soon => self.plans.push(id),
            Room::Later => {}
            Room::Never { words } => {
                let entry = self.models.get_mut(&id);
                if entry.is_some_and(|entry| std::mem::replace(&mut entry.is_kept, false)) {
                    self.kept.retain(|kept| *kept != id);
                    self.actions.push(Action::Warn { words: words.clone() });
                }
                self.refuse_waiting(id, &RequestError::Unavailable(words));
            }
        }
        false
    }

    /// Launches what was promised room and has it now; forgets what nobody needs any more.
    fn launch_planned(&mut self, now: Instant) {
        let mut index = 0;
        while let Some(&id) = self.plans.get(index) {
            let waiting = self.models.get(&id).map_or(0, |entry| entry.waiting());
            let is_kept = self.models.get(&id).is_some_and(|entry| entry.is_kept)
                && self.staying(id) <= self.models.get(&id).map_or(0, |entry| entry.fewest());
            if waiting == 0 && !is_kept {
                self.plans.remove(index);
            } else if self.fits_now(id) && (waiting == 0 || self.running < self.limits.running) {
                self.plans.remove(index);
                self.launch(id, now);
            } else {
                index += 1;
            }
        }
    }

    /// Launches a worker with what waits first, or with nothing.
    fn launch(&mut self, id: u64, now: Instant) {
        let Some(entry) = self.models.get_mut(&id) else { return };
        let has_slot = self.running < self.limits.running;
        let normally = has_slot && !entry.again.is_empty();
        let tasks = match (normally, has_slot) {
            (true, _) => entry.again.pop_front().into_iter().collect(),
            (false, true) => entry.take_batch(),
            (false, false) => Vec::new(),
        };
        self.next_worker += 1;
        let worker = self.next_worker;
        entry.workers.push(worker);
        let seat: Seat<P> = Seat {
            model: id,
            post: P::Post::default(),
            state: WorkerState::Starting,
            since: now,
            launched: now,
            is_up: false,
            is_normal: normally,
            tickets: Vec::new(),
            begun: now,
            charged: Duration::ZERO,
            must_end: None,
            stopped: None,
            is_leaving: false,
            private: entry.private(self.least),
            shared: 0,
            answered: 0,
        };
        let (post, model) = (seat.post.clone(), entry.model.clone());
        self.workers.insert(worker, seat);
        self.take_slot(worker, &tasks, now);
        self.actions.push(Action::Launch { worker, post, model, normally, tasks });
    }

    /// Has a worker that waits run `tasks`.
    fn run(&mut self, worker: u64, tasks: Vec<P::Task>, now: Instant) {
        self.take_slot(worker, &tasks, now);
        let Some(seat) = self.workers.get_mut(&worker) else { return };
        seat.enter(WorkerState::Busy, now);
        let (post, id) = (seat.post.clone(), seat.model);
        if let Some(time) = self.models.get(&id).and_then(|entry| entry.terms.time) {
            seat.must_end = Some((now + time, Stop::Time));
            self.due(now + time);
        }
        self.actions.push(Action::Run { post, tasks });
    }

    /// Takes a slot for a run, and charges its model what a run costs it on the average.
    fn take_slot(&mut self, worker: u64, tasks: &[P::Task], now: Instant) {
        use super::Task;
        let Some(seat) = self.workers.get_mut(&worker).filter(|_| !tasks.is_empty()) else { return };
        let Some(entry) = self.models.get_mut(&seat.model) else { return };
        self.running += 1;
        entry.running += 1;
        self.clock = self.clock.max(entry.charge);
        seat.charged = entry.run.get().unwrap_or_default();
        entry.charge += seat.charged;
        seat.begun = now;
        seat.tickets = tasks.iter().map(|task| (task.ticket(), true)).collect();
    }

    /// Workers that the model will have when what was decided is done.
    pub(super) fn staying(&self, id: u64) -> usize {
        let Some(entry) = self.models.get(&id) else { return 0 };
        let workers = entry.workers.iter().filter_map(|worker| self.workers.get(worker));
        workers.filter(|seat| seat.stays()).count() + self.planned(id)
    }

    /// Starts that wait until there is room.
    pub(super) fn planned(&self, id: u64) -> usize {
        self.plans.iter().filter(|planned| **planned == id).count()
    }
}
