//! [`Job`]: a request on its way to a worker and back. Whoever holds it answers it, once; one that is dropped is answered
//! by that.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use blink_runtime::{GuestReport, GuestRequest};
use blink_tensors::TensorView;
use tokio::sync::oneshot;

use super::batch;
use super::post::Post;
use super::schedule::{Parts, Task};
use crate::error::RequestError;
use crate::model::Model;
use crate::observe::{Event, Times};
use crate::protocol::InputTensor;

/// Outputs, in graph order, each with its name.
pub(super) type Outputs<'a> = [(&'a str, TensorView<'a>)];

/// Takes what comes of a run, on the worker's thread.
pub(super) trait Finish: Send {
    /// Reads the outputs, which stand in memory that the next run uses again.
    fn read(&mut self, outputs: &Outputs<'_>);
    /// Ends the request: with where its time went, after its outputs were read, or with why there are none.
    fn tell(self: Box<Self>, outcome: Result<Times, RequestError>);
}

/// A [`Finish`] of a function that reads, and of whoever waits for what it made.
pub(super) struct Reader<F, T> {
    read: Option<F>,
    made: Option<T>,
    waits: oneshot::Sender<Result<(T, Times), RequestError>>,
}

impl<F, T> Reader<F, T> {
    pub(super) fn new(read: F, waits: oneshot::Sender<Result<(T, Times), RequestError>>) -> Reader<F, T> {
        Reader { read: Some(read), made: None, waits }
    }
}

impl<F, T> Finish for Reader<F, T>
where
    F: FnOnce(&Outputs<'_>) -> T + Send,
    T: Send,
{
    fn read(&mut self, outputs: &Outputs<'_>) {
        self.made = self.read.take().map(|read| read(outputs));
    }

    fn tell(self: Box<Self>, outcome: Result<Times, RequestError>) {
        let Reader { made, waits, .. } = *self;
        let made = outcome.and_then(|times| {
            let made = made.ok_or_else(|| RequestError::Failed("the outputs could not be read".into()))?;
            Ok((made, times))
        });
        drop(waits.send(made));
    }
}

/// A request.
pub(super) struct Job {
    ticket: u64,
    arrived: Instant,
    rows: usize,
    was_run: bool,
    model: Arc<Model>,
    pub(super) work: Work,
}

/// What is asked of a worker.
pub(super) enum Work {
    /// Outputs for inputs.
    Infer { inputs: Vec<InputTensor>, finish: Box<dyn Finish> },
    /// A run of the guest.
    Guest {
        request: Box<GuestRequest>,
        streams: [OwnedFd; 3],
        done: oneshot::Sender<Result<GuestReport, RequestError>>,
    },
    /// To be there.
    Ready { done: SyncSender<Result<(), String>> },
}

/// What a request is to be told.
pub(super) enum Answer {
    Infer(Box<dyn Finish>, Result<Times, RequestError>),
    Guest(oneshot::Sender<Result<GuestReport, RequestError>>, Result<GuestReport, RequestError>),
    Ready(SyncSender<Result<(), String>>),
}

impl Answer {
    /// What is told in its place: what has been computed is not to be used.
    pub(super) fn refused(self, error: &RequestError) -> Answer {
        match self {
            Answer::Infer(finish, _) => Answer::Infer(finish, Err(error.clone())),
            Answer::Guest(done, _) => Answer::Guest(done, Err(error.clone())),
            // It was asked to be there, and was.
            Answer::Ready(done) => Answer::Ready(done),
        }
    }

    /// Tells it. Where nobody waits any more, nobody is told.
    pub(super) fn tell(self) {
        match self {
            Answer::Infer(finish, outcome) => finish.tell(outcome),
            Answer::Guest(done, outcome) => drop(done.send(outcome)),
            Answer::Ready(done) => drop(done.try_send(Ok(()))),
        }
    }
}

impl Job {
    pub(super) fn new(ticket: u64, model: &Arc<Model>, work: Work) -> Job {
        let rows = match &work {
            Work::Infer { inputs, .. } if model.settings.batching.is_some() => batch::rows(model, inputs),
            _ => 0,
        };
        Job { ticket, arrived: Instant::now(), rows, was_run: false, model: Arc::clone(model), work }
    }

    /// Gives it up.
    pub(super) fn refuse(self, error: RequestError) {
        match self.work {
            Work::Infer { finish, .. } => finish.tell(Err(error)),
            Work::Guest { done, .. } => drop(done.send(Err(error))),
            Work::Ready { done } => drop(done.try_send(Err(error.to_string()))),
        }
    }
}

impl Task for Job {
    fn ticket(&self) -> u64 {
        self.ticket
    }

    fn arrived(&self) -> Instant {
        self.arrived
    }

    fn rows(&self) -> usize {
        self.rows
    }

    fn joins(&self, first: &Job) -> bool {
        match (&self.work, &first.work) {
            (Work::Infer { inputs, .. }, Work::Infer { inputs: others, .. }) => batch::joins(inputs, others),
            _ => false,
        }
    }

    /// An inference has no effects, so it may be run twice.
    fn run_again(&mut self) -> bool {
        let may = matches!(self.work, Work::Infer { .. } | Work::Ready { .. }) && !self.was_run;
        if may {
            self.was_run = true;
            self.model.statistics.happened(Event::Retry);
        }
        may
    }
}

/// What the pool calls its own.
pub(super) enum Own {}

impl Parts for Own {
    type Task = Job;
    type Model = Arc<Model>;
    type Post = Arc<Post>;
}
