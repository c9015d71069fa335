//! What is written is read back by a parser that forgives nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use blink_artifact::manifest::DeviceRuns;
use blink_runtime::engine::Placement;
use blink_runtime::engine::cuda::BudgetStats;
use blink_runtime::{DeviceFacts, Phase, Start, Timeline};

use super::*;
use crate::devices::DeviceView;
use crate::observe::{Event, StartSeen, Statistics, Times};
use crate::pool::{WorkerState, WorkerView};
use crate::repository::ModelState;

/// A name that tries every escape.
const NAME: &str = "a\"b\\c\nd{},= é";

fn served(name: &str, statistics: &Statistics, workers: Vec<WorkerView>) -> Served {
    let (name, reason) = (name.to_owned(), String::new());
    let (state, counts) = (ModelState::Ready, statistics.counts());
    Served {
        name,
        version: 3,
        state,
        reason,
        model: None,
        counts,
        queued: workers.len(),
        workers,
        batch_sizes: Vec::new(),
    }
}

fn view(models: Vec<Served>) -> View {
    View {
        now: SystemTime::now(),
        started: SystemTime::now(),
        is_ready: true,
        connections: 2,
        in_flight: 1,
        panics: 0,
        poisoned: 0,
        dropped_spans: 0,
        memory: 5,
        budget: Some(7),
        running: 1,
        devices: vec![
            DeviceView {
                ordinal: 0,
                name: "GPU".into(),
                is_usable: true,
                memory: Some(BudgetStats { most: 100, held: 60, asleep: 20, evicted: 4 }),
            },
            DeviceView { ordinal: 1, name: String::new(), is_usable: false, memory: None },
        ],
        devices_lost: 3,
        short_of_walls: 6,
        models,
        starts: Vec::new(),
    }
}

fn busy() -> Served {
    let statistics = Statistics::default();
    let ms = Duration::from_millis;
    let times = Times { queue: ms(1), input: ms(2), infer: ms(3), output: ms(4) };
    statistics.succeeded(times, ms(10));
    statistics.succeeded(times, ms(80_000));
    statistics.failed("full", ms(1));
    statistics.failed("invalid", ms(1));
    statistics.ran(1);
    statistics.ran(4);
    statistics.happened(Event::Crash);
    let mut timeline = Timeline::begin(Some(0), 2_000_000);
    timeline.add(blink_runtime::Recorded { phase: Phase::Inference, begin: 2_000_000, end: 9_000_000 });
    let at = SystemTime::now();
    statistics.started(&StartSeen { model: NAME.into(), version: 3, start: Start::Snapshot, timeline, at });
    let worker = |state, private| WorkerView {
        pid: 1,
        state,
        start: Some("snapshot"),
        since: Instant::now(),
        private,
        shared: 1,
        answered: 2,
        device: Some(DeviceFacts {
            ordinal: 0,
            name: "GPU".into(),
            placement: Placement::default(),
            weights: 40,
            weights_were_there: true,
            session_was_there: false,
            runs: DeviceRuns::Plain,
            arena: 8,
            budget: BudgetStats::default(),
        }),
    };
    served(NAME, &statistics, vec![worker(WorkerState::Busy, 10), worker(WorkerState::Idle, 20)])
}

/// A name with its suffix, its labels sorted, its value.
type Samples = BTreeMap<(String, Vec<(String, String)>), f64>;

/// Reads the text, holding it to each rule of the format.
fn parse(text: &str) -> Samples {
    assert!(text.ends_with('\n'));
    let (mut samples, mut closed) = (Samples::new(), BTreeSet::new());
    let (mut family, mut kind, mut helped) = (String::new(), String::new(), String::new());
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help has words");
            assert!(closed.insert(name.to_owned()), "{name} stands in two places");
            assert!(!help.is_empty() && help.ends_with('.'), "{line}");
            helped = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            (family, kind) = rest.split_once(' ').map(|(name, kind)| (name.to_owned(), kind.to_owned())).unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind.as_str()) && helped == family, "{line}");
        } else {
            let ((name, labels), value) = sample(line);
            let suffix = name.strip_prefix(&family).unwrap_or_else(|| panic!("{line} is not of {family}"));
            let suffixes: &[&str] = if kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(suffixes.contains(&suffix), "{line}: {kind}");
            assert!(value.is_finite() && (kind == "gauge" || value >= 0.0), "{line}");
            assert!(samples.insert((name, labels), value).is_none(), "{line} stands twice");
        }
    }
    samples
}

fn sample(line: &str) -> ((String, Vec<(String, String)>), f64) {
    let name: String = line.chars().take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '_').collect();
    assert!(name.starts_with(|sign: char| sign.is_ascii_lowercase()), "{line}");
    let (mut rest, mut labels) = (&line[name.len()..], Vec::new());
    if let Some(mut inside) = rest.strip_prefix('{') {
        rest = loop {
            let (label, after) = inside.split_once("=\"").expect("a label");
            assert!(label.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
            let (mut value, mut signs) = (String::new(), after.char_indices());
            let end = loop {
                match signs.next().expect("a quote that closes") {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match signs.next().expect("an escape").1 {
                        'n' => '\n',
                        sign @ ('\\' | '"') => sign,
                        sign => panic!("{line}: no escape is \\{sign}"),
                    }),
                    (_, sign) => value.push(sign),
                }
            };
            labels.push((label.to_owned(), value));
            match &after[end + 1..] {
                after if after.starts_with(',') => inside = &after[1..],
                after => break after.strip_prefix('}').expect("a bracket that closes"),
            }
        };
    }
    labels.sort();
    let value = rest.strip_prefix(' ').expect("one blank before the value").parse().expect("a number");
    ((name, labels), value)
}

fn value(samples: &Samples, name: &str, labels: &[(&str, &str)]) -> f64 {
    let mut labels: Vec<_> = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    labels.sort();
    *samples.get(&(name.to_owned(), labels.clone())).unwrap_or_else(|| panic!("{name} {labels:?} in {samples:#?}"))
}

#[test]
fn every_line_is_read_back() {
    let samples = parse(&write(&view(vec![busy(), served("rest", &Statistics::default(), Vec::new())])));
    let of = |name: &str, more: &[(&str, &str)]| {
        value(&samples, name, &[&[("model", NAME), ("version", "3")], more].concat())
    };
    assert_eq!(of("blink_requests_total", &[("outcome", "success")]), 2.0);
    assert_eq!(of("blink_requests_total", &[("outcome", "full")]), 1.0);
    assert_eq!(of("blink_request_duration_seconds_bucket", &[("le", "0.01")]), 1.0);
    assert_eq!(of("blink_request_duration_seconds_bucket", &[("le", "60")]), 1.0);
    assert_eq!(of("blink_request_duration_seconds_bucket", &[("le", "+Inf")]), 2.0);
    assert_eq!(of("blink_request_duration_seconds_sum", &[]), 80.01);
    assert_eq!(of("blink_queue_seconds_total", &[]), 0.002);
    assert_eq!(of("blink_workers", &[("state", "busy")]), 1.0);
    assert_eq!(of("blink_workers", &[("state", "ending")]), 0.0);
    assert_eq!(of("blink_worker_memory_bytes", &[("kind", "private")]), 30.0);
    assert_eq!(of("blink_worker_events_total", &[("event", "crash")]), 1.0);
    assert_eq!(of("blink_batch_runs_total", &[("size", "4")]), 1.0);
    assert_eq!(of("blink_first_answer_seconds_sum", &[("kind", "snapshot")]), 0.009);
    assert_eq!(of("blink_cold_start_seconds_sum", &[("kind", "snapshot"), ("phase", "inference")]), 0.007);
    assert_eq!(of("nv_inference_request_success", &[]), 2.0);
    assert_eq!(of("nv_inference_request_failure", &[("reason", "REJECTED")]), 1.0);
    assert_eq!(of("nv_inference_request_failure", &[("reason", "OTHER")]), 1.0);
    assert_eq!(of("nv_inference_exec_count", &[]), 2.0);
    assert_eq!(of("nv_inference_compute_infer_duration_us", &[]), 6000.0);
    assert_eq!(of("nv_inference_pending_request_count", &[]), 2.0);
    assert_eq!(value(&samples, "blink_memory_budget_bytes", &[]), 7.0);
    assert_eq!(value(&samples, "blink_device_usable", &[("device", "cuda:1")]), 0.0);
    assert_eq!(value(&samples, "blink_device_memory_bytes", &[("device", "cuda:0"), ("kind", "asleep")]), 20.0);
    assert_eq!(value(&samples, "blink_device_evictions_total", &[("device", "cuda:0")]), 4.0);
    assert_eq!(value(&samples, "blink_devices_lost_total", &[]), 3.0);
    assert_eq!(value(&samples, "blink_workers_short_of_walls_total", &[]), 6.0);
    assert_eq!(of("blink_worker_device_bytes", &[("kind", "arena")]), 16.0);
    assert_eq!(of("blink_worker_device_bytes", &[("kind", "weights")]), 40.0);
    assert_eq!(value(&samples, "blink_models", &[("state", "ready")]), 2.0);
    assert!(value(&samples, "process_open_fds", &[]) > 2.0);
    assert!(value(&samples, "process_resident_memory_bytes", &[]) > 1e5);
    let started = value(&samples, "process_start_time_seconds", &[]);
    assert!((process::seconds_since_epoch(SystemTime::now()) - started).abs() < 1e5, "{started}");
}

#[test]
fn a_model_that_nobody_asked_has_few_lines() {
    let rest = |name| served(name, &Statistics::default(), Vec::new());
    let one = write(&view(vec![rest("a")])).lines().count();
    let two = write(&view(vec![rest("a"), rest("b")])).lines().count();
    assert!(two - one <= 4, "{one} lines, then {two}");
}
