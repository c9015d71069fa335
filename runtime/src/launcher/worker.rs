//! [`Worker`]: a worker process in the hands of whoever launched it. It answers, fails or has died; it never hangs on
//! a worker that is no more.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use blink_artifact::OpenError;
use blink_tensors::TensorView;

use super::answer::Answer;
use super::checking::Checking;
use super::child::Ended;
use super::error::WorkerError;
use super::guest::Streams;
use super::memory::WorkerMemory;
use super::restore::Fallback;
use super::spawn::Spawned;
use super::stopper::Stopper;
use super::{Counts, Reason, Start, StartMode, WorkerSpec, changed};
use crate::channel::{self, ChannelError, FailureClass, Packet, Place, Record, SharedMemory, Unfilled};
use crate::grants::Grants;
use crate::instance::DeviceFacts;
use crate::sandbox::{Sandbox, Standing};
use crate::timeline::{Phase, Recorded, Timeline, now};

/// A worker process. Dropped, it is ended and reaped.
#[derive(Debug)]
pub struct Worker {
    pub(super) spawned: Spawned,
    stopper: Stopper,
    /// The most memory that it may take.
    memory: Option<u64>,
    /// What its walls leave open; `None` where none were wanted.
    pub(super) grants: Option<Grants>,
    /// The walls around it, once it has told.
    walls: Option<Standing>,
    /// Who counts workers that are short of walls.
    counts: Option<Arc<Mutex<Counts>>>,
    start: Start,
    threads: usize,
    timeline: Timeline,
    /// Whether it has answered and waits for what comes next.
    is_idle: bool,
    /// Whether its guest has begun: what that has read and written cannot be taken back, so no other takes its place.
    has_begun: bool,
    /// Whether the timeline is complete.
    pub(super) is_started: bool,
    /// What the last answer says.
    pub(super) record: Record,
    /// Why it is not on the device that was asked for.
    fell_back: Option<String>,
    /// What a restored worker falls back on when it refuses or dies.
    fallback: Option<Box<Fallback>>,
    /// What it was started from: its path, and the file where that is held.
    artifact: (PathBuf, Option<Arc<File>>),
    /// The check of every byte of it, where that was asked for.
    checking: Option<Box<Checking>>,
}

impl Worker {
    pub(super) fn new(
        spawned: Spawned,
        start: Start,
        threads: usize,
        spawned_at: u64,
        spec: &WorkerSpec,
        fallback: Option<Fallback>,
    ) -> Worker {
        let artifact = (spec.artifact.clone(), spec.file.clone());
        let stopper = Stopper::of(spawned.body.end());
        let timeline = Timeline::begin(Some(spawned_at), spawned_at);
        let (record, fallback) = (Record::default(), fallback.map(Box::new));
        Worker {
            fell_back: None,
            grants: (spec.sandbox != Sandbox::Off).then(|| spec.grants.clone()),
            walls: None,
            counts: None,
            spawned,
            stopper,
            memory: spec.limits.memory,
            start,
            threads,
            timeline,
            is_idle: false,
            has_begun: false,
            is_started: false,
            record,
            fallback,
            artifact,
            checking: None,
        }
    }

    /// The same, counted by `counts` where not all of its walls stand.
    pub(super) fn counted_by(mut self, counts: &Arc<Mutex<Counts>>) -> Worker {
        self.counts = Some(Arc::clone(counts));
        self
    }

    /// Computes every output of the model from named inputs. The first run waits for the start.
    ///
    /// Inputs are copied into shared memory, where the worker uses them; outputs are lent from there. Where a restored
    /// worker refuses or dies, a normal one is started and answers, and [`Worker::start`] tells why.
    pub fn run(&mut self, inputs: &[(&str, TensorView<'_>)]) -> Result<Answer<'_>, WorkerError> {
        self.answer(channel::ONLY, |memory| channel::write(memory, 0, inputs, &[]))
    }

    /// As [`Worker::run`], of the model with this index in the artifact: a worker with a guest has all of them.
    pub fn run_model(&mut self, index: u32, inputs: &[(&str, TensorView<'_>)]) -> Result<Answer<'_>, WorkerError> {
        self.answer(index, |memory| channel::write(memory, 0, inputs, &[]))
    }

    /// As [`Worker::run_model`] ([`ONLY_MODEL`](crate::ONLY_MODEL): the worker's only one), without a copy: `fill` puts
    /// the elements of each input where the worker will read them. It is given the input's index and its bytes, whose
    /// contents are not defined, and is not asked for strings. Where a normal worker takes the place of a restored one,
    /// it is called again.
    pub fn run_filled(
        &mut self,
        model: u32,
        inputs: &[Unfilled<'_>],
        mut fill: impl FnMut(usize, &mut [u8]),
    ) -> Result<Answer<'_>, WorkerError> {
        self.answer(model, |memory| channel::write_unfilled(memory, 0, inputs, &mut fill))
    }

    /// Returns when the start is complete, which is when the worker could answer, and runs nothing. The timeline ends
    /// there. A start that failed is the error that a run would give.
    pub fn wait_ready(&mut self) -> Result<(), WorkerError> {
        let place = self.ask_or_replace(|_| Ok(Packet::Ready))?;
        let record = Record::read(&mut self.spawned.memory, place).map_err(|source| self.not_understood(source))?;
        if !self.is_started {
            record.phases.iter().for_each(|recorded| self.timeline.add(*recorded));
            self.is_started = true;
        }
        Ok(())
    }

    /// Has its artifact checked as `checking` says.
    pub(super) fn check(&mut self, checking: Checking) {
        self.checking = Some(Box::new(checking));
    }

    /// Waits until every byte of its artifact was checked, where [`WorkerSpec::level`] asks for that and it has answered.
    /// Each run tells by itself what has been found until then.
    pub fn wait_checked(&mut self) -> Result<(), WorkerError> {
        let found = self.checking.as_mut().map_or(Ok(()), |checking| checking.outcome());
        found.map_err(|source| self.poisoned(source))
    }

    /// Before an answer, and before what cannot be taken back: what the check says, as far as that is waited for now.
    fn confirm(&mut self) -> Result<(), WorkerError> {
        match &self.checking {
            Some(checking) if checking.is_before_answers() || checking.is_done() => self.wait_checked(),
            _ => Ok(()),
        }
    }

    fn poisoned(&mut self, source: OpenError) -> WorkerError {
        self.is_idle = false;
        // A normal worker in its place would be of the same file.
        self.fallback = None;
        let pid = self.pid();
        self.spawned.body.kill();
        WorkerError::Poisoned { pid, artifact: self.artifact.0.clone(), source }
    }

    /// What ends it from any thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// What its process holds now. A model in a resident worker has none of its own. It takes the kernel longer the more that is.
    pub fn memory(&self) -> io::Result<WorkerMemory> {
        self.spawned.body.own_pid().map_or_else(|| Err(ErrorKind::NotFound.into()), WorkerMemory::of)
    }

    fn answer(
        &mut self,
        model: u32,
        mut write: impl FnMut(&mut SharedMemory) -> io::Result<Place>,
    ) -> Result<Answer<'_>, WorkerError> {
        let answer = self.ask_or_replace(|worker| {
            let place = write(&mut worker.spawned.memory).map_err(|source| WorkerError::Memory { source })?;
            Ok(Packet::Run(model, place))
        })?;
        let record = Record::read(&mut self.spawned.memory, answer);
        self.record = record.map_err(|source| self.not_understood(source))?;
        self.has_answered();
        Ok(Answer { record: &self.record, memory: &self.spawned.memory })
    }

    /// What its model has of a device; `None` where it runs on the CPU. Waits for the start.
    pub fn device(&mut self) -> Result<Option<DeviceFacts>, WorkerError> {
        let text = self.ask_or_replace(|_| Ok(Packet::Device))?;
        let text = channel::read_text(&mut self.spawned.memory, text).map_err(|source| self.not_understood(source))?;
        let unread = ChannelError::Record { what: "facts of a device are not JSON" };
        serde_json::from_str(&text).map_err(|_| self.not_understood(unread))
    }

    /// Why it runs on the CPU where a device was asked for that might fall back; `None` where it is as it was asked for.
    pub fn fell_back(&self) -> Option<&str> {
        self.fell_back.as_deref()
    }

    pub(super) fn set_fell_back(&mut self, reason: String) {
        self.fell_back = Some(reason);
    }

    /// Adds what was recorded before the worker was there.
    pub(super) fn add_to_timeline(&mut self, recorded: &[Recorded]) {
        recorded.iter().for_each(|recorded| self.timeline.add(*recorded));
    }

    /// Asks the worker what it believes about itself: JSON, for diagnosis.
    pub fn facts(&mut self) -> Result<String, WorkerError> {
        let text = self.ask_or_replace(|_| Ok(Packet::Facts))?;
        channel::read_text(&mut self.spawned.memory, text).map_err(|source| self.not_understood(source))
    }

    /// Asks what `packet` says; where that shows that the worker was not restored, asks a normal one in its place.
    fn ask_or_replace(
        &mut self,
        mut packet: impl FnMut(&mut Worker) -> Result<Packet, WorkerError>,
    ) -> Result<Place, WorkerError> {
        let answer = self.begin_or_replace(|worker| Ok((packet(worker)?, None)))?;
        answer.ok_or(ChannelError::Turn).map_err(|source| self.not_understood(source))
    }

    /// As [`Worker::ask_or_replace`], with the descriptors that go with the packet; `None` where a guest has begun.
    pub(super) fn begin_or_replace<'a>(
        &mut self,
        mut packet: impl FnMut(&mut Worker) -> Result<(Packet, Option<Streams<'a>>), WorkerError>,
    ) -> Result<Option<Place>, WorkerError> {
        let (first, streams) = packet(self)?;
        if streams.is_some() {
            self.confirm()?;
        }
        let answer = match self.ask(first, streams) {
            Err(WorkerError::NotRestored { reason }) => {
                self.replace(reason)?;
                let (again, streams) = packet(self)?;
                self.ask(again, streams)
            }
            answer => answer,
        }?;
        self.confirm()?;
        Ok(answer)
    }

    /// Starts a normal worker in place of one that was not restored.
    fn replace(&mut self, reason: Reason) -> Result<(), WorkerError> {
        let fallback = match self.fallback.take() {
            Some(fallback) if fallback.spec.start != StartMode::Snapshot => fallback,
            _ => return Err(WorkerError::NotRestored { reason }),
        };
        match fallback.launcher.start_normally(&fallback.spec, self.threads) {
            Ok(spawned) => {
                self.stopper.follow(spawned.body.end());
                (self.spawned, self.walls) = (spawned, None);
            }
            Err(source) => return Err(WorkerError::NoReplacement { reason, source: Box::new(source) }),
        }
        self.start = fallback.launcher.count(Start::Normal { reason: Some(reason) });
        Ok(())
    }

    /// Sends `packet` and waits for the answer to it. What the worker said before it died is still heard.
    fn ask(&mut self, packet: Packet, streams: Option<Streams<'_>>) -> Result<Option<Place>, WorkerError> {
        (self.is_idle, self.has_begun) = (false, false);
        let sent = match streams {
            None => channel::send(&self.spawned.socket, packet),
            Some(streams) => channel::send_with(&self.spawned.socket, packet, &streams),
        };
        match sent {
            Err(error) if !matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => {
                return Err(self.not_understood(ChannelError::Socket(error)));
            }
            _ => {}
        }
        let packet = channel::receive(&self.spawned.socket);
        self.heard(packet)
    }

    /// What a packet from the worker means; `None` where a guest has begun.
    pub(super) fn heard(&mut self, packet: Result<Option<Packet>, ChannelError>) -> Result<Option<Place>, WorkerError> {
        match packet {
            Ok(Some(Packet::Answer(walls, answer))) => {
                self.is_idle = true;
                self.hear_of_walls(walls);
                Ok(Some(answer))
            }
            Ok(Some(Packet::Begun)) => {
                self.has_begun = true;
                Ok(None)
            }
            Ok(Some(Packet::Failed(class, message))) => {
                self.is_idle = true;
                Err(self.failed(class, message))
            }
            Ok(Some(Packet::Refused { code, details })) => match &self.fallback {
                Some(fallback) => Err(WorkerError::NotRestored { reason: fallback.refused(code, details) }),
                None => Err(self.not_understood(ChannelError::Turn)),
            },
            Ok(Some(
                Packet::Run(..)
                | Packet::Facts
                | Packet::Ready
                | Packet::Device
                | Packet::Guest(_)
                | Packet::Load(_)
                | Packet::Loaded(_)
                | Packet::Orders { .. },
            )) => Err(self.not_understood(ChannelError::Turn)),
            Ok(None) => {
                let is_stopped = self.stopper.is_stopped();
                // How one ended that was stopped is known, and nobody waits to hear it.
                let ended = if is_stopped { self.spawned.body.kill() } else { self.spawned.body.gone() };
                let died = WorkerError::Died { pid: self.pid(), ended, memory: self.memory };
                if is_stopped {
                    return Err(died);
                }
                if let Some(source) = changed::found(ended, &self.artifact.0, self.artifact.1.as_ref()) {
                    return Err(self.poisoned(source));
                }
                // A crash costs the snapshot in any case.
                match self.fallback.as_ref().map(|fallback| fallback.died(ended)) {
                    Some(reason) if !self.has_begun => Err(WorkerError::NotRestored { reason }),
                    _ => Err(died),
                }
            }
            Err(error) => Err(self.not_understood(error)),
        }
    }

    /// It has told which walls stand around it.
    fn hear_of_walls(&mut self, code: u32) {
        if self.walls.is_some() {
            return;
        }
        self.walls = Standing::from_code(code);
        if let (Some(counts), true) = (&self.counts, self.walls.is_some_and(|walls| !walls.is_whole())) {
            counts.lock().unwrap_or_else(PoisonError::into_inner).short_of_walls += 1;
        }
    }

    fn failed(&mut self, class: u32, message: Place) -> WorkerError {
        let Some(class) = FailureClass::from_code(class) else {
            return self.not_understood(ChannelError::Failure { found: class });
        };
        if class == FailureClass::DeviceLost {
            self.spawned.body.lose_device();
        }
        match channel::read_text(&mut self.spawned.memory, message) {
            Ok(message) if message.is_empty() => WorkerError::Failed {
                class,
                message: format!("worker failed ({class:?}) and had no memory for more words"),
            },
            Ok(message) => WorkerError::Failed { class, message },
            Err(source) => self.not_understood(source),
        }
    }

    pub(super) fn not_understood(&mut self, source: ChannelError) -> WorkerError {
        self.is_idle = false;
        let pid = self.pid();
        // Nothing more is read from it, so nobody could hear what it says next.
        let _ = self.spawned.socket.shutdown(Shutdown::Both);
        self.spawned.body.kill();
        WorkerError::Channel { pid, source }
    }

    /// It has answered, and perhaps for the first time.
    pub(super) fn has_answered(&mut self) {
        if let Some(checking) = &mut self.checking {
            checking.begin();
        }
        if self.is_started {
            return;
        }
        let now = now();
        self.record.phases.iter().for_each(|recorded| self.timeline.add(*recorded));
        self.timeline.add(Recorded { phase: Phase::Output, begin: now, end: now });
        self.is_started = true;
    }

    /// The walls around its process. Known once it has answered; `None` where none were wanted, and in a resident
    /// worker.
    pub fn walls(&self) -> Option<Standing> {
        self.walls
    }

    /// How it came up. Known once it has answered: a snapshot may turn out not to fit.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// Its start and its first run, from the launch to the answer in the caller's hands. Complete after the first run.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Threads of a run, in the worker.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.spawned.body.pid()
    }

    /// Ends it, and says how it ended.
    pub fn end(mut self) -> Ended {
        self.finish()
    }

    /// A worker that waits ends by itself when its launcher is gone. One that is at work has no one to work for.
    fn finish(&mut self) -> Ended {
        self.spawned.body.finish(&self.spawned.socket, self.is_idle)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.finish();
    }
}
