//! The server at one moment as JSON, schema [`SCHEMA`]: times in seconds, sizes in bytes, counts since the server was
//! started. It holds no path and no address of the host.

use std::time::{SystemTime, UNIX_EPOCH};

use blink_artifact::manifest::{Dim, GuestKind, ValueSpec};
use blink_runtime::Start;
use blink_runtime::engine::cuda::BudgetStats;
use serde_json::{Map, Value, json};

use crate::config::ModelSettings;
use crate::devices::DeviceView;
use crate::model::Model;
use crate::observe::metrics::resident_bytes;
use crate::observe::view::{Served, View, state_name};
use crate::observe::{Counts, Histogram, StartSeen};
use crate::pool::{WorkerState, WorkerView};
use crate::protocol;

/// The form of this document; what reads it must know it.
const SCHEMA: &str = "blink.state/1";

/// `view` as JSON.
pub(super) fn write(view: &View) -> String {
    let bounds: Vec<f64> = Histogram::default().cumulative().filter_map(|(bound, _)| bound).collect();
    json!({
        "schema": SCHEMA,
        "now": seconds(view.now),
        "server": {
            "version": env!("CARGO_PKG_VERSION"),
            "started": seconds(view.started),
            "ready": view.is_ready,
            "connections": view.connections,
            "in_flight": view.in_flight,
            "running": view.running,
            "resident": resident_bytes(),
        },
        "memory": { "workers": view.memory, "budget": view.budget },
        "devices": view.devices.iter().map(device).collect::<Vec<_>>(),
        "devices_lost": view.devices_lost,
        "bounds": bounds,
        "models": view.models.iter().map(|served| model(view, served)).collect::<Vec<_>>(),
        "starts": view.starts.iter().map(start).collect::<Vec<_>>(),
    })
    .to_string()
}

fn model(view: &View, served: &Served) -> Value {
    let entry = served.model.as_ref().and_then(|model| model.entry.as_ref());
    let values = |values: Option<&[ValueSpec]>| values.unwrap_or_default().iter().map(value).collect::<Vec<_>>();
    json!({
        "name": served.name,
        "version": served.version,
        "state": state_name(served.state),
        "reason": served.reason,
        "guest": served.model.as_ref().and_then(|model| model.guest).map(GuestKind::name),
        "path": served.model.as_ref().filter(|model| model.entry.is_none()).map(|model| prefix(model)),
        "device": served.model.as_ref().and_then(|model| model.device).map(|device| device.to_string()),
        "weights": served.model.as_ref().map(|model| model.weights),
        "settings": served.model.as_ref().map(|model| settings(&model.settings)),
        "inputs": values(entry.map(|entry| entry.inputs.as_slice())),
        "outputs": values(entry.map(|entry| entry.outputs.as_slice())),
        "queued": served.queued,
        "batch_sizes": served.batch_sizes,
        "workers": served.workers.iter().map(|found| worker(view, found)).collect::<Vec<_>>(),
        "counts": counts(served, &served.counts),
    })
}

fn device(device: &DeviceView) -> Value {
    let memory = |stats: &BudgetStats| {
        let BudgetStats { most, held, asleep, evicted } = *stats;
        json!({ "most": most, "held": held, "asleep": asleep, "evicted": evicted })
    };
    json!({
        "ordinal": device.ordinal,
        "name": device.name,
        "usable": device.is_usable,
        "memory": device.memory.as_ref().map(memory),
    })
}

fn value(spec: &ValueSpec) -> Value {
    let dim = |dim: &Dim| match dim {
        Dim::Fixed(size) => json!(size),
        Dim::Symbolic(name) => json!(name),
        Dim::Unknown => json!(-1),
    };
    json!({
        "name": spec.name,
        "datatype": protocol::datatype(spec.dtype),
        "shape": spec.dims.as_ref().map(|dims| dims.iter().map(dim).collect::<Vec<_>>()),
        "optional": spec.optional,
    })
}

fn settings(settings: &ModelSettings) -> Value {
    json!({
        "workers": [settings.workers.0, settings.workers.1],
        "idle": settings.idle.as_secs_f64(),
        "queue": settings.queue,
        "timeout": settings.timeout.as_secs_f64(),
        "time": settings.time.map(|time| time.as_secs_f64()),
        "memory": settings.memory,
        "cpu": settings.cpu.map(|hundredths| f64::from(hundredths) / 100.0),
        "threads": settings.threads,
        "batching": settings.batching.map(|found| json!({ "size": found.size, "wait": found.wait.as_secs_f64() })),
    })
}

fn worker(view: &View, worker: &WorkerView) -> Value {
    let state = match worker.state {
        WorkerState::Starting => "starting",
        WorkerState::Idle => "idle",
        WorkerState::Busy => "busy",
        WorkerState::Ending => "ending",
    };
    json!({
        "pid": worker.pid,
        "state": state,
        "start": worker.start,
        "since": seconds(view.now) - worker.since.elapsed().as_secs_f64(),
        "private": worker.private,
        "shared": worker.shared,
        "answered": worker.answered,
        "device": worker.device.as_ref().map(|facts| json!({
            "ordinal": facts.ordinal,
            "weights": facts.weights,
            "weights_were_there": facts.weights_were_there,
            "session_was_there": facts.session_was_there,
            "arena": facts.arena,
            "on_cpu": facts.placement.on_cpu,
        })),
    })
}

fn counts(served: &Served, counts: &Counts) -> Value {
    let each = |pairs: &mut dyn Iterator<Item = (&'static str, u64)>| -> Map<String, Value> {
        pairs.map(|(name, count)| (name.to_owned(), count.into())).collect()
    };
    json!({
        "success": counts.success.count,
        "failed": served.failed(),
        "failures": each(&mut counts.failures.iter().map(|(name, failures)| (*name, failures.count))),
        "duration": counts.duration.cumulative().map(|(_, count)| count).collect::<Vec<_>>(),
        "duration_sum": counts.duration.sum().as_secs_f64(),
        "queue_sum": counts.queue.time.as_secs_f64(),
        "infer_sum": counts.infer.time.as_secs_f64(),
        "runs": counts.runs.values().sum::<u64>(),
        "starts": each(&mut counts.starts.iter().map(|(name, starts)| (*name, starts.total.count()))),
        "fallbacks": each(&mut counts.fallbacks.iter().map(|(name, count)| (*name, *count))),
        "events": each(&mut counts.events.iter().map(|(event, count)| (event.name(), *count))),
    })
}

fn start(seen: &StartSeen) -> Value {
    let reason = match &seen.start {
        Start::Normal { reason: Some(reason) } => Some(reason.name()),
        _ => None,
    };
    json!({
        "model": seen.model,
        "version": seen.version,
        "kind": seen.start.name(),
        "reason": reason,
        "at": seconds(seen.at),
        "total_ms": seen.timeline.total_ms(),
        "spans": seen.timeline.spans(),
    })
}

fn prefix(model: &Model) -> String {
    model.settings.prefix.clone().unwrap_or_else(|| format!("/apps/{}", model.name))
}

/// Seconds since 1970.
fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
