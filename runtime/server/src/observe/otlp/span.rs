//! [`Span`]: a stretch of time in a trace. Requests and starts are told as one with children.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use blink_runtime::Start;

use crate::observe::trace::TraceContext;
use crate::observe::{Outcome, StartSeen};

/// A span that is over.
#[derive(Clone, Debug)]
pub(super) struct Span {
    pub(super) place: TraceContext,
    pub(super) name: String,
    /// It answers somebody outside.
    pub(super) is_server: bool,
    /// Nanoseconds since 1970.
    pub(super) begin: u64,
    /// Nanoseconds since 1970.
    pub(super) end: u64,
    pub(super) attributes: Vec<(&'static str, Attribute)>,
    pub(super) has_failed: bool,
}

/// What an attribute says.
#[derive(Clone, Debug)]
pub(super) enum Attribute {
    Text(String),
    Number(u64),
}

impl Span {
    /// A part of this one.
    fn child(&self, name: &str, begin: u64, length: u64) -> Span {
        Span {
            place: self.place.child(),
            name: name.to_owned(),
            is_server: false,
            begin,
            end: begin.saturating_add(length),
            attributes: Vec::new(),
            has_failed: false,
        }
    }
}

/// A request: the time from its head to its answer, and in it the parts that were clocked, which end where it ends.
pub(super) fn of_request(outcome: &Outcome<'_>) -> Vec<Span> {
    let Outcome { context, seen, method, path, status } = *outcome;
    let end = nanoseconds(SystemTime::now());
    let mut attributes = vec![
        ("http.request.method", Attribute::Text(method.to_string())),
        ("url.path", Attribute::Text(path.to_owned())),
        ("http.response.status_code", Attribute::Number(status.as_u16().into())),
        ("blink.request_id", Attribute::Text(context.request_id.to_string())),
    ];
    let name = match &seen.model {
        Some((model, version)) => {
            attributes.push(("blink.model", Attribute::Text(model.clone())));
            attributes.push(("blink.version", Attribute::Number(*version)));
            format!("infer {model}")
        }
        None => method.to_string(),
    };
    let whole = Span {
        place: context.trace.clone(),
        name,
        is_server: true,
        begin: end.saturating_sub(whole(context.arrived.elapsed())),
        end,
        attributes,
        has_failed: status.is_server_error(),
    };
    let mut spans = Vec::with_capacity(5);
    if let Some(times) = seen.times {
        let parts = [("queue", times.queue), ("input", times.input), ("infer", times.infer), ("output", times.output)];
        let lengths = parts.map(|(name, length)| (name, self::whole(length)));
        let all = lengths.iter().fold(0, |sum: u64, (_, length)| sum.saturating_add(*length));
        let mut begin = whole.end.saturating_sub(all).max(whole.begin);
        for (name, length) in lengths {
            spans.push(whole.child(name, begin, length));
            begin = begin.saturating_add(length);
        }
    }
    spans.push(whole);
    spans
}

/// A start: the time from its launch to its first answer, and in it its phases.
pub(super) fn of_start(seen: &StartSeen) -> Vec<Span> {
    let StartSeen { model, version, start, timeline, at } = seen;
    let end = nanoseconds(*at);
    let mut attributes = vec![
        ("blink.model", Attribute::Text(model.clone())),
        ("blink.version", Attribute::Number(*version)),
        ("blink.start", Attribute::Text(start.name().to_owned())),
    ];
    if let Start::Normal { reason: Some(reason) } = start {
        attributes.push(("blink.reason", Attribute::Text(reason.name().to_owned())));
    }
    let whole = Span {
        place: TraceContext::begin(),
        name: format!("cold start {model}"),
        is_server: false,
        begin: end.saturating_sub(from_ms(timeline.total_ms())),
        end,
        attributes,
        has_failed: false,
    };
    let phase = |span: blink_runtime::Span| {
        let begin = whole.begin.saturating_add(from_ms(span.start_ms));
        whole.child(span.phase.name(), begin, from_ms(span.duration_ms))
    };
    let mut spans: Vec<Span> = timeline.spans().into_iter().map(phase).collect();
    spans.push(whole);
    spans
}

fn nanoseconds(time: SystemTime) -> u64 {
    whole(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn whole(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn from_ms(ms: f64) -> u64 {
    (ms * 1e6) as u64
}
