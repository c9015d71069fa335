//! [`PoolView`]: what a pool looks like at one moment, for metrics and the page.

use std::time::Instant;

use blink_runtime::DeviceFacts;

use super::job::Own;
use super::post::Seen;
use super::schedule::{Entry, Schedule, Seat, WorkerState};
use crate::devices::DeviceView;

/// All models that were used, and their workers.
#[derive(Clone, Debug, Default)]
pub struct PoolView {
    /// By id.
    pub models: Vec<ModelView>,
    /// Bytes that all workers hold, weights counted once a model, as the budget counts them.
    pub memory: u64,
    /// Runs that hold a slot.
    pub running: usize,
    /// Devices that models run on.
    pub devices: Vec<DeviceView>,
    /// How often a device had to be brought up again, as its process had ended.
    pub devices_lost: u64,
    /// Workers that were to have walls, and around which not all of them stand.
    pub short_of_walls: u64,
}

/// One model.
#[derive(Clone, Debug)]
pub struct ModelView {
    /// The model's number.
    pub id: u64,
    /// Requests that wait.
    pub queued: usize,
    /// Its workers, the oldest first.
    pub workers: Vec<WorkerView>,
    /// Sizes of the batch dim above one whose answers are those of single runs; empty where batches are off, or were
    /// not tried yet.
    pub batch_sizes: Vec<usize>,
}

/// One worker.
#[derive(Clone, Debug)]
pub struct WorkerView {
    /// Its process; 0 before it has one.
    pub pid: u32,
    /// What it does.
    pub state: WorkerState,
    /// How it came up ([`blink_runtime::Start::name`]), once that is known.
    pub start: Option<&'static str>,
    /// Since when it does that.
    pub since: Instant,
    /// Bytes it holds for itself: expected at first, then measured.
    pub private: u64,
    /// Its part of the bytes it shares; 0 until measured.
    pub shared: u64,
    /// Requests it has answered.
    pub answered: u64,
    /// What it has of a device, where it runs on one; `None` before it was asked.
    pub device: Option<DeviceFacts>,
}

impl PoolView {
    pub(super) fn of(schedule: &Schedule<Own>) -> PoolView {
        let models = schedule.models().map(|(id, entry)| model(schedule, id, entry)).collect();
        PoolView { models, memory: schedule.held(), running: schedule.running(), ..PoolView::default() }
    }
}

fn model(schedule: &Schedule<Own>, id: u64, entry: &Entry<Own>) -> ModelView {
    let workers = entry.workers().iter().filter_map(|worker| schedule.worker(*worker)).map(worker).collect();
    let sizes = entry.sizes().unwrap_or_default();
    let batch_sizes = (2..sizes.len()).filter(|size| sizes[*size]).collect();
    ModelView { id, queued: entry.waiting(), workers, batch_sizes }
}

fn worker(seat: &Seat<Own>) -> WorkerView {
    let Seen { pid, start, device } = seat.post.seen();
    let Seat { since, private, shared, answered, .. } = *seat;
    // To the schedule a first run is part of the start.
    let is_running = seat.state == WorkerState::Starting && seat.is_up && seat.is_at_work();
    let state = if is_running { WorkerState::Busy } else { seat.state };
    WorkerView { pid, state, start, since, private, shared, answered, device }
}
