//! [`State`]: everything that a request needs, shared by all connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use blink_tensors::TensorView;

use crate::config::Config;
use crate::error::RequestError;
use crate::front;
use crate::model::Model;
use crate::observe::RecentStarts;
use crate::pool::Pool;
use crate::protocol::{self, InferRequest};
use crate::repository::Repository;

/// A running server.
pub struct State {
    /// How it runs.
    pub config: Config,
    /// Which models it has.
    pub repository: Repository,
    /// Their workers.
    pub pool: Pool,
    /// The last starts of workers.
    pub recent: RecentStarts,
    /// Whether it is ready, and what it is busy with.
    pub readiness: Readiness,
    /// When it was started.
    pub started: SystemTime,
}

/// Whether the server takes requests.
#[derive(Debug, Default)]
pub struct Readiness {
    is_loaded: AtomicBool,
    is_draining: AtomicBool,
    connections: AtomicU64,
    in_flight: AtomicU64,
    panics: AtomicU64,
}

impl Readiness {
    /// The process answers, so it lives.
    pub fn is_live(&self) -> bool {
        true
    }

    /// All models were looked at, and the server was not told to end.
    pub fn is_ready(&self) -> bool {
        self.is_loaded.load(Ordering::Acquire) && !self.is_draining()
    }

    /// It was told to end.
    pub fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    /// All models were looked at.
    pub fn loaded(&self) {
        self.is_loaded.store(true, Ordering::Release);
    }

    /// It was told to end: not ready from now on.
    pub fn begin_draining(&self) {
        self.is_draining.store(true, Ordering::Release);
    }

    /// Connections that are open.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Requests that have come and are not answered.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Handlers that panicked, each of which is a bug.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Counts a handler that panicked.
    pub(crate) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection for as long as the value lives.
    pub(crate) fn connection(&self) -> Counted<'_> {
        Counted::new(&self.connections)
    }

    /// Counts a request for as long as the value lives.
    pub(crate) fn request(&self) -> Counted<'_> {
        Counted::new(&self.in_flight)
    }
}

/// One more, until it is dropped.
pub(crate) struct Counted<'a>(&'a AtomicU64);

impl Counted<'_> {
    fn new(count: &AtomicU64) -> Counted<'_> {
        count.fetch_add(1, Ordering::AcqRel);
        Counted(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl State {
    /// The model that a client names; without a version, or with an empty one, the default. An app is none: it is
    /// served elsewhere, which the error says.
    pub fn model(&self, name: &str, version: Option<&str>) -> Result<Arc<Model>, RequestError> {
        let version = version.filter(|version| !version.is_empty()).map(|version| {
            // As versions are written, and in no other way.
            let number = version.parse::<u64>().ok().filter(|number| *number > 0 && number.to_string() == version);
            number.ok_or_else(|| RequestError::NotFound(format!("model '{name}' has no version '{version}'")))
        });
        let model = self.repository.find(name, version.transpose()?)?;
        if model.entry.is_none() {
            let words = format!("'{name}' is an app, which answers below its own path and not as a model");
            return Err(RequestError::NotFound(words));
        }
        Ok(model)
    }

    /// Checks a request, waits for a worker, runs, and has `finish` read the outputs where the worker put them, on the
    /// worker's thread: those that were asked for, in that order, or all in the graph's. All is counted. When this
    /// future is dropped, the request is cancelled.
    ///
    /// `arrived` is when the request came, from which its time is counted.
    pub async fn infer<T: Send + 'static>(
        &self,
        model: &Arc<Model>,
        request: InferRequest,
        arrived: Instant,
        finish: impl FnOnce(&[(&str, TensorView<'_>)]) -> Result<T, RequestError> + Send + 'static,
    ) -> Result<T, RequestError> {
        let mut told = Told { model, arrived, outcome: "cancelled" };
        let result = self.infer_untold(model, request, arrived, finish).await;
        match result {
            Ok((value, times)) => {
                told.outcome = "";
                front::note(model, Some(times));
                model.statistics.succeeded(times, arrived.elapsed());
                Ok(value)
            }
            Err(error) => {
                told.outcome = error.name();
                front::note(model, None);
                Err(error)
            }
        }
    }

    async fn infer_untold<T: Send + 'static>(
        &self,
        model: &Arc<Model>,
        request: InferRequest,
        arrived: Instant,
        finish: impl FnOnce(&[(&str, TensorView<'_>)]) -> Result<T, RequestError> + Send + 'static,
    ) -> Result<(T, crate::observe::Times), RequestError> {
        let entry = model.entry.as_ref().ok_or_else(|| RequestError::NotFound("an app is no model".into()))?;
        protocol::check(entry, &request)?;
        let InferRequest { inputs, outputs, timeout, .. } = request;
        let wanted: Vec<usize> = if outputs.is_empty() {
            (0..entry.outputs.len()).collect()
        } else {
            let place = |name: &String| entry.outputs.iter().position(|output| output.name == *name);
            outputs.iter().filter_map(|output| place(&output.name)).collect()
        };
        let allowed = timeout.map_or(model.settings.timeout, |timeout| timeout.min(model.settings.timeout));
        let finish = move |all: &[(&str, TensorView<'_>)]| {
            let chosen: Vec<_> = wanted.iter().filter_map(|index| all.get(*index).copied()).collect();
            finish(&chosen)
        };
        let answered = self.pool.infer(model, inputs, arrived + allowed, finish).await;
        let (value, times) = answered.map_err(|error| match error {
            // What it had in all, not what decoding left of it.
            RequestError::Deadline { .. } if arrived.elapsed() >= allowed => RequestError::Deadline { allowed },
            error => error,
        })?;
        Ok((value?, times))
    }
}

/// Counts a request that had no answer, also where nobody waited for one.
struct Told<'a> {
    model: &'a Model,
    arrived: Instant,
    /// The kind of its failure; empty: none.
    outcome: &'static str,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if !self.outcome.is_empty() {
            self.model.statistics.failed(self.outcome, self.arrived.elapsed());
        }
    }
}
