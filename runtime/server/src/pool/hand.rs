//! [`Hand`]: a worker in the hands of its thread: one run after the other, and what is to be known between them.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use blink_runtime::timeline::now;
use blink_runtime::{
    DeviceFacts, FailureClass, GuestEnded, GuestReport, Limit, ONLY_MODEL, Phase, Recorded, Start, Timeline, Unfilled,
    Worker, WorkerError, WorkerMemory,
};

use super::batch::{self, Sample};
use super::cgroup::Group;
use super::crew::Crew;
use super::failure;
use super::job::{Answer, Finish, Job, Outputs, Work};
use super::schedule::{Ran, Task};
use crate::error::RequestError;
use crate::model::Model;
use crate::observe::Times;
use crate::protocol::{Elements, InputTensor};

/// How old a measurement of memory may be.
const STALE: Duration = Duration::from_secs(10);
/// Runs after which a worker that never rests is measured.
const RESTLESS: u64 = 100;

/// A worker and its state. Dropped, it is ended and reaped, then its control group is removed.
pub(super) struct Hand {
    pub(super) worker: Worker,
    /// Whether it was told how it came up.
    pub(super) is_told: bool,
    /// Inputs of the first request, where batches are to be tried with such.
    pub(super) samples: Option<Vec<Sample>>,
    model: Arc<Model>,
    has_started: bool,
    /// Begin and end of the first run, on the clock of timelines.
    first_run: Option<(u64, u64)>,
    measured: Option<Instant>,
    runs: u64,
    _group: Option<Group>,
}

/// One request of a run: its inputs, who reads its outputs, and its rows.
type Given<'a> = (&'a [InputTensor], &'a mut dyn Finish, usize);

/// What became of a run.
pub(super) enum After {
    /// The worker lives; its requests are to be told.
    Ran(Ran, Vec<Answer>),
    /// The worker is gone; these were not answered.
    Died(Vec<Job>, WorkerError),
}

impl Hand {
    pub(super) fn new(worker: Worker, model: &Arc<Model>, group: Option<Group>) -> Hand {
        Hand {
            worker,
            is_told: false,
            samples: None,
            model: Arc::clone(model),
            has_started: false,
            first_run: None,
            measured: None,
            runs: 0,
            _group: group,
        }
    }

    /// Runs `tasks` together: inferences, or one of another kind, or none.
    pub(super) fn run(&mut self, crew: &Crew, mut tasks: Vec<Job>) -> After {
        let is_run = matches!(tasks.first(), Some(Job { work: Work::Infer { .. } | Work::Guest { .. }, .. }));
        if !self.has_started {
            // A restored worker is up in less time than it takes to ask; any other may take long, and its run may not.
            let is_restored = matches!(self.worker.start(), Start::Snapshot);
            if !(is_run && is_restored)
                && let Err(error) = self.worker.wait_ready()
            {
                return After::Died(tasks, error);
            }
            crew.started();
        }
        self.runs += 1;
        if matches!(tasks.first(), Some(Job { work: Work::Infer { .. }, .. })) {
            return self.infer(tasks);
        }
        match tasks.pop().map(|job| job.work) {
            Some(Work::Guest { request, streams, done }) => {
                let begun = Instant::now();
                let refuse = &mut |_: &[u8]| Err("guests here bring no models".to_owned());
                let report = self.worker.run_guest(&request, streams.each_ref().map(AsFd::as_fd), refuse);
                self.has_started = true;
                // Whoever reads the other ends learns that nothing more comes.
                drop(streams);
                self.guest_ended(report, begun, done)
            }
            Some(Work::Ready { done }) => After::Ran(Ran::Ready, vec![Answer::Ready(done)]),
            Some(Work::Infer { .. }) | None => After::Ran(Ran::Ready, Vec::new()),
        }
    }

    fn guest_ended(
        &mut self,
        report: Result<GuestReport, WorkerError>,
        begun: Instant,
        done: tokio::sync::oneshot::Sender<Result<GuestReport, RequestError>>,
    ) -> After {
        let took = begun.elapsed();
        match report {
            Ok(report) => {
                // The launcher may have had to end the process of one that did not end itself.
                let is_late = matches!(&report.ended, GuestEnded::Limit(past) if past.limit == Limit::Time);
                self.model.statistics.ran(1);
                let ran = if is_late { Ran::Spent(took) } else { Ran::Answered(took) };
                After::Ran(ran, vec![Answer::Guest(done, Ok(report))])
            }
            Err(
                error @ (WorkerError::Failed { .. }
                | WorkerError::Memory { .. }
                | WorkerError::Request { .. }
                | WorkerError::NotGranted { .. }),
            ) => {
                if let Err(error) = self.confirm(&error) {
                    drop(done.send(Err(failure::of_death(&self.model, &error))));
                    return After::Died(Vec::new(), error);
                }
                let error = failure::of_run(&self.model, &error);
                After::Ran(Ran::Answered(took), vec![Answer::Guest(done, Err(error))])
            }
            Err(error) => {
                // It may have begun, and what it has read and written cannot be taken back.
                drop(done.send(Err(failure::of_death(&self.model, &error))));
                After::Died(Vec::new(), error)
            }
        }
    }

    /// A run failed. An error where that was the start, not the run.
    fn confirm(&mut self, error: &WorkerError) -> Result<(), WorkerError> {
        let is_about_request = matches!(error, WorkerError::Failed { class, .. } if failure::is_about_request(*class));
        if is_about_request || !matches!(error, WorkerError::Failed { .. }) { Ok(()) } else { self.worker.wait_ready() }
    }

    fn infer(&mut self, mut tasks: Vec<Job>) -> After {
        let begun = Instant::now();
        let is_first = !self.has_started;
        if self.model.settings.batching.is_some()
            && is_first
            && let Some(Job { work: Work::Infer { inputs, .. }, .. }) = tasks.first().filter(|job| job.rows() > 0)
        {
            self.samples = Some(Sample::of(inputs));
        }
        let mut outputs_took = Vec::new();
        let mut input = Duration::ZERO;
        let began = now();
        let answered = self.ask(&mut tasks, &mut input, &mut outputs_took);
        let total = begun.elapsed();
        if is_first {
            self.first_run = Some((began, now()));
        }
        match answered {
            Ok(true) => {}
            // Cut as they were to be, the outputs do not fit: each for itself, then.
            Ok(false) => return self.one_by_one(tasks),
            // Its process ends, and every other model's there.
            Err(error @ WorkerError::Failed { class: FailureClass::DeviceLost, .. }) => {
                return After::Died(tasks, error);
            }
            Err(error @ (WorkerError::Failed { .. } | WorkerError::Memory { .. } | WorkerError::Request { .. })) => {
                if let Err(error) = self.confirm(&error) {
                    return After::Died(tasks, error);
                }
                self.has_started = true;
                if tasks.len() > 1 {
                    return self.one_by_one(tasks);
                }
                let error = failure::of_run(&self.model, &error);
                let answers = answers(tasks, |_| Err(error.clone()));
                return After::Ran(Ran::Answered(total), answers);
            }
            Err(error) => return After::Died(tasks, error),
        }
        self.has_started = true;
        self.model.statistics.ran(tasks.len());
        let read: Duration = outputs_took.iter().sum();
        let computed = total.saturating_sub(input).saturating_sub(read);
        // A first run waited for its start: what it took itself, the timeline knows.
        let infer = if is_first { self.first_inference().unwrap_or(computed).min(computed) } else { computed };
        let mut outputs_took = outputs_took.into_iter();
        let answers = answers(tasks, |job| {
            let queue = begun.saturating_duration_since(job.arrived()) + (computed - infer);
            Ok(Times { queue, input, infer, output: outputs_took.next().unwrap_or_default() })
        });
        After::Ran(Ran::Answered(infer), answers)
    }

    /// Runs the tasks and has their outputs read. Whether these could be cut.
    fn ask(
        &mut self,
        tasks: &mut [Job],
        input_took: &mut Duration,
        outputs_took: &mut Vec<Duration>,
    ) -> Result<bool, WorkerError> {
        let rows: usize = tasks.iter().map(Task::rows).sum();
        let mut given: Vec<Given<'_>> = Vec::with_capacity(tasks.len());
        for job in tasks.iter_mut() {
            let rows = job.rows();
            if let Work::Infer { inputs, finish } = &mut job.work {
                given.push((&inputs[..], &mut **finish, rows));
            }
        }
        let is_batch = given.len() > 1;
        let result = {
            let first = given.first().map_or(&[][..], |(inputs, ..)| *inputs);
            let shapes: Vec<_> = match is_batch {
                true => first.iter().map(|input| batch::with_rows(&input.shape, rows)).collect(),
                false => Vec::new(),
            };
            let shape = |index: usize| shapes.get(index).unwrap_or(&first[index].shape);
            let asked: Vec<_> = (0..first.len()).map(|index| unfilled(&first[index], shape(index))).collect();
            let fill = |index: usize, mut bytes: &mut [u8]| {
                let begin = Instant::now();
                for (inputs, ..) in &given {
                    if let Some(Elements::Bytes(from)) = inputs.get(index).map(|input| &input.elements)
                        && let Some(to) = bytes.split_off_mut(..from.len())
                    {
                        to.copy_from_slice(from);
                    }
                }
                *input_took += begin.elapsed();
            };
            self.worker.run_filled(ONLY_MODEL, &asked, fill)
        };
        result.map(|answer| {
            let outputs: Vec<_> = answer.iter().collect();
            if !is_batch {
                given.iter_mut().for_each(|(_, finish, _)| outputs_took.push(timed(|| finish.read(&outputs))));
                return true;
            }
            read_parts(&outputs, rows, &mut given, outputs_took)
        })
    }

    /// Runs each task for itself.
    fn one_by_one(&mut self, tasks: Vec<Job>) -> After {
        let mut tasks = tasks.into_iter();
        let (mut ran, mut answers) = (Ran::Ready, Vec::new());
        while let Some(job) = tasks.next() {
            match self.infer(vec![job]) {
                After::Ran(one, answer) => {
                    ran = one;
                    answers.extend(answer);
                }
                After::Died(mut left, error) => {
                    answers.into_iter().for_each(Answer::tell);
                    left.extend(tasks);
                    return After::Died(left, error);
                }
            }
        }
        After::Ran(ran, answers)
    }

    /// The start, complete with its first run: the worker's own record where that has it, else as it was seen from here.
    pub(super) fn timeline(&self) -> Timeline {
        let mut timeline = *self.worker.timeline();
        let is_complete = timeline.recorded().iter().any(|recorded| recorded.phase == Phase::Inference);
        if let (false, Some((begin, end))) = (is_complete, self.first_run) {
            timeline.add(Recorded { phase: Phase::Inference, begin, end });
        }
        timeline
    }

    /// The inference of the first run.
    fn first_inference(&self) -> Option<Duration> {
        let spans = self.worker.timeline().spans();
        let span = spans.iter().find(|span| span.phase == Phase::Inference)?;
        Duration::try_from_secs_f64(span.duration_ms / 1000.0).ok()
    }

    /// Whether the worker's memory is to be looked at when it has rested.
    pub(super) fn is_to_be_measured(&self) -> bool {
        self.runs > 0 && self.measured.is_none_or(|at| at.elapsed() > STALE)
    }

    /// What the worker has of a device; `None` where it runs on the CPU, or cannot say.
    pub(super) fn device(&mut self) -> Option<DeviceFacts> {
        let is_there = matches!(self.worker.start(), Start::Resident);
        is_there.then(|| self.worker.device().ok().flatten()).flatten()
    }

    /// What the worker holds.
    pub(super) fn measure(&mut self) -> Option<WorkerMemory> {
        (self.measured, self.runs) = (Some(Instant::now()), 0);
        self.worker.memory().ok()
    }

    /// Whether the worker has run so often without a rest that it is to be measured between two runs.
    pub(super) fn is_restless(&self) -> bool {
        self.measured.is_none() && self.runs >= RESTLESS
    }
}

/// What each of the tasks, all of them inferences, is to be told.
fn answers(tasks: Vec<Job>, mut outcome: impl FnMut(&Job) -> Result<Times, RequestError>) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(tasks.len());
    for job in tasks {
        let outcome = outcome(&job);
        if let Work::Infer { finish, .. } = job.work {
            answers.push(Answer::Infer(finish, outcome));
        }
    }
    answers
}

fn unfilled<'a>(input: &'a InputTensor, shape: &'a [usize]) -> Unfilled<'a> {
    let strings = match &input.elements {
        Elements::Strings(strings) => Some(&strings[..]),
        Elements::Bytes(_) => None,
    };
    Unfilled { name: &input.name, dtype: input.dtype, shape, strings }
}

/// Has each request read its part of the outputs; false where they cannot be cut.
fn read_parts(outputs: &Outputs<'_>, rows: usize, given: &mut [Given<'_>], took: &mut Vec<Duration>) -> bool {
    if !batch::can_be_cut(outputs, rows) {
        return false;
    }
    let mut from = 0;
    for (_, finish, count) in given {
        let shapes: Vec<_> = outputs.iter().map(|(_, view)| batch::with_rows(view.shape(), *count)).collect();
        let part = batch::part(outputs, &shapes, rows, from, *count).unwrap_or_default();
        took.push(timed(|| finish.read(&part)));
        from += *count;
    }
    true
}

fn timed(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}
