//! The server as a whole.

use super::text::{Kind, Labels, Text};
use super::{View, process};
use crate::observe::view::state_name;
use crate::repository::ModelState;

/// Every state that a model can be in.
const STATES: [ModelState; 4] =
    [ModelState::Ready, ModelState::Loading, ModelState::Unloading, ModelState::Unavailable];

pub(super) fn write(text: &mut Text, view: &View) {
    let build = Labels::new(&[("version", env!("CARGO_PKG_VERSION"))]);
    text.family("blink_build_info", Kind::Gauge, "The server's version; always 1.").line(&build, 1);
    text.one("blink_ready", Kind::Gauge, "Whether the server takes requests.", u8::from(view.is_ready));
    let mut models = text.family("blink_models", Kind::Gauge, "Versions of models, by state.");
    for state in STATES {
        let count = view.models.iter().filter(|served| served.state == state).count();
        models.line(&Labels::new(&[("state", state_name(state))]), count);
    }
    text.one("blink_connections", Kind::Gauge, "Connections that are open.", view.connections);
    text.one("blink_requests_in_flight", Kind::Gauge, "Requests that are not answered yet.", view.in_flight);
    text.one("blink_runs", Kind::Gauge, "Runs that go on in workers.", view.running);
    text.one("blink_memory_bytes", Kind::Gauge, "Memory of all workers, weights once a model.", view.memory);
    if let Some(budget) = view.budget {
        text.one("blink_memory_budget_bytes", Kind::Gauge, "The most memory that all workers may have.", budget);
    }
    text.one("blink_panics_total", Kind::Counter, "Requests whose handler panicked, each a bug.", view.panics);
    let short = "Workers behind fewer walls than they were to have: the kernel does not give the rest.";
    text.one("blink_workers_short_of_walls_total", Kind::Counter, short, view.short_of_walls);
    let poisoned = "Files of artifacts that were damaged, or changed while they were served.";
    text.one("blink_artifacts_poisoned_total", Kind::Counter, poisoned, view.poisoned);
    let dropped = "Spans that no collector got.";
    text.one("blink_otlp_dropped_total", Kind::Counter, dropped, view.dropped_spans);
    let since = process::seconds_since_epoch(view.started);
    text.one("blink_start_time_seconds", Kind::Gauge, "When the server was started, since 1970.", since);
}
