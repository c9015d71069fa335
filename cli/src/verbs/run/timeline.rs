//! Where the time of a start went: [`TimelineReport`] for programs, lines on stderr for people.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use blink_runtime::{DeviceFacts, Span, Timeline};
use serde::Serialize;

/// A timeline as programs read it.
#[derive(Serialize)]
pub(crate) struct TimelineReport {
    schema: &'static str,
    total_ms: f64,
    phases: Vec<Span>,
    /// Later runs in the same process, in milliseconds each, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warm_ms: Vec<f64>,
}

impl TimelineReport {
    /// What `timeline` holds, with no later runs.
    pub(crate) fn of(timeline: &Timeline) -> TimelineReport {
        let (total_ms, phases) = (timeline.total_ms(), timeline.spans());
        TimelineReport { schema: "blink.timeline/1", total_ms, phases, warm_ms: Vec::new() }
    }

    /// Writes it to `path` as JSON.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let json = serde_json::to_vec(self)?;
        std::fs::write(path, json).with_context(|| format!("timeline cannot be written to {}", path.display()))
    }
}

pub(super) fn print_timeline(timeline: &Timeline) {
    let mut err = std::io::stderr().lock();
    for Span { phase, start_ms, duration_ms } in timeline.spans() {
        // Stderr may be closed; the run itself has gone well.
        let _ = writeln!(err, "blink: {start_ms:8.2} ms  {:<12} {duration_ms:8.2} ms", phase.name());
    }
}

/// Which nodes of a model its device computes, and what it holds there.
pub(super) fn print_device(facts: &DeviceFacts) {
    let DeviceFacts { ordinal, name, placement, weights, arena, .. } = facts;
    let there = match (facts.session_was_there, facts.weights_were_there) {
        (true, _) => ", there already with a session",
        (false, true) => ", there already",
        (false, false) => "",
    };
    let (nodes, left) = (placement.on_device, placement.on_cpu.values().sum::<u64>());
    let names = if left > 0 { format!(" ({})", placement.cpu_nodes()) } else { String::new() };
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "blink: cuda:{ordinal} {name}: {nodes} nodes there, {left} on the CPU{names}");
    let _ = writeln!(err, "blink: cuda:{ordinal} holds {weights} bytes of weights{there}, {arena} of activations");
}
