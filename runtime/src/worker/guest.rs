//! A request to the guest: what was asked is read, run, and told.

use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use blink_guest::{LoadError, Report, Request, Stdio};
use blink_tensors::TensorView;

use super::line::Line;
use super::serve::{Server, timed};
use crate::channel::{self, ChannelError, Failure, FailureClass, Packet, Place};
use crate::guest::{FirstRun, Loader, WorkerModels};
use crate::timeline::{Phase, Recorded, now};

impl Server {
    /// Runs the guest on the request at `place`, with these streams.
    pub(super) fn guest(&mut self, place: Place, streams: Vec<OwnedFd>) -> io::Result<()> {
        let answer = self.run_guest(place, streams).and_then(|report| self.tell(&report));
        match answer {
            Ok(answer) => {
                self.timeline = None;
                self.send_answer(answer)
            }
            Err(failure) => self.fail(&failure, 0),
        }
    }

    fn run_guest(&mut self, place: Place, streams: Vec<OwnedFd>) -> Result<Report, Failure> {
        let Server { line, timeline, started, .. } = self;
        let text = timed(timeline, Phase::Input, || channel::read_text(&mut line.memory(), place));
        let text = text.map_err(|error| Failure::of(&error))?;
        let request: Request = serde_json::from_str(&text).map_err(|error| not_a_request(&error.to_string()))?;
        let streams: Result<[OwnedFd; channel::STREAMS], _> = streams.try_into();
        let [stdin, stdout, stderr] = streams.map_err(|_| not_a_request("its streams are missing"))?;
        let started = started.as_ref().map_err(Failure::clone)?;
        let guest = started.guest()?;
        let first_run = FirstRun::default();
        let loader: Arc<dyn Loader> = Arc::clone(line) as Arc<dyn Loader>;
        let models = WorkerModels::new(started.instances().to_vec(), started.options, loader, Arc::clone(&first_run));

        channel::send(&line.socket, Packet::Begun).map_err(|error| Failure::of(&ChannelError::Socket(error)))?;
        let stdio = Stdio { stdin, stdout, stderr };
        let run = || catch_unwind(AssertUnwindSafe(|| guest.run(models, &request, stdio)));
        let report = timed(timeline, Phase::Guest, run);
        if let (Some(timeline), Some(&(begin, end))) = (timeline, first_run.get()) {
            timeline.add(Recorded { phase: Phase::Inference, begin, end });
        }
        report.map_err(|_| Failure {
            class: FailureClass::Guest,
            message: "host of the guest panicked, which is a bug of blink's; the worker goes on".into(),
        })
    }

    /// Writes the report, and the phases of the start where they have not been told.
    fn tell(&mut self, report: &Report) -> Result<Place, Failure> {
        let phases = self.timeline.as_mut().map_or_else(Vec::new, |timeline| {
            let now = now();
            timeline.add(Recorded { phase: Phase::Output, begin: now, end: now });
            timeline.recorded()
        });
        let text = [serde_json::to_string(report).map_err(|error| not_a_request(&error.to_string()))?];
        let view = TensorView::strings(&[], &text).map_err(|error| not_a_request(&error.to_string()))?;
        channel::write(&mut self.line.memory(), 0, &[("report", view)], &phases)
            .map_err(|error| Failure::memory(&error))
    }
}

fn not_a_request(why: &str) -> Failure {
    Failure { class: FailureClass::Request, message: format!("guest was sent what is no request: {why}") }
}

impl Loader for Line {
    /// Has the launcher make an artifact of the model: the worker has no compiler.
    fn load(&self, onnx: &[&[u8]]) -> Result<PathBuf, LoadError> {
        let failed = |error: &dyn std::fmt::Display| LoadError::Failed(format!("model cannot be handed on: {error}"));
        let place = channel::write_bytes(&mut self.memory(), 0, onnx).map_err(|error| failed(&error))?;
        channel::send(&self.socket, Packet::Load(place)).map_err(|error| failed(&error))?;
        let reply = channel::receive(&self.socket).map_err(|error| failed(&error))?;
        let text = |place| channel::read_text(&mut self.memory(), place).map_err(|error| failed(&error));
        match reply {
            Some(Packet::Loaded(place)) => Ok(text(place)?.into()),
            Some(Packet::Failed(_, place)) => Err(LoadError::Invalid(text(place)?)),
            _ => Err(failed(&"the launcher is gone")),
        }
    }
}
