//! [`Server`]: waits for a request, answers it, waits for the next. A failure is an answer too, and ends nothing.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::facts::Facts;
use super::line::Line;
use super::resident;
use super::start::Started;
use crate::channel::{self, Failure, Packet, Place, Record, SharedMemory};
use crate::engine::{EngineError, Outputs, Stop};
use crate::sandbox::Standing;
use crate::timeline::{Phase, Recorded, Timeline, now};

/// How long a worker that waits keeps the memory of activations, which are of no use between runs. The next run then
/// gets it anew from the kernel, which takes a millisecond or less.
const RESTLESS: Duration = Duration::from_millis(500);

/// A worker that has started, or has failed to and says so when it is asked.
pub(super) struct Server {
    pub(super) line: Arc<Line>,
    pub(super) started: Result<Started, Failure>,
    /// Of the start; until the first answer, which carries it.
    pub(super) timeline: Option<Timeline>,
    /// Where a run must be stopped without the process: in a worker that other models are in.
    switch: Option<Arc<Switch>>,
    /// The walls around it; `None` where none were wanted.
    walls: Option<Standing>,
}

/// Stops a model's runs: the one that goes on, and all that come.
#[derive(Default)]
pub(super) struct Switch(Mutex<(bool, Option<Arc<Stop>>)>);

impl Switch {
    /// What the next run is to be given.
    fn begin(&self) -> Result<Arc<Stop>, EngineError> {
        let stop = Arc::new(Stop::new()?);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 {
            stop.stop();
        }
        state.1 = Some(Arc::clone(&stop));
        Ok(stop)
    }

    /// Stops it.
    pub(super) fn stop(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = true;
        if let Some(run) = &state.1 {
            run.stop();
        }
    }
}

impl Server {
    pub(super) fn new(
        socket: UnixStream,
        memory: SharedMemory,
        started: Result<Started, Failure>,
        timeline: Timeline,
    ) -> Server {
        Server {
            line: Arc::new(Line::new(socket, memory)),
            started,
            timeline: Some(timeline),
            switch: None,
            walls: None,
        }
    }

    /// The same, whose runs `switch` stops.
    pub(super) fn with_switch(self, switch: Arc<Switch>) -> Server {
        Server { switch: Some(switch), ..self }
    }

    /// The same, behind `walls`.
    pub(super) fn behind(self, walls: Option<Standing>) -> Server {
        Server { walls, ..self }
    }

    /// Sends the answer that stands at `place`.
    pub(super) fn send_answer(&self, place: Place) -> io::Result<()> {
        channel::send(&self.line.socket, Packet::Answer(self.walls.map_or(0, Standing::to_code), place))
    }

    /// Answers until the launcher is gone, or says what no launcher says. `watch` is called after the first answer, which
    /// is not to wait for it.
    pub(super) fn serve(&mut self, watch: impl FnOnce(&Arc<Line>)) {
        let mut watch = Some(watch);
        while let Ok(Some((packet, streams))) =
            timed(&mut self.timeline, Phase::Input, || channel::receive_with(&self.line.socket))
        {
            let sent = match packet {
                Packet::Run(model, request) => self.run(model, request),
                Packet::Guest(request) => self.guest(request, streams),
                Packet::Facts => self.tell_facts(),
                Packet::Ready => self.tell_ready(),
                Packet::Device => self.tell_device(),
                Packet::Answer(..)
                | Packet::Failed(..)
                | Packet::Refused { .. }
                | Packet::Begun
                | Packet::Load(_)
                | Packet::Loaded(_)
                | Packet::Orders { .. } => return,
            };
            if sent.is_err() {
                return;
            }
            if let Some(watch) = watch.take() {
                watch(&self.line);
            }
            self.rest();
        }
    }

    /// Waits for the next request; where none comes for a while, gives the memory of activations back meanwhile.
    fn rest(&self) {
        let timeout = Timespec { tv_sec: 0, tv_nsec: RESTLESS.subsec_nanos().into() };
        let nothing_came = poll(&mut [PollFd::new(&self.line.socket, PollFlags::IN)], Some(&timeout)) == Ok(0);
        if let (true, Ok(started)) = (nothing_came, &self.started) {
            started.instances().iter().for_each(|instance| instance.release_activations());
        }
    }

    fn run(&mut self, model: u32, request: Place) -> io::Result<()> {
        let computed = self.compute(model, request);
        // The inputs stay as they are: a launcher may send them again, to another worker.
        let free = usize::try_from(request.offset.saturating_add(request.len)).unwrap_or(usize::MAX);
        let free = if free <= self.line.memory().len() { free } else { 0 };
        match computed.and_then(|outputs| Ok((self.answer(model, &outputs, free)?, outputs))) {
            // The outputs are given back once the answer is on its way.
            Ok((answer, _outputs)) => {
                self.timeline = None;
                self.send_answer(answer)
            }
            Err(failure) => self.fail(&failure, free),
        }
    }

    /// Tells why there is no answer, from `free` on.
    pub(super) fn fail(&mut self, failure: &Failure, free: usize) -> io::Result<()> {
        resident::end_if_lost(failure, &self.line);
        // Where there is no room even for the words, the class still tells.
        let message = channel::write_text(&mut self.line.memory(), free, &failure.message).unwrap_or_default();
        channel::send(&self.line.socket, Packet::Failed(failure.class as u32, message))
    }

    fn compute(&mut self, model: u32, request: Place) -> Result<Outputs, Failure> {
        let Server { line, timeline, started, switch, .. } = self;
        let memory = &mut *line.memory();
        let record = timed(timeline, Phase::Input, || Record::read(memory, request));
        let record = record.map_err(|error| Failure::of(&error))?;
        let instance = started.as_ref().map_err(Failure::clone)?.instance(model)?;
        let inputs = record.tensors(memory);
        let run = || match switch {
            None => instance.run(&inputs),
            Some(switch) => instance.run_stoppable(&inputs, &*switch.begin()?),
        };
        timed(timeline, Phase::Inference, run).map_err(|error| Failure::of(&error))
    }

    /// Copies `outputs` into shared memory, from `free` on.
    fn answer(&mut self, model: u32, outputs: &Outputs, free: usize) -> Result<Place, Failure> {
        let instance = self.started.as_ref().map_err(Failure::clone)?.instance(model)?;
        let names = instance.model().record().outputs.iter().map(|output| output.name.as_str());
        let named: Vec<_> = names.zip(outputs.iter()).collect();
        let phases = self.timeline.as_mut().map_or_else(Vec::new, |timeline| {
            let now = now();
            timeline.add(Recorded { phase: Phase::Output, begin: now, end: now });
            timeline.recorded()
        });
        channel::write(&mut self.line.memory(), free, &named, &phases).map_err(|error| Failure::memory(&error))
    }

    /// Tells the phases of the start, where it has not failed. It is complete then: no run is part of it.
    fn tell_ready(&mut self) -> io::Result<()> {
        if let Err(failure) = self.started.as_ref().map(drop).map_err(Failure::clone) {
            return self.fail(&failure, 0);
        }
        let phases = self.timeline.take().map_or_else(Vec::new, |timeline| timeline.recorded());
        let place = channel::write(&mut self.line.memory(), 0, &[], &phases)?;
        self.send_answer(place)
    }

    /// Tells what the model has of a device: JSON, null where it has none.
    fn tell_device(&mut self) -> io::Result<()> {
        let facts = match &self.started {
            Ok(started) => started.instances().iter().find_map(|instance| instance.device()),
            Err(failure) => return self.fail(&failure.clone(), 0),
        };
        let text = channel::write_text(&mut self.line.memory(), 0, &serde_json::to_string(&facts)?)?;
        self.send_answer(text)
    }

    fn tell_facts(&mut self) -> io::Result<()> {
        let text = channel::write_text(&mut self.line.memory(), 0, &Facts::now(self.walls).to_json())?;
        self.send_answer(text)
    }
}

/// Runs `work`, as `phase` of the start where that is still being recorded.
pub(super) fn timed<T>(timeline: &mut Option<Timeline>, phase: Phase, work: impl FnOnce() -> T) -> T {
    match timeline {
        Some(timeline) => timeline.record(phase, work),
        None => work(),
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
