//! [`Crew`]: the thread of one worker process. It launches the worker, runs what it is told, and sees it to its end: the
//! schedule hears of each of these once, whatever happens.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use blink_runtime::{
    Device, DeviceOptions, FailureClass, ProcessLimits, Reason, Start, StartMode, StartOptions, Stdio, WorkerError,
    WorkerSpec,
};

use super::cgroup::Group;
use super::failure;
use super::hand::{After, Hand};
use super::job::{Answer, Job, Work};
use super::post::{Order, Post};
use super::proof;
use super::schedule::Death;
use super::shared::Shared;
use crate::devices::Devices;
use crate::error::RequestError;
use crate::integrity::{self, POISONED};
use crate::model::Model;
use crate::observe::{Event, StartSeen};

/// How long a worker rests before its memory is measured, which takes the kernel a while.
const REST: Duration = Duration::from_millis(50);

/// A worker's thread.
pub(super) struct Crew {
    pub(super) shared: Arc<Shared>,
    pub(super) model: Arc<Model>,
    id: u64,
    post: Arc<Post>,
    normally: bool,
}

impl Crew {
    pub(super) fn new(shared: Arc<Shared>, id: u64, post: Arc<Post>, model: Arc<Model>, normally: bool) -> Crew {
        Crew { shared, model, id, post, normally }
    }

    /// The thread's life. `tasks` are what the worker is started for.
    pub(super) fn work(self, mut tasks: Vec<Job>) {
        self.post.take_up();
        let watch = Watch(&self);
        if self.is_poisoned() {
            return self.die(tasks, POISONED, Death::of_start(integrity::poisoned(&self.model.name)));
        }
        let mut hand = match self.launch() {
            Ok(hand) => hand,
            Err(words) => {
                tracing::error!(model = self.model.name, "worker could not be started: {words}");
                return self.not_started(tasks, &words);
            }
        };
        loop {
            match self.trusted(hand.run(&self, tasks)) {
                After::Ran(ran, answers) if hand.samples.is_some() => {
                    answers.into_iter().for_each(Answer::tell);
                    self.try_batches(&mut hand);
                    self.shared.change(|schedule, now| schedule.ran(self.id, ran, now));
                }
                After::Ran(ran, answers) => {
                    // Who is answered may ask again at once, and then finds this worker.
                    self.shared.change(|schedule, now| schedule.ran(self.id, ran, now));
                    answers.into_iter().for_each(Answer::tell);
                }
                After::Died(left, error) => {
                    self.bury(hand, left, &error);
                    break;
                }
            }
            self.tell_start(&mut hand);
            match self.next(&mut hand) {
                Order::Run(next) => tasks = next,
                Order::End(why) => {
                    let pid = hand.worker.pid();
                    drop(hand);
                    why.into_iter().for_each(|event| self.model.statistics.happened(event));
                    let why = why.map_or("served no more", Event::name);
                    tracing::info!(model = self.model.name, version = self.model.version, pid, why, "worker ended");
                    self.shared.change(|schedule, now| schedule.ended(self.id, now));
                    break;
                }
            }
        }
        std::mem::forget(watch);
    }

    /// The worker's start is over, and its first run begins.
    pub(super) fn started(&self) {
        self.shared.change(|schedule, now| schedule.started(self.id, now));
    }

    /// Whether nothing of the model's file may be started: it was found to be poisoned, or is found to be so now.
    fn is_poisoned(&self) -> bool {
        let Model { integrity, file, .. } = &*self.model;
        if integrity.is_asked_at_starts() && !integrity.is_unchanged(file) {
            self.shared.poison(&self.model, "it was written to since it was checked");
        }
        integrity.is_poisoned()
    }

    /// What came of a run. What was computed while the file was found to be poisoned is thrown away.
    fn trusted(&self, after: After) -> After {
        match (after, self.model.poisoned()) {
            (After::Ran(ran, answers), Some(error)) => {
                After::Ran(ran, answers.into_iter().map(|answer| answer.refused(&error)).collect())
            }
            (after, _) => after,
        }
    }

    fn launch(&self) -> Result<Hand, String> {
        let Model { settings, weights, .. } = &*self.model;
        let mut spec = spec(&self.model, &self.shared.devices);
        let group = match spec.device {
            // It has no process of its own that could be limited.
            Some(Device::Cuda(_)) => None,
            _ => Group::make(self.id, settings.memory, *weights, settings.cpu)?,
        };
        if self.normally {
            spec.start = StartMode::Normal;
        }
        spec.limits.cgroup = group.as_ref().map(|group| group.path().to_owned());
        let worker = self.shared.launcher.launch(&spec).map_err(|error| error.to_string())?;
        self.post.arm(worker.pid(), worker.stopper());
        Ok(Hand::new(worker, &self.model, group))
    }

    /// Waits for the next order; meanwhile, looks what the worker holds.
    fn next(&self, hand: &mut Hand) -> Order {
        loop {
            let patience = hand.is_to_be_measured().then_some(REST);
            let order = if hand.is_restless() { None } else { self.post.wait(patience) };
            if let Some(order) = order {
                return order;
            }
            if let Some(facts) = hand.device() {
                self.shared.devices.told(&facts);
                self.post.set_device(facts);
            }
            if let Some(memory) = hand.measure() {
                self.shared.change(|schedule, now| schedule.measured(self.id, memory.private, memory.shared, now));
            }
        }
    }

    /// Tells all who ask how the worker came up, once that is known.
    fn tell_start(&self, hand: &mut Hand) {
        if std::mem::replace(&mut hand.is_told, true) {
            return;
        }
        let (worker, model) = (&hand.worker, &self.model);
        let start = worker.start().clone();
        self.post.set_start(worker.pid(), start.name());
        match &start {
            // There is none yet, or is to be none.
            Start::Snapshot | Start::Resident | Start::Normal { reason: None | Some(Reason::NoneMade) } => {}
            Start::Normal { reason: Some(reason) } => {
                tracing::warn!(model = model.name, "worker was started normally, not from a snapshot: {reason}");
            }
        }
        let came_down = worker.fell_back().map(str::to_owned);
        let is_elsewhere = model.device.is_some_and(|device| self.shared.devices.place(device) != device);
        if came_down.is_some() || is_elsewhere {
            model.statistics.happened(Event::FellBack);
        }
        if let Some(reason) = came_down {
            tracing::warn!(model = model.name, "worker runs on the CPU, and not on its device: {reason}");
        }
        self.shared.check_lazily(model);
        let timeline = hand.timeline();
        let (pid, ms) = (worker.pid(), timeline.total_ms());
        tracing::info!(model = model.name, version = model.version, pid, start = start.name(), ms, "worker started");
        let seen =
            StartSeen { model: model.name.clone(), version: model.version, start, timeline, at: SystemTime::now() };
        model.statistics.started(&seen);
        self.shared.recent.push(seen);
    }

    /// Finds out which batch sizes are right, where nobody has. Requests wait meanwhile, once for a model.
    fn try_batches(&self, hand: &mut Hand) {
        let (Some(samples), Some(batching)) = (hand.samples.take(), self.model.settings.batching) else { return };
        if !self.shared.change(|schedule, _| schedule.claim_batch_sizes(self.model.id)) {
            return;
        }
        let name = &self.model.name;
        match proof::sizes(&mut hand.worker, &samples, batching.size) {
            Ok(sizes) => {
                let ruled_out: Vec<_> = (2..sizes.len()).filter(|size| !sizes[*size]).collect();
                if !ruled_out.is_empty() {
                    ruled_out.iter().for_each(|_| self.model.statistics.happened(Event::BatchRuledOut));
                    tracing::warn!(
                        model = name,
                        "batches of {ruled_out:?} give other answers than single runs, and are not used"
                    );
                }
                self.shared.change(|schedule, _| schedule.set_batch_sizes(self.model.id, sizes));
            }
            Err(words) => {
                self.model.statistics.happened(Event::BatchRuledOut);
                tracing::warn!(model = name, "batches could not be tried, and are not used: {words}");
            }
        }
    }

    /// The worker's process is gone, or is of no use.
    fn bury(&self, hand: Hand, tasks: Vec<Job>, error: &WorkerError) {
        let (model, pid) = (&self.model, hand.worker.pid());
        let was_stopped = hand.worker.stopper().is_stopped();
        // Reaped before its memory counts as free.
        drop(hand);
        if failure::is_of_file(model, error) {
            tracing::warn!(model = model.name, pid, "worker was ended with the file that it was started from: {error}");
            self.shared.poison(model, &error.to_string());
            return self.die(tasks, &error.to_string(), Death::of_start(integrity::poisoned(&model.name)));
        }
        match error {
            // It is counted where it is put into words.
            WorkerError::Failed { class: FailureClass::DeviceMemory, message } if !was_stopped => {
                let death = Death::for_want_of_room(failure::no_room(model, message));
                return self.shared.change(|schedule, now| schedule.died(self.id, tasks, death, now));
            }
            WorkerError::Failed { class: FailureClass::DeviceLost, message } => {
                model.statistics.happened(Event::DeviceLost);
                tracing::error!(model = model.name, pid, "device was lost, with all models on it: {message}");
                model.device.into_iter().for_each(|device| self.shared.devices.lost(device));
                // What may have brought it down is not run again: it would take the others along once more.
                return self.die(tasks, message, Death::of_start(failure::of_lost_device(model)));
            }
            // It was there when the model was loaded, or was thought to be for this CPU.
            WorkerError::Failed { class: FailureClass::GuestCode, message } => {
                tracing::warn!(model = model.name, pid, "{message}");
                match self.shared.guests.make_again(model) {
                    Ok(()) => {
                        let death = Death::of_worker(failure::of_code_made(model));
                        return self.shared.change(|schedule, now| schedule.died(self.id, tasks, death, now));
                    }
                    Err(words) => return self.not_started(tasks, &words),
                }
            }
            _ => {}
        }
        model.statistics.happened(if was_stopped { Event::Stopped } else { Event::Crash });
        if was_stopped {
            tracing::warn!(model = model.name, pid, "worker was stopped: its run was cancelled, or took too long");
        } else {
            tracing::warn!(model = model.name, pid, "worker is lost: {error}");
        }
        match error {
            WorkerError::Died { .. } | WorkerError::Channel { .. } => {
                let death = Death::of_worker(failure::of_death(model, error));
                self.shared.change(|schedule, now| schedule.died(self.id, tasks, death, now));
            }
            error => self.die_starting(tasks, &error.to_string()),
        }
    }

    fn not_started(&self, tasks: Vec<Job>, words: &str) {
        self.model.statistics.happened(Event::Crash);
        self.die_starting(tasks, words);
    }

    /// Nothing came up, and nothing else would. Those who ask on behalf of the operator are told why.
    fn die_starting(&self, tasks: Vec<Job>, words: &str) {
        self.die(tasks, words, Death::of_start(failure::of_start(&self.model)));
    }

    fn die(&self, tasks: Vec<Job>, words: &str, death: Death) {
        for task in &tasks {
            if let Work::Ready { done } = &task.work {
                let _ = done.try_send(Err(words.to_owned()));
            }
        }
        self.shared.change(|schedule, now| schedule.died(self.id, tasks, death, now));
    }
}

/// Tells the schedule of a thread that panicked, which is a bug: its worker goes, and nothing waits for it.
struct Watch<'a>(&'a Crew);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Watch(crew) = self;
            let error = RequestError::Failed(format!("thread of a worker of '{}' failed", crew.model.name));
            let death = Death::of_start(error);
            crew.shared.change(|schedule, now| schedule.died(crew.id, Vec::new(), death, now));
        }
    }
}

/// What a worker of the model is started from.
pub(super) fn spec(model: &Model, devices: &Devices) -> WorkerSpec {
    let settings = &model.settings;
    WorkerSpec {
        file: Some(Arc::clone(&model.file)),
        is_admitted: model.is_admitted,
        own_code: model.own_code,
        model: model.entry.as_ref().and_then(|entry| entry.name.clone()),
        options: StartOptions { threads: settings.threads, ..StartOptions::default() },
        device: model.device.map(|device| devices.place(device)),
        on_device: DeviceOptions { strict: settings.strict_placement, ..DeviceOptions::default() },
        // Of an artifact for a device there are no snapshots.
        start: if model.device.is_some() { StartMode::Normal } else { settings.start },
        stdio: [Stdio::Null, Stdio::Null, Stdio::Inherit],
        limits: ProcessLimits { memory: settings.memory, cgroup: None },
        // Signals of a terminal are for the server, which ends its workers when they have answered.
        own_group: true,
        sandbox: settings.sandbox,
        ..WorkerSpec::new(&model.path)
    }
}
