//! Spans as OTLP's JSON: ids in hexadecimal, 64-bit numbers as text, as its mapping asks.

use serde_json::{Value, json};

use super::span::{Attribute, Span};

/// SPAN_KIND_INTERNAL.
const INTERNAL: u8 = 1;
/// SPAN_KIND_SERVER.
const SERVER: u8 = 2;
/// STATUS_CODE_ERROR.
const ERROR: u8 = 2;

/// The body of a request with these spans.
pub(super) fn encode(spans: &[Span]) -> Vec<u8> {
    let resource = [
        attribute("service.name", &Attribute::Text("blink".into())),
        attribute("service.version", &Attribute::Text(env!("CARGO_PKG_VERSION").into())),
    ];
    let scope = json!({ "name": "blink-server", "version": env!("CARGO_PKG_VERSION") });
    let spans: Vec<Value> = spans.iter().map(span).collect();
    let body = json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": scope, "spans": spans }],
    }] });
    body.to_string().into_bytes()
}

/// How many spans an answer says were not taken.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let Ok(answer) = serde_json::from_slice::<Value>(answer) else { return 0 };
    let rejected = &answer["partialSuccess"]["rejectedSpans"];
    rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0)
}

fn span(span: &Span) -> Value {
    let Span { place, name, is_server, begin, end, attributes, has_failed } = span;
    let attributes: Vec<Value> = attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    let mut object = json!({
        "traceId": place.trace_id(),
        "spanId": place.span_id(),
        "name": name,
        "kind": if *is_server { SERVER } else { INTERNAL },
        "startTimeUnixNano": begin.to_string(),
        "endTimeUnixNano": end.to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = place.parent_id() {
        object["parentSpanId"] = parent.into();
    }
    if !place.state().is_empty() {
        object["traceState"] = place.state().into();
    }
    if *has_failed {
        object["status"] = json!({ "code": ERROR });
    }
    object
}

fn attribute(key: &str, value: &Attribute) -> Value {
    let value = match value {
        Attribute::Text(text) => json!({ "stringValue": text }),
        Attribute::Number(number) => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": key, "value": value })
}
