//! What happens to requests and workers, as the schedule is told it.

use std::time::{Duration, Instant};

use super::entry::Terms;
use super::worker::Stop;
use super::{
    Action, Death, Entry, GRACE, LOOP, MAX_PAUSE, PAUSE, Parts, Ran, START_GRACE, Schedule, Task, WorkerState,
};
use crate::error::RequestError;
use crate::integrity;
use crate::observe::Event;

impl<P: Parts> Schedule<P> {
    /// Makes a model known, once; `make` is asked where it is not.
    pub(in crate::pool) fn know(&mut self, id: u64, now: Instant, make: impl FnOnce() -> (Terms, P::Model)) {
        let is_retired = self.retired.contains(&id);
        self.models.entry(id).or_insert_with(|| {
            let (terms, model) = make();
            Entry::new(terms, model, is_retired, now)
        });
    }

    /// A task comes for a model that is known.
    pub(in crate::pool) fn arrive(&mut self, id: u64, task: P::Task, now: Instant) {
        let is_stopping = self.is_stopping;
        let Some(entry) = self.models.get_mut(&id).filter(|_| !is_stopping) else {
            return self.refuse(task, ending());
        };
        entry.used = now;
        let is_paused = entry.pause.is_some_and(|until| now < until) && !entry.waits_for_room;
        if entry.workers.is_empty() && is_paused {
            let error = paused(entry, now);
            return self.refuse(task, error);
        }
        if entry.is_at_rest() {
            entry.charge = entry.charge.max(self.clock);
        }
        let ticket = task.ticket();
        entry.queue.push_back(task);
        self.hunger(id);
        self.dispatch(now);
        let Some(entry) = self.models.get_mut(&id) else { return };
        let is_last = entry.queue.back().is_some_and(|last| last.ticket() == ticket);
        if is_last && entry.queue.len() > entry.terms.queue {
            let retry_after = entry.retry_after();
            if let Some(task) = entry.queue.pop_back() {
                let (model, waiting) = (entry.terms.name.clone(), entry.queue.len());
                self.refuse(task, RequestError::Full { model, waiting, retry_after });
            }
        }
    }

    /// A worker's start is over and its run begins: from now on its time counts, and so does it where nobody waits.
    pub(in crate::pool) fn started(&mut self, worker: u64, now: Instant) {
        let Some(seat) = self.workers.get_mut(&worker) else { return };
        seat.is_up = true;
        let is_given_up = !seat.tickets.is_empty() && seat.tickets.iter().all(|(_, waits)| !waits);
        if is_given_up && seat.must_end.is_none_or(|(at, _)| now + GRACE < at) {
            seat.must_end = Some((now + GRACE, Stop::Cancelled));
            self.due(now + GRACE);
        }
        let Some(seat) = self.workers.get_mut(&worker) else { return };
        let Some(time) = self.models.get(&seat.model).and_then(|entry| entry.terms.time) else { return };
        if seat.must_end.is_none_or(|(at, _)| now + time < at) {
            seat.must_end = Some((now + time, Stop::Time));
            self.due(now + time);
        }
    }

    /// A worker's run is over, and the worker waits.
    pub(in crate::pool) fn ran(&mut self, worker: u64, ran: Ran, now: Instant) {
        let Some(seat) = self.workers.get_mut(&worker) else { return };
        let id = seat.model;
        let Some(entry) = self.models.get_mut(&id) else { return };
        let is_first = seat.state == WorkerState::Starting;
        let took = match ran {
            Ran::Answered(took) | Ran::Spent(took) => {
                seat.answered += seat.tickets.len() as u64;
                (entry.deaths, entry.pause, entry.waits_for_room) = (0, None, false);
                entry.run.add(took);
                took
            }
            Ran::Ready => Duration::ZERO,
        };
        if is_first {
            entry.start.add(now.saturating_duration_since(seat.launched).saturating_sub(took));
        }
        self.leave_slot(worker, now);
        let (Some(seat), Some(entry)) = (self.workers.get_mut(&worker), self.models.get_mut(&id)) else { return };
        seat.tickets.clear();
        seat.must_end = None;
        seat.enter(WorkerState::Idle, now);
        entry.idle.push(worker);
        let (patience, fewest) = (entry.patience(), entry.fewest());
        // Whoever was told to kill it may be about to.
        let is_spent = matches!(ran, Ran::Spent(_)) || seat.stopped.is_some_and(|stop| stop != Stop::Ending);
        if is_spent || self.is_stopping {
            self.end(worker, is_spent.then_some(Event::Stopped), now);
        } else if seat.is_leaving {
            self.end(worker, Some(Event::Evicted), now);
        } else if self.staying(id) > fewest {
            self.due(now + patience);
        }
        self.dispatch(now);
        self.settle(id, now);
    }

    /// A worker is no more: it died, or it could not be started. `tasks` are what it was to run.
    pub(in crate::pool) fn died(&mut self, worker: u64, tasks: Vec<P::Task>, death: Death, now: Instant) {
        self.leave_slot(worker, now);
        let Some(seat) = self.remove(worker) else {
            return tasks.into_iter().for_each(|task| self.refuse(task, death.error.clone()));
        };
        let id = seat.model;
        let is_wanted = seat.stopped.is_none() && !self.is_stopping;
        let is_made_room = death.wants_room && is_wanted && self.make_room_on_device(id, now);
        // Those that it has already answer what it was started for.
        let goes_back = is_made_room || death.wants_room && is_wanted && self.staying(id) > 0;
        let mut waiting = Vec::new();
        let is_waited_for = |ticket| seat.tickets.iter().any(|(other, waits)| *other == ticket && *waits);
        for mut task in tasks {
            let error = match seat.stopped {
                Some(Stop::Ending) => ending(),
                Some(Stop::Cancelled) => RequestError::Cancelled,
                Some(Stop::Time) => self.too_long(id),
                Some(Stop::Poisoned) => self.poisoned(id),
                None if !is_waited_for(task.ticket()) => RequestError::Cancelled,
                None if self.is_stopping => ending(),
                None if goes_back => {
                    waiting.push(task);
                    continue;
                }
                None if death.is_worth_another && task.run_again() => {
                    if let Some(entry) = self.models.get_mut(&id) {
                        entry.again.push_back(task);
                        continue;
                    }
                    death.error.clone()
                }
                None => death.error.clone(),
            };
            self.refuse(task, error);
        }
        if let Some(entry) = self.models.get_mut(&id) {
            // None of them was run.
            waiting.into_iter().rev().for_each(|task| entry.queue.push_front(task));
        }
        if let Some(entry) = self.models.get_mut(&id).filter(|_| is_made_room) {
            (entry.pause, entry.waits_for_room) = (Some(now + PAUSE), true);
            self.due(now + PAUSE);
        } else if seat.stopped.is_none() && seat.state != WorkerState::Ending {
            self.count_death(id, &death, now);
        }
        self.hunger(id);
        self.dispatch(now);
        self.settle(id, now);
    }

    /// A worker that was told to end has.
    pub(in crate::pool) fn ended(&mut self, worker: u64, now: Instant) {
        let Some(seat) = self.remove(worker) else { return };
        self.room_on_device(seat.model);
        self.dispatch(now);
        self.settle(seat.model, now);
    }

    /// What a worker holds was measured.
    pub(in crate::pool) fn measured(&mut self, worker: u64, private: u64, shared: u64, now: Instant) {
        let Some(seat) = self.workers.get_mut(&worker) else { return };
        let id = seat.model;
        (seat.private, seat.shared) = (private, shared);
        if let Some(entry) = self.models.get_mut(&id) {
            entry.measured = Some(private);
        }
        self.least = Some(self.least.map_or(private, |least| least.min(private)));
        self.trim(id, now);
    }

    /// Nobody waits for a task any more. Where it waits it is given back; where it runs, its worker is stopped soon.
    pub(in crate::pool) fn cancel(&mut self, id: u64, ticket: u64, now: Instant) -> Option<P::Task> {
        let entry = self.models.get_mut(&id)?;
        let taken = [&mut entry.queue, &mut entry.again].into_iter().find_map(|queue| {
            let place = queue.iter().position(|task| task.ticket() == ticket)?;
            queue.remove(place)
        });
        if taken.is_some() {
            self.settle(id, now);
            return taken;
        }
        for worker in &entry.workers {
            let Some(seat) = self.workers.get_mut(worker) else { continue };
            let Some((_, waits)) = seat.tickets.iter_mut().find(|(other, _)| *other == ticket) else { continue };
            *waits = false;
            if seat.tickets.iter().all(|(_, waits)| !waits) {
                let is_starting = seat.state == WorkerState::Starting && !seat.is_up;
                let at = if is_starting { (seat.launched + START_GRACE).max(now + GRACE) } else { now + GRACE };
                if seat.must_end.is_none_or(|(other, _)| at < other) {
                    seat.must_end = Some((at, Stop::Cancelled));
                }
                self.due(at);
            }
            break;
        }
        None
    }

    /// The model has its fewest workers from now on.
    pub(in crate::pool) fn keep(&mut self, id: u64, now: Instant) {
        let Some(entry) = self.models.get_mut(&id) else { return };
        if !entry.is_retired && !entry.is_kept && entry.terms.workers.0 > 0 {
            entry.is_kept = true;
            self.kept.push(id);
        }
        self.dispatch(now);
    }

    /// The model is served no more. What waits and runs is finished; its workers then end.
    pub(in crate::pool) fn retire(&mut self, id: u64, now: Instant) {
        self.retired.insert(id);
        self.kept.retain(|kept| *kept != id);
        if let Some(entry) = self.models.get_mut(&id) {
            (entry.is_retired, entry.is_kept) = (true, false);
        }
        self.settle(id, now);
    }

    /// The file that these models rest on is poisoned. What waits is refused, what runs is ended and gets no answer, and
    /// none of them starts any more.
    pub(in crate::pool) fn poison(&mut self, rests_on_it: impl Fn(&P::Model) -> bool, now: Instant) {
        let models = self.models.iter().filter(|(_, entry)| rests_on_it(&entry.model)).map(|(id, _)| *id);
        let models: Vec<_> = models.collect();
        for id in models {
            let error = self.poisoned(id);
            self.refuse_waiting(id, &error);
            let workers = self.models.get(&id).map(|entry| entry.workers.clone()).unwrap_or_default();
            for worker in workers {
                match self.workers.get(&worker).map(|seat| seat.state) {
                    Some(WorkerState::Idle) => self.end(worker, None, now),
                    Some(WorkerState::Starting | WorkerState::Busy) => self.kill(worker, Stop::Poisoned),
                    Some(WorkerState::Ending) | None => {}
                }
            }
            self.retire(id, now);
        }
        self.dispatch(now);
    }

    /// Everything ends now.
    pub(in crate::pool) fn stop(&mut self, now: Instant) {
        self.is_stopping = true;
        self.plans.clear();
        let models: Vec<_> = self.models.keys().copied().collect();
        models.into_iter().for_each(|id| self.refuse_waiting(id, &ending()));
        let workers: Vec<_> = self.workers.keys().copied().collect();
        for worker in workers {
            match self.workers.get(&worker).map(|seat| seat.state) {
                Some(WorkerState::Idle) => self.end(worker, None, now),
                Some(WorkerState::Starting | WorkerState::Busy) => self.kill(worker, Stop::Ending),
                Some(WorkerState::Ending) | None => {}
            }
        }
    }

    /// Tells a worker that waits to end.
    pub(super) fn end(&mut self, worker: u64, why: Option<Event>, now: Instant) {
        let Some(seat) = self.workers.get_mut(&worker) else { return };
        if let Some(entry) = self.models.get_mut(&seat.model) {
            entry.idle.retain(|idle| *idle != worker);
        }
        seat.enter(WorkerState::Ending, now);
        self.actions.push(Action::End { post: seat.post.clone(), why });
    }

    pub(super) fn kill(&mut self, worker: u64, why: Stop) {
        let Some(seat) = self.workers.get_mut(&worker).filter(|seat| seat.stopped.is_none()) else { return };
        (seat.stopped, seat.must_end) = (Some(why), None);
        self.actions.push(Action::Stop { post: seat.post.clone() });
    }

    /// Ends the workers of a model that is retired and has nothing to do, and forgets it.
    pub(super) fn settle(&mut self, id: u64, now: Instant) {
        let Some(entry) = self.models.get(&id).filter(|entry| entry.is_retired && entry.waiting() == 0) else { return };
        if entry.workers.is_empty() {
            self.models.remove(&id);
            return;
        }
        entry.idle.clone().into_iter().for_each(|worker| self.end(worker, None, now));
    }

    fn remove(&mut self, worker: u64) -> Option<super::Seat<P>> {
        let seat = self.workers.remove(&worker)?;
        if let Some(entry) = self.models.get_mut(&seat.model) {
            entry.workers.retain(|other| *other != worker);
            entry.idle.retain(|other| *other != worker);
        }
        Some(seat)
    }

    /// Gives back the slot of a worker's run, and charges its model for the time it was held.
    fn leave_slot(&mut self, worker: u64, now: Instant) {
        let Some(seat) = self.workers.get(&worker).filter(|seat| !seat.tickets.is_empty()) else { return };
        self.running = self.running.saturating_sub(1);
        if let Some(entry) = self.models.get_mut(&seat.model) {
            entry.running = entry.running.saturating_sub(1);
            let held = now.saturating_duration_since(seat.begun);
            entry.charge = (entry.charge + held).saturating_sub(seat.charged);
        }
    }

    fn count_death(&mut self, id: u64, death: &Death, now: Instant) {
        let Some(entry) = self.models.get_mut(&id) else { return };
        entry.reason = match &death.error {
            RequestError::Later { words, .. } => words.clone(),
            error => error.to_string(),
        };
        let pause = if death.wants_room {
            // Others on the device may sleep meanwhile.
            PAUSE
        } else {
            entry.deaths = entry.deaths.saturating_add(1);
            if entry.deaths < LOOP {
                return;
            }
            PAUSE.saturating_mul(1 << (entry.deaths - LOOP).min(8)).min(MAX_PAUSE)
        };
        (entry.pause, entry.waits_for_room) = (Some(now + pause), false);
        let error = entry.workers.is_empty().then(|| paused(entry, now));
        self.due(now + pause);
        if let Some(error) = error {
            self.refuse_waiting(id, &error);
        }
    }

    fn poisoned(&self, id: u64) -> RequestError {
        integrity::poisoned(self.models.get(&id).map_or("", |entry| &entry.terms.name))
    }

    fn too_long(&self, id: u64) -> RequestError {
        let allowed = self.models.get(&id).and_then(|entry| entry.terms.time).unwrap_or_default();
        RequestError::Deadline { allowed }
    }
}

fn ending() -> RequestError {
    RequestError::Unavailable("the server is ending; ask another one".into())
}

fn paused<P: Parts>(entry: &Entry<P>, now: Instant) -> RequestError {
    let Entry { terms, deaths, reason, .. } = entry;
    let why = match deaths {
        0..LOOP => reason.clone(),
        _ => format!("its last {deaths} workers died, the last one so: {reason}"),
    };
    let words = format!("model '{}' is not started now: {why}", terms.name);
    let left = entry.pause.map(|until| until.saturating_duration_since(now)).unwrap_or_default();
    RequestError::Later { words, retry_after: Duration::from_secs(left.as_secs_f64().ceil() as u64) }
}
