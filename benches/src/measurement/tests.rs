//! A measurement with a value of every kind, written and read back.

use super::*;
use crate::timeline::PhaseTime;

/// Two ways of `tiny`, each with starts around its centre in both states, and a peer.
pub(crate) fn example() -> Measurement {
    let phase = |phase: &str, start_ms, duration_ms| PhaseTime { phase: phase.into(), start_ms, duration_ms };
    let run = |cold_ms: f64, index: u64| Run {
        cold_ms: cold_ms + index as f64 / 10.0,
        cpu_ms: Some(cold_ms / 2.0),
        user_ms: Some(cold_ms / 3.0),
        system_ms: Some(cold_ms / 6.0),
        minor_faults: Some(300 + index),
        major_faults: Some(0),
        peak_bytes: Some(8 << 20),
        pss_bytes: Some(4 << 20),
        private_bytes: Some(1 << 20),
        cached_bytes: Some(1 << 20),
        phases: vec![phase("spawn", 0.0, 0.5), phase("inference", 0.5, cold_ms - 0.5)],
    };
    let runs = |state, cold_ms| StateRuns { state, runs: (0..10).map(|index| run(cold_ms, index)).collect() };
    let way = |name: &str, hot, disk| WayRuns {
        name: name.into(),
        kind: Kind::Worker,
        difference: Some(0.0),
        states: vec![runs(State::Hot, hot), runs(State::Disk, disk)],
        warm_ms: vec![vec![1.0, 1.2, 1.1]; 2],
        syscalls: Some(120),
    };
    let peer = WayRuns {
        kind: Kind::Peer { command: "python <run>.py".into() },
        states: vec![runs(State::Hot, 100.0)],
        warm_ms: Vec::new(),
        syscalls: None,
        ..way("python", 0.0, 0.0)
    };
    let point = |at: f64| Point {
        at,
        label: at.to_string(),
        ways: vec![PointRuns {
            name: "snapshot".into(),
            cold_ms: vec![2.0 * at, 2.1 * at],
            warm_ms: vec![at],
            pss_bytes: Some(at as u64 * 1000),
            private_bytes: Some(1000),
        }],
    };
    let load = |arrivals, concurrency| LoadRuns {
        name: "snapshot".into(),
        arrivals,
        concurrency,
        seconds: 2.0,
        latency_us: vec![900, 1000, 1500, 1100],
        unserved: 1,
        is_cut: false,
        cpu_ms: Some(4.0),
        pss_bytes: None,
    };
    Measurement {
        schema: SCHEMA.into(),
        date: "2027-01-31".into(),
        machine: Machine::read(),
        settings: Settings {
            runs: 10,
            warm_launches: 2,
            warm_runs: 3,
            threads: 2,
            prepack: true,
            states: vec![State::Hot, State::Disk],
            is_bare: false,
        },
        subject: Subject {
            artifact: "tiny.blink".into(),
            bytes: 1 << 20,
            model: "tiny".into(),
            weights_bytes: 16_384,
            inputs: vec!["x f32[1, 64]".into()],
            guest: None,
            program_bytes: 4 << 20,
        },
        answers: Answers { held_against: "the golden run".into(), digest: "0".repeat(64), checked: 50 },
        ways: vec![way("snapshot", 2.0, 20.0), way("normal", 20.0, 80.0), peer],
        device: Some(OnDevice {
            ordinal: 0,
            context: Context { device: "a device".into(), ms: 300.0, phases: vec![phase("context", 0.5, 299.0)] },
            first_ms: 50.0,
            first_phases: vec![phase("session", 0.1, 40.0)],
            precision: "fp16".into(),
            runs: "plain".into(),
            tolerance: 5e-3,
            nodes: 3,
            on_cpu: [("Gather".to_owned(), 1)].into(),
            weights_bytes: 16_384,
            arena_bytes: 1 << 20,
        }),
        bound: Some(Bound { warm_ms: 1.0, warm_of: "snapshot".into(), touch_ms: vec![0.1, 0.2, 0.3] }),
        noise: Noise { stolen: Some(0.001), others: Some(0.01), spread: Some(0.02), ..Noise::default() },
        overhead: Overhead { clock_ns: 40.0, floor_ms: Some(0.4), looks_ms: Some(1.0) },
        budgets: Vec::new(),
        sweeps: vec![SweepRuns { axis: Axis::Workers, points: [1.0, 2.0, 4.0].map(point).into() }],
        loads: vec![load(Arrivals::Closed, 1), load(Arrivals::Open { rate: 50.0 }, 2)],
        left_out: vec!["something, for a reason".into()],
    }
}

#[test]
fn what_was_written_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.json");
    let written = example();
    written.write(&path).unwrap();
    let read = Measurement::read(&path).unwrap();
    assert_eq!((&read.ways, &read.sweeps, &read.loads), (&written.ways, &written.sweeps, &written.loads));
    assert_eq!((&read.bound, &read.noise, &read.overhead), (&written.bound, &written.noise, &written.overhead));
}

#[test]
fn other_files_are_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = |text: &str| {
        let path = directory.path().join("file.json");
        fs::write(&path, text).unwrap();
        Measurement::read(&path).unwrap_err()
    };
    assert!(matches!(file("no"), ReadError::Json { .. }));
    assert!(matches!(file("{}"), ReadError::Schema { .. }));
    assert!(matches!(file(r#"{"schema":"blink.bench/99"}"#), ReadError::Schema { .. }));
    assert!(matches!(file(&format!(r#"{{"schema":"{SCHEMA}"}}"#)), ReadError::Json { .. }));
    let mut empty = example();
    empty.ways.clear();
    assert!(matches!(file(&serde_json::to_string(&empty).unwrap()), ReadError::Empty { .. }));
    assert!(matches!(Measurement::read(&directory.path().join("none")), Err(ReadError::Io { .. })));
}

#[test]
fn a_newer_blink_may_add_fields() {
    let mut value = serde_json::to_value(example()).unwrap();
    value["new"] = 1.into();
    value["ways"][0]["states"][0]["runs"][0]["new"] = 1.into();
    assert!(serde_json::from_value::<Measurement>(value).is_ok());
}
