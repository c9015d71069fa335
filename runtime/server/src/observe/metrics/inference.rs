//! The `nv_inference_*` names, in microseconds, as dashboards and autoscalers made for other servers ask for them.

use super::Named;
use super::text::{Kind, Text};
use crate::observe::{Counts, Timed};

/// Why requests failed, in those servers' words.
const REASONS: [&str; 4] = ["REJECTED", "CANCELED", "BACKEND", "OTHER"];

/// A number among the counts.
type Number = fn(&Counts) -> u64;

pub(super) fn write(text: &mut Text, models: &[Named<'_>]) {
    let mut success = text.family("nv_inference_request_success", Kind::Counter, "Requests that were answered.");
    for Named { labels, served } in models {
        success.line(labels, served.counts.success.count);
    }
    let help = "Requests without an answer, by reason.";
    let mut failure = text.family("nv_inference_request_failure", Kind::Counter, help);
    for Named { labels, served } in models.iter().filter(|named| named.served.was_used()) {
        for reason in REASONS {
            let of = served.counts.failures.iter().filter(|(outcome, _)| self::reason(outcome) == reason);
            failure.line(&labels.and("reason", reason), of.map(|(_, failures)| failures.count).sum::<u64>());
        }
    }
    let numbers: [(&str, &str, Number); 7] = [
        ("nv_inference_count", "Inferences that were answered, each request one.", |c| c.success.count),
        ("nv_inference_exec_count", "Runs; requests that were run together are one.", |c| c.runs.values().sum()),
        ("nv_inference_request_duration_us", "Arrival to answer, all together.", |c| micros(c.success)),
        ("nv_inference_queue_duration_us", "Waiting for a worker, all together.", |c| micros(c.queue)),
        ("nv_inference_compute_input_duration_us", "Inputs to the worker, all together.", |c| micros(c.input)),
        ("nv_inference_compute_infer_duration_us", "In the worker, all together.", |c| micros(c.infer)),
        ("nv_inference_compute_output_duration_us", "Outputs, all together.", |c| micros(c.output)),
    ];
    for (name, help, number) in numbers {
        let mut family = text.family(name, Kind::Counter, help);
        for Named { labels, served } in models.iter().filter(|named| named.served.was_used()) {
            family.line(labels, number(&served.counts));
        }
    }
    let help = "Requests that wait for a worker.";
    let mut pending = text.family("nv_inference_pending_request_count", Kind::Gauge, help);
    for Named { labels, served } in models {
        pending.line(labels, served.queued);
    }
}

fn micros(timed: Timed) -> u64 {
    u64::try_from(timed.time.as_micros()).unwrap_or(u64::MAX)
}

fn reason(outcome: &str) -> &'static str {
    match outcome {
        "full" | "deadline" => "REJECTED",
        "cancelled" => "CANCELED",
        "failed" => "BACKEND",
        _ => "OTHER",
    }
}
