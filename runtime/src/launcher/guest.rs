//! Running a worker's guest: a request there, its streams, and what it asks for meanwhile.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use blink_guest::{Ended, Limit, LimitExceeded, Report, Request, Used};
use blink_tensors::DataView;

use super::error::WorkerError;
use super::worker::Worker;
use crate::channel::{self, ChannelError, FailureClass, Packet, Record};

/// How long past its time a guest may be silent. Then the engine's own ways to end it have failed, and the worker is ended.
const GRACE: Duration = Duration::from_secs(5);

/// The streams of a guest: stdin, stdout, stderr.
pub type Streams<'a> = [BorrowedFd<'a>; channel::STREAMS];

/// Makes an artifact of ONNX bytes that a guest brings, and gives its path; or says why not.
pub type Load<'a> = &'a mut dyn FnMut(&[u8]) -> Result<PathBuf, String>;

impl Worker {
    /// Runs the guest once, on streams that it uses directly. Waits for the start where this is the first request.
    ///
    /// A guest that ends badly is a [`Report`], not an error. `load` is asked only where the request allows it. Where a
    /// restored worker refuses or dies before the guest has begun, a normal one is started in its place; later it is an
    /// error, as what the guest has read and written cannot be taken back.
    pub fn run_guest(
        &mut self,
        request: &Request,
        streams: Streams<'_>,
        load: Load<'_>,
    ) -> Result<Report, WorkerError> {
        if let Some(lack) = self.grants.as_ref().and_then(|grants| grants.lack(request)) {
            return Err(WorkerError::NotGranted { lack });
        }
        let text = serde_json::to_string(request).map_err(|source| WorkerError::Request { source })?;
        let begun = self.begin_or_replace(|worker| {
            let memory = &mut worker.spawned.memory;
            let place = channel::write_text(memory, 0, &text).map_err(|source| WorkerError::Memory { source })?;
            Ok((Packet::Guest(place), Some(streams)))
        })?;
        if begun.is_some() {
            return Err(self.not_understood(ChannelError::Turn));
        }
        let deadline = request.limits.time.map(|time| (Instant::now() + time + GRACE, time));
        loop {
            let left = deadline.map(|(deadline, _)| deadline.saturating_duration_since(Instant::now()));
            // Zero would be no limit at all.
            let timeout = left.map(|left| left.max(Duration::from_millis(1)));
            self.spawned
                .socket
                .set_read_timeout(timeout)
                .map_err(|error| self.not_understood(ChannelError::Socket(error)))?;
            let packet = match channel::receive(&self.spawned.socket) {
                Err(ChannelError::Socket(error)) if is_late(&error) => {
                    // A socket's timeout may be a little early.
                    if deadline.is_some_and(|(deadline, _)| Instant::now() < deadline) {
                        continue;
                    }
                    return Ok(self.end_late(deadline.map_or(Duration::ZERO, |(_, time)| time)));
                }
                packet => packet,
            };
            if let Ok(Some(Packet::Load(place))) = packet {
                let onnx = channel::read_bytes(&mut self.spawned.memory, place);
                let onnx = onnx.map_err(|source| self.not_understood(source))?;
                self.reply_to_load(load(&onnx))?;
                continue;
            }
            self.spawned
                .socket
                .set_read_timeout(None)
                .map_err(|error| self.not_understood(ChannelError::Socket(error)))?;
            let answer = self.heard(packet)?.ok_or(ChannelError::Turn);
            let record = answer.and_then(|place| Record::read(&mut self.spawned.memory, place));
            self.record = record.map_err(|source| self.not_understood(source))?;
            self.has_answered();
            let report = report(&self.record, &self.spawned.memory);
            return report.map_err(|what| self.not_understood(ChannelError::Record { what }));
        }
    }

    fn reply_to_load(&mut self, made: Result<PathBuf, String>) -> Result<(), WorkerError> {
        let text = |path: PathBuf| path.into_os_string().into_string().map_err(|_| "its path is not UTF-8".to_owned());
        let made = made.and_then(text);
        let words = match &made {
            Ok(words) | Err(words) => words,
        };
        let place = channel::write_text(&mut self.spawned.memory, 0, words);
        let place = place.map_err(|source| WorkerError::Memory { source })?;
        let packet = match made {
            Ok(_) => Packet::Loaded(place),
            Err(_) => Packet::Failed(FailureClass::Guest as u32, place),
        };
        channel::send(&self.spawned.socket, packet).map_err(|error| self.not_understood(ChannelError::Socket(error)))
    }

    /// Ends the worker of a guest that nothing else has ended.
    fn end_late(&mut self, time: Duration) -> Report {
        self.spawned.body.kill();
        let allowed = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Report {
            ended: Ended::Limit(LimitExceeded { limit: Limit::Time, allowed }),
            used: Used::default(),
            refused: None,
        }
    }
}

fn is_late(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

fn report(record: &Record, memory: &crate::channel::SharedMemory) -> Result<Report, &'static str> {
    let (_, view) = record.get(0, memory).ok_or("it holds no report")?;
    let DataView::Strings([text]) = view.data() else { return Err("its report is no text") };
    serde_json::from_str(text).map_err(|_| "its report is not one of this build")
}
