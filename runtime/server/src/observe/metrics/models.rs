//! Models: requests, queues, workers, starts.

use std::time::Duration;

use super::Named;
use super::text::{Family, Kind, Text};
use crate::observe::{Counts, Event, Timed};
use crate::pool::{WorkerState, WorkerView};

/// Every state that a worker can be in.
const STATES: [(WorkerState, &str); 4] = [
    (WorkerState::Starting, "starting"),
    (WorkerState::Idle, "idle"),
    (WorkerState::Busy, "busy"),
    (WorkerState::Ending, "ending"),
];

/// A part of the time among the counts.
type Part = fn(&Counts) -> Timed;
/// A kind of a worker's memory.
type Bytes = fn(&WorkerView) -> u64;

pub(super) fn write(text: &mut Text, models: &[Named<'_>]) {
    requests(text, models);
    workers(text, models);
    starts(text, models);
}

fn requests(text: &mut Text, models: &[Named<'_>]) {
    let mut requests = text.family("blink_requests_total", Kind::Counter, "Requests, by what came of them.");
    for Named { labels, served } in models {
        requests.line(&labels.and("outcome", "success"), served.counts.success.count);
        for (outcome, failures) in &served.counts.failures {
            requests.line(&labels.and("outcome", outcome), failures.count);
        }
    }
    let help = "From a request's arrival to its answer, where there was one.";
    let mut duration = text.family("blink_request_duration_seconds", Kind::Histogram, help);
    for Named { labels, served } in used(models) {
        duration.histogram(labels, &served.counts.duration);
    }
    let parts: [(&str, &str, Part); 4] = [
        ("blink_queue_seconds_total", "Answered requests: waiting for a worker, its start included.", |c| c.queue),
        ("blink_input_seconds_total", "Answered requests: inputs to shared memory.", |c| c.input),
        ("blink_infer_seconds_total", "Answered requests: in the worker.", |c| c.infer),
        ("blink_output_seconds_total", "Answered requests: outputs read and encoded.", |c| c.output),
    ];
    for (name, help, part) in parts {
        let mut family = text.family(name, Kind::Counter, help);
        for Named { labels, served } in used(models) {
            family.line(labels, seconds(part(&served.counts).time));
        }
    }
    let mut runs = text.family("blink_batch_runs_total", Kind::Counter, "Runs, by how many requests were in them.");
    for Named { labels, served } in models {
        for (size, count) in &served.counts.runs {
            runs.line(&labels.and("size", &size.to_string()), count);
        }
    }
    let mut depth = text.family("blink_queue_depth", Kind::Gauge, "Requests that wait for a worker.");
    for Named { labels, served } in models {
        depth.line(labels, served.queued);
    }
}

fn workers(text: &mut Text, models: &[Named<'_>]) {
    let mut workers = text.family("blink_workers", Kind::Gauge, "Workers, by state.");
    for Named { labels, served } in used(models) {
        for (state, name) in STATES {
            let count = served.workers.iter().filter(|worker| worker.state == state).count();
            workers.line(&labels.and("state", name), count);
        }
    }
    let help = "Memory of workers; of what several processes map, each has an equal part.";
    let mut memory = text.family("blink_worker_memory_bytes", Kind::Gauge, help);
    let kinds: [(&str, Bytes); 2] = [("private", |worker| worker.private), ("shared", |worker| worker.shared)];
    for Named { labels, served } in used(models) {
        for (kind, bytes) in kinds {
            memory.line(&labels.and("kind", kind), served.workers.iter().map(bytes).fold(0, u64::saturating_add));
        }
    }
    let mut events = text.family("blink_worker_events_total", Kind::Counter, "What happened to workers.");
    for Named { labels, served } in used(models) {
        for event in Event::ALL {
            let count = served.counts.events.get(&event).copied().unwrap_or_default();
            events.line(&labels.and("event", event.name()), count);
        }
    }
}

fn starts(text: &mut Text, models: &[Named<'_>]) {
    let help = "Starts: from the launch to the first answer.";
    let mut whole = text.family("blink_first_answer_seconds", Kind::Histogram, help);
    each_start(models, &mut whole, |family, named, kind, counts| {
        family.histogram(&named.labels.and("kind", kind), &counts.total);
    });
    let help = "Starts by phase. Some phases run beside others: blink_first_answer_seconds has the whole.";
    let mut phases = text.family("blink_cold_start_seconds", Kind::Histogram, help);
    each_start(models, &mut phases, |family, named, kind, counts| {
        let labels = named.labels.and("kind", kind);
        for (phase, histogram) in &counts.phases {
            family.histogram(&labels.and("phase", phase), histogram);
        }
    });
    let help = "Normal starts where a snapshot was wanted, by reason.";
    let mut fallbacks = text.family("blink_start_fallbacks_total", Kind::Counter, help);
    for Named { labels, served } in models {
        for (reason, count) in &served.counts.fallbacks {
            fallbacks.line(&labels.and("reason", reason), count);
        }
    }
}

fn each_start(
    models: &[Named<'_>],
    family: &mut Family<'_>,
    write: impl Fn(&mut Family<'_>, &Named<'_>, &str, &crate::observe::StartCounts),
) {
    for named in models {
        for (kind, counts) in &named.served.counts.starts {
            write(family, named, kind, counts);
        }
    }
}

/// Those that have more to tell than that nothing happened.
fn used<'a, 'b>(models: &'a [Named<'b>]) -> impl Iterator<Item = &'a Named<'b>> {
    models.iter().filter(|named| named.served.was_used())
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}
