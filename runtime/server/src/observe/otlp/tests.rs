//! Spans as a collector gets them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, SystemTime};

use blink_runtime::{Phase, Recorded, Start, Timeline};
use serde_json::Value;

use super::endpoint::Endpoint;
use super::exporter::Exporter;
use super::span::{self, Span};
use crate::observe::StartSeen;

/// More than any of these tests needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A collector's port, and an exporter to it.
fn exporter() -> (TcpListener, Exporter) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    (listener, Exporter::start(endpoint).unwrap())
}

/// Reads one request and answers it: its first line, its headers in lower case, its body.
fn collect(stream: &mut BufReader<TcpStream>, status: &str, answer: &str) -> (String, Vec<String>, Value) {
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let headers: Vec<String> =
        std::iter::from_fn(|| Some(line().to_lowercase()).filter(|line| !line.is_empty())).collect();
    let length = headers.iter().find_map(|header| header.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
    stream.get_mut().write_all(answer.as_bytes()).unwrap();
    (first, headers, serde_json::from_slice(&body).unwrap())
}

fn start() -> Vec<Span> {
    let mut timeline = Timeline::begin(Some(0), 2_000_000);
    timeline.add(Recorded { phase: Phase::Inference, begin: 2_000_000, end: 9_000_000 });
    let at = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_700_000_000_123_456_789);
    span::of_start(&StartSeen { model: "m\"".into(), version: 3, start: Start::Snapshot, timeline, at })
}

#[test]
fn a_start_arrives_with_its_phases() {
    let (listener, exporter) = exporter();
    exporter.send(start());
    let collector = std::thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        collect(&mut stream, "200 OK", "{}")
    });
    exporter.finish(PATIENCE);
    let (first, headers, body) = collector.join().unwrap();
    assert_eq!(first, "POST /v1/traces HTTP/1.1");
    assert!(headers.contains(&"content-type: application/json".to_owned()), "{headers:?}");
    let of = &body["resourceSpans"][0];
    assert_eq!(of["resource"]["attributes"][0]["value"]["stringValue"], "blink");
    let spans = of["scopeSpans"][0]["spans"].as_array().unwrap();
    let names: Vec<&str> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["spawn", "inference", "cold start m\""]);
    let whole = &spans[2];
    assert_eq!(whole["endTimeUnixNano"], "1700000000123456789");
    assert_eq!(whole["startTimeUnixNano"], "1700000000114456789");
    assert_eq!((whole["kind"].as_u64(), whole.get("parentSpanId")), (Some(1), None));
    assert_eq!(whole["attributes"][1], serde_json::json!({ "key": "blink.version", "value": { "intValue": "3" } }));
    assert_eq!((whole["traceId"].as_str().unwrap().len(), whole["spanId"].as_str().unwrap().len()), (32, 16));
    for phase in &spans[..2] {
        assert_eq!((&phase["traceId"], &phase["parentSpanId"]), (&whole["traceId"], &whole["spanId"]));
    }
    assert_eq!(
        (&spans[1]["startTimeUnixNano"], &spans[1]["endTimeUnixNano"]),
        (&"1700000000116456789".into(), &whole["endTimeUnixNano"])
    );
    assert_eq!(exporter.dropped(), 0);
}

#[test]
fn what_is_not_taken_is_counted() {
    let (listener, exporter) = exporter();
    let collector = std::thread::spawn(move || {
        let mut stream = BufReader::new(listener.accept().unwrap().0);
        collect(&mut stream, "200 OK", r#"{"partialSuccess":{"rejectedSpans":"2"}}"#);
        collect(&mut stream, "503 Service Unavailable", "");
        // The port is closed from here on.
    });
    for dropped in [2, 5] {
        exporter.send(start());
        exporter.finish(PATIENCE);
        assert_eq!(exporter.dropped(), dropped);
    }
    collector.join().unwrap();
    exporter.send(start());
    exporter.finish(PATIENCE);
    assert_eq!(exporter.dropped(), 8);
}

#[test]
fn a_full_queue_drops_and_does_not_wait() {
    // Nobody accepts, so the first batch is stuck and the queue fills.
    let (_listener, exporter) = exporter();
    for _ in 0..6000 {
        exporter.send(start());
    }
    assert!(exporter.dropped() >= 3, "{}", exporter.dropped());
}
