//! [`View`]: the server at one moment. `/metrics` and the page are written from it alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::{Counts, StartSeen, otlp};
use crate::devices::DeviceView;
use crate::model::Model;
use crate::pool::WorkerView;
use crate::repository::{IndexEntry, ModelState};
use crate::state::State;

/// A server.
pub(crate) struct View {
    /// When this was seen.
    pub(crate) now: SystemTime,
    /// When the server was started.
    pub(crate) started: SystemTime,
    /// Whether it takes requests.
    pub(crate) is_ready: bool,
    /// Connections that are open.
    pub(crate) connections: u64,
    /// Requests that have come and are not answered.
    pub(crate) in_flight: u64,
    /// Handlers that panicked.
    pub(crate) panics: u64,
    /// Files of artifacts that were poisoned.
    pub(crate) poisoned: u64,
    /// Spans that no collector got.
    pub(crate) dropped_spans: u64,
    /// Bytes of all workers.
    pub(crate) memory: u64,
    /// The most they may have.
    pub(crate) budget: Option<u64>,
    /// Runs that go on.
    pub(crate) running: usize,
    /// Devices that models run on.
    pub(crate) devices: Vec<DeviceView>,
    /// How often one had to be brought up again.
    pub(crate) devices_lost: u64,
    /// Workers that were to have walls, and around which not all of them stand.
    pub(crate) short_of_walls: u64,
    /// Every version of every model, by name and version.
    pub(crate) models: Vec<Served>,
    /// The last starts, the oldest first.
    pub(crate) starts: Vec<StartSeen>,
}

/// One version of one model.
pub(crate) struct Served {
    pub(crate) name: String,
    pub(crate) version: u64,
    pub(crate) state: ModelState,
    /// Why it is in that state, where there is something to say.
    pub(crate) reason: String,
    /// `None`: it could not be loaded.
    pub(crate) model: Option<Arc<Model>>,
    pub(crate) counts: Counts,
    /// Requests that wait.
    pub(crate) queued: usize,
    pub(crate) workers: Vec<WorkerView>,
    /// Sizes of batches that were proven.
    pub(crate) batch_sizes: Vec<usize>,
}

impl View {
    /// The server now.
    pub(crate) fn of(state: &State) -> View {
        let pool = state.pool.view();
        let mut pooled: BTreeMap<u64, _> = pool.models.into_iter().map(|model| (model.id, model)).collect();
        let served = |IndexEntry { name, version, state, reason, model }: IndexEntry| {
            let counts = model.as_ref().map(|model| model.statistics.counts()).unwrap_or_default();
            let pooled = model.as_ref().and_then(|model| pooled.remove(&model.id));
            let (queued, workers, batch_sizes) =
                pooled.map_or_else(Default::default, |pooled| (pooled.queued, pooled.workers, pooled.batch_sizes));
            Served { name, version, state, reason, model, counts, queued, workers, batch_sizes }
        };
        let mut models: Vec<Served> = state.repository.index().into_iter().map(served).collect();
        models.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
        View {
            now: SystemTime::now(),
            started: state.started,
            is_ready: state.readiness.is_ready(),
            connections: state.readiness.connections(),
            in_flight: state.readiness.in_flight(),
            panics: state.readiness.panics(),
            poisoned: state.repository.poisoned(),
            dropped_spans: otlp::dropped(),
            memory: pool.memory,
            budget: state.config.memory,
            running: pool.running,
            devices: pool.devices,
            devices_lost: pool.devices_lost,
            short_of_walls: pool.short_of_walls,
            models,
            starts: state.recent.list(),
        }
    }
}

impl Served {
    /// Whether anybody has asked it, or a worker of it was there. A model at rest is told of in few lines.
    pub(crate) fn was_used(&self) -> bool {
        let Counts { success, failures, starts, events, .. } = &self.counts;
        let is_counted = success.count > 0 || !failures.is_empty() || !starts.is_empty() || !events.is_empty();
        is_counted || self.queued > 0 || !self.workers.is_empty()
    }

    /// Requests without an answer.
    pub(crate) fn failed(&self) -> u64 {
        self.counts.failures.values().map(|failures| failures.count).sum()
    }
}

/// The state's name, in lower case.
pub(crate) fn state_name(state: ModelState) -> &'static str {
    match state {
        ModelState::Ready => "ready",
        ModelState::Loading => "loading",
        ModelState::Unloading => "unloading",
        ModelState::Unavailable => "unavailable",
    }
}
