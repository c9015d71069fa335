//! [`Server`]: waits for a request, answers it, waits for the next. A failure is an answer too, and ends nothing.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::facts::Facts;
use crate::channel::{self, Failure, Packet, Place, Record, SharedMemory};
use crate::engine::Outputs;
use crate::instance::Instance;
use crate::timeline::{Phase, Recorded, Timeline, now};

/// How long a worker that waits keeps the memory of activations, which are of no use between runs. The next run then
/// gets it anew from the kernel, which takes a millisecond or less.
const RESTLESS: Duration = Duration::from_millis(500);

/// A worker that has started, or has failed to and says so when it is asked.
pub(super) struct Server {
    socket: UnixStream,
    memory: SharedMemory,
    started: Result<Instance, Failure>,
    /// Of the start; until the first answer, which carries it.
    timeline: Option<Timeline>,
}

impl Server {
    pub(super) fn new(
        socket: UnixStream,
        memory: SharedMemory,
        started: Result<Instance, Failure>,
        timeline: Timeline,
    ) -> Server {
        Server { socket, memory, started, timeline: Some(timeline) }
    }

    /// Answers until the launcher is gone, or says what no launcher says.
    pub(super) fn serve(&mut self) {
        while let Ok(Some(packet)) = timed(&mut self.timeline, Phase::Input, || channel::receive(&self.socket)) {
            let sent = match packet {
                Packet::Run(request) => self.run(request),
                Packet::Facts => self.tell_facts(),
                Packet::Answer(_) | Packet::Failed(..) | Packet::Refused { .. } => return,
            };
            if sent.is_err() {
                return;
            }
            self.rest();
        }
    }

    /// Waits for the next request; where none comes for a while, gives the memory of activations back meanwhile.
    fn rest(&self) {
        let timeout = Timespec { tv_sec: 0, tv_nsec: RESTLESS.subsec_nanos().into() };
        let nothing_came = poll(&mut [PollFd::new(&self.socket, PollFlags::IN)], Some(&timeout)) == Ok(0);
        if let (true, Ok(instance)) = (nothing_came, &self.started) {
            instance.release_activations();
        }
    }

    fn run(&mut self, request: Place) -> io::Result<()> {
        let computed = self.compute(request);
        // The inputs stay as they are: a launcher may send them again, to another worker.
        let free = usize::try_from(request.offset.saturating_add(request.len)).unwrap_or(usize::MAX);
        let free = if free <= self.memory.len() { free } else { 0 };
        match computed.and_then(|outputs| Ok((self.answer(&outputs, free)?, outputs))) {
            // The outputs are given back once the answer is on its way.
            Ok((answer, _outputs)) => {
                self.timeline = None;
                channel::send(&self.socket, Packet::Answer(answer))
            }
            Err(failure) => {
                // Where there is no room even for the words, the class still tells.
                let message = channel::write_text(&mut self.memory, free, &failure.message).unwrap_or_default();
                channel::send(&self.socket, Packet::Failed(failure.class as u32, message))
            }
        }
    }

    fn compute(&mut self, request: Place) -> Result<Outputs, Failure> {
        let Server { memory, timeline, started, .. } = self;
        let record = timed(timeline, Phase::Input, || Record::read(memory, request));
        let record = record.map_err(|error| Failure::of(&error))?;
        let instance = started.as_ref().map_err(Failure::clone)?;
        timed(timeline, Phase::Inference, || instance.run(&record.tensors(memory))).map_err(|error| Failure::of(&error))
    }

    /// Copies `outputs` into shared memory, from `free` on.
    fn answer(&mut self, outputs: &Outputs, free: usize) -> Result<Place, Failure> {
        let instance = self.started.as_ref().map_err(Failure::clone)?;
        let names = instance.model().record().outputs.iter().map(|output| output.name.as_str());
        let named: Vec<_> = names.zip(outputs.iter()).collect();
        let phases = self.timeline.as_mut().map_or_else(Vec::new, |timeline| {
            let now = now();
            timeline.add(Recorded { phase: Phase::Output, begin: now, end: now });
            timeline.recorded()
        });
        channel::write(&mut self.memory, free, &named, &phases).map_err(|error| Failure::memory(&error))
    }

    fn tell_facts(&mut self) -> io::Result<()> {
        let text = channel::write_text(&mut self.memory, 0, &Facts::now().to_json())?;
        channel::send(&self.socket, Packet::Answer(text))
    }
}

/// Runs `work`, as `phase` of the start where that is still being recorded.
fn timed<T>(timeline: &mut Option<Timeline>, phase: Phase, work: impl FnOnce() -> T) -> T {
    match timeline {
        Some(timeline) => timeline.record(phase, work),
        None => work(),
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
