//! Spans of requests and of starts, to a collector: OTLP as JSON over plain HTTP, where the build has feature `otlp`.
//!
//! | file | what it does |
//! |---|---|
//! | `span.rs` | requests and starts as spans |
//! | `payload.rs` | spans as the protocol's JSON |
//! | `endpoint.rs` | where they go |
//! | `exporter.rs` | the queue, and the thread that empties it |
//!
//! Never on a request's way: a span that finds the queue full, or no collector, is dropped and counted.

#[cfg(feature = "otlp")]
mod endpoint;
#[cfg(feature = "otlp")]
mod exporter;
#[cfg(feature = "otlp")]
mod payload;
#[cfg(feature = "otlp")]
mod span;
#[cfg(all(test, feature = "otlp"))]
mod tests;

use std::time::Duration;

use super::{Outcome, StartSeen};

/// Why no spans are sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum OtlpError {
    #[error("this build of blink sends no spans: build it with feature `otlp`, or take the endpoint out")]
    NotBuilt,
    #[error("spans cannot go to '{endpoint}': {why}; expected http://HOST[:PORT][/PATH]")]
    Endpoint { endpoint: String, why: &'static str },
    #[error("thread that sends spans could not be started: {0}")]
    Thread(String),
    #[error("spans are sent already, which is begun once a process")]
    Begun,
}

/// Sends spans to the collector at `endpoint` from now on, once a process. Whether it is there is not asked yet.
#[cfg(feature = "otlp")]
pub fn begin(endpoint: &str) -> Result<(), OtlpError> {
    exporter::begin(endpoint)
}

/// Sends spans to the collector at `endpoint` from now on: not in this build.
#[cfg(not(feature = "otlp"))]
pub fn begin(_endpoint: &str) -> Result<(), OtlpError> {
    Err(OtlpError::NotBuilt)
}

/// Sends what waits, and returns then or after `patience`. Blocks.
pub fn finish(patience: Duration) {
    #[cfg(feature = "otlp")]
    if let Some(exporter) = exporter::begun() {
        exporter.finish(patience);
    }
    #[cfg(not(feature = "otlp"))]
    let _ = patience;
}

/// Spans that no collector got.
pub fn dropped() -> u64 {
    #[cfg(feature = "otlp")]
    return exporter::begun().map_or(0, exporter::Exporter::dropped);
    #[cfg(not(feature = "otlp"))]
    0
}

/// The spans of a request, where its trace is kept.
pub(super) fn request(outcome: &Outcome<'_>) {
    #[cfg(feature = "otlp")]
    if let Some(exporter) = exporter::begun().filter(|_| outcome.context.trace.is_sampled()) {
        exporter.send(span::of_request(outcome));
    }
    #[cfg(not(feature = "otlp"))]
    let _ = outcome;
}

/// The spans of a start: a trace of its own, as several requests may have waited for it.
pub(super) fn start(seen: &StartSeen) {
    #[cfg(feature = "otlp")]
    if let Some(exporter) = exporter::begun() {
        exporter.send(span::of_start(seen));
    }
    #[cfg(not(feature = "otlp"))]
    let _ = seen;
}
