//! [`Shared`]: the schedule under its one lock, and what it says done outside of it.
//!
//! Nothing is computed, written, launched or waited for while the lock is held.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use blink_artifact::Artifact;
use blink_runtime::Launcher;

use super::crew::Crew;
use super::job::{Job, Own, Work};
use super::post::Order;
use super::schedule::{Action, Death, PoolLimits, Schedule, Terms};
use super::ticker::Ticker;
use crate::devices::Devices;
use crate::error::RequestError;
use crate::guests::Guests;
use crate::model::Model;
use crate::observe::{Event, RecentStarts};

/// Bytes that a worker's process holds for itself beside its model's tensors, as far as is known before one is measured.
const PROCESS: u64 = 4 << 20;

/// What all threads of a pool share.
pub(super) struct Shared {
    pub(super) launcher: Launcher,
    pub(super) devices: Devices,
    pub(super) guests: Guests,
    pub(super) recent: RecentStarts,
    inner: Mutex<Inner>,
    tickets: AtomicU64,
    /// Told when the last worker has gone.
    deserted: Condvar,
}

/// What the lock guards.
pub(super) struct Inner {
    pub(super) schedule: Schedule<Own>,
    pub(super) ticker: Ticker,
}

impl Shared {
    pub(super) fn new(
        launcher: Launcher,
        devices: Devices,
        guests: Guests,
        limits: PoolLimits,
        recent: RecentStarts,
    ) -> Shared {
        Shared {
            launcher,
            devices,
            guests,
            recent,
            inner: Mutex::new(Inner { schedule: Schedule::new(limits), ticker: Ticker::default() }),
            tickets: AtomicU64::new(0),
            deserted: Condvar::new(),
        }
    }

    /// Sends work on its way, and gives its ticket.
    pub(super) fn submit(self: &Arc<Shared>, model: &Arc<Model>, work: Work) -> u64 {
        let ticket = self.tickets.fetch_add(1, Ordering::Relaxed);
        let job = Job::new(ticket, model, work);
        self.change(|schedule, now| {
            // Under the lock: what comes after a poisoning is refused here, what came before was refused by it.
            if let Some(error) = model.poisoned() {
                return schedule.refuse(job, error);
            }
            schedule.know(model.id, now, || (self.terms(model), Arc::clone(model)));
            schedule.arrive(model.id, job, now);
        });
        ticket
    }

    /// The file of `model` is not what it was, as `found` tells: what rests on it is refused and ended.
    pub(super) fn poison(self: &Arc<Shared>, model: &Model, found: &str) {
        if model.integrity.poison() {
            model.statistics.happened(Event::Poisoned);
            let path = model.path.display();
            tracing::error!(
                model = model.name,
                version = model.version,
                "{path} is poisoned, and used no more: {found}"
            );
        }
        let rests_on_it = |other: &Arc<Model>| Arc::ptr_eq(&other.integrity, &model.integrity);
        self.change(|schedule, now| schedule.poison(rests_on_it, now));
    }

    /// Checks every byte of the file of `model`, where that is to be done now: on a thread, and nobody waits for it.
    pub(super) fn check_lazily(self: &Arc<Shared>, model: &Arc<Model>) {
        if !model.integrity.is_to_be_checked() {
            return;
        }
        let (shared, model) = (Arc::clone(self), Arc::clone(model));
        let check = move || {
            let artifact = Artifact::read_from(Arc::clone(&model.file), &model.path);
            match artifact.and_then(|artifact| artifact.verify(|_| ())) {
                Ok(()) => tracing::info!(model = model.name, version = model.version, "every byte was checked"),
                Err(error) => shared.poison(&model, &error.to_string()),
            }
        };
        if let Err(error) = thread::Builder::new().name("blink-check".into()).spawn(check) {
            tracing::error!("an artifact is not checked, as no thread could be started: {error}");
        }
    }

    /// Tells the schedule something, and does what follows from it.
    pub(super) fn change<T>(self: &Arc<Shared>, tell: impl FnOnce(&mut Schedule<Own>, Instant) -> T) -> T {
        let mut inner = self.lock();
        // Read under the lock, so that what is told is told in the order of its times.
        let now = Instant::now();
        let told = tell(&mut inner.schedule, now);
        let actions = inner.schedule.take_actions();
        let is_deserted = inner.schedule.is_deserted();
        let soonest = inner.schedule.soonest();
        let tick = inner.ticker.wake_at(soonest);
        drop(inner);
        actions.into_iter().for_each(|action| self.perform(action));
        tick.perform(self);
        if is_deserted {
            self.deserted.notify_all();
        }
        told
    }

    /// What the schedule knows of a model.
    pub(super) fn terms(&self, model: &Model) -> Terms {
        let settings = &model.settings;
        let device = model.device.and_then(|device| self.devices.place(device).ordinal());
        Terms {
            name: model.name.clone(),
            workers: settings.workers,
            idle: settings.idle,
            queue: settings.queue,
            // A guest is told its time, and ends by itself and with words.
            time: settings.time.filter(|_| model.guest.is_none()),
            device,
            weights: if device.is_some() { 0 } else { model.weights },
            private: model.private.saturating_add(PROCESS),
            batching: settings.batching.filter(|batching| batching.size > 1),
        }
    }

    /// The schedule, to be looked at.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is no worker, but no longer than `patience`.
    pub(super) fn wait_deserted(&self, patience: Duration) {
        let is_peopled = |inner: &mut Inner| !inner.schedule.is_deserted();
        drop(self.deserted.wait_timeout_while(self.lock(), patience, is_peopled));
    }

    fn perform(self: &Arc<Shared>, action: Action<Own>) {
        match action {
            Action::Run { post, tasks } => post.give(Order::Run(tasks)),
            Action::End { post, why } => post.give(Order::End(why)),
            Action::Stop { post } => post.stop(),
            Action::Warn { words } => tracing::warn!("{words}"),
            Action::Refuse { task, error } => task.refuse(error),
            Action::Launch { worker, post, model, normally, tasks } => {
                // Kept out of the thread until it is there: without a thread, somebody must still answer them.
                let tasks = Arc::new(Mutex::new(tasks));
                let bound = Arc::clone(&tasks);
                let crew = Crew::new(Arc::clone(self), worker, post, model, normally);
                let started = thread::Builder::new().name("blink-worker".into()).spawn(move || crew.work(take(&bound)));
                if let Err(error) = started {
                    tracing::error!("thread for a worker could not be started: {error}");
                    let error = RequestError::Unavailable("a worker could not be started: no thread for it".into());
                    let death = Death::of_start(error);
                    self.change(|schedule, now| schedule.died(worker, take(&tasks), death, now));
                }
            }
        }
    }
}

fn take(tasks: &Mutex<Vec<Job>>) -> Vec<Job> {
    std::mem::take(&mut *tasks.lock().unwrap_or_else(PoisonError::into_inner))
}
