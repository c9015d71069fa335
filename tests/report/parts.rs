//! The parts that made-up measurements are put together from: starts, budgets, sweeps, loads.

use blink_benches::PhaseTime;
use blink_benches::budget::Verdict;
use blink_benches::figure::Unit;
use blink_benches::machine::Machine;
use blink_benches::measurement::{
    Answers, Arrivals, Axis, Bound, Kind, LoadRuns, Measurement, Noise, Overhead, Point, PointRuns, Run, SCHEMA,
    Settings, State, StateRuns, Subject, SweepRuns, WayRuns,
};

/// Runs of each way and state.
const RUNS: usize = 30;
/// Bytes of a MiB.
pub(crate) const MIB: f64 = (1 << 20) as f64;

/// Numbers that look like chance and are the same each time.
struct Chance(u64);

impl Chance {
    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as f64 / f64::from(1u32 << 31)
    }

    /// Around `centre`, skewed as times are, now and then far above.
    fn time(&mut self, centre: f64) -> f64 {
        let outlier = if self.share() > 0.94 { 0.25 * self.share() } else { 0.0 };
        centre * (1.0 + 0.06 * (self.share() + self.share() - 1.0) + 0.03 * self.share().powi(3) + outlier)
    }
}

/// A phase of a start.
pub(crate) fn phase(name: &str, start_ms: f64, duration_ms: f64) -> PhaseTime {
    PhaseTime { phase: name.to_owned(), start_ms, duration_ms }
}

/// `ways` by name, command (none: a worker), and centre of the cold starts, hot and from the disk.
pub(crate) fn measurement(
    model: &str,
    weights: f64,
    bound: f64,
    ways: &[(&str, &str, f64, Option<f64>)],
) -> Measurement {
    let mut chance = Chance(7);
    let names: Vec<&str> = ways.iter().map(|(name, ..)| *name).collect();
    let machine = Machine {
        cpu: "Example CPU with AVX-512 @ 2.40 GHz".into(),
        governor: None,
        is_virtual: Some(true),
        kernel: Some("6.18.0".into()),
        load: Some([0.42, 0.61, 0.58]),
        ..Machine::read()
    };
    Measurement {
        schema: SCHEMA.into(),
        date: "2027-01-31".into(),
        machine,
        settings: Settings {
            runs: RUNS,
            warm_launches: 3,
            warm_runs: 10,
            threads: 2,
            prepack: false,
            states: vec![State::Hot, State::Disk],
            is_bare: false,
        },
        subject: Subject {
            artifact: format!("{model}.blink"),
            bytes: (weights * 1.02) as u64,
            model: model.into(),
            weights_bytes: weights as u64,
            inputs: vec!["input f32[1, 3, 224, 224]".into()],
            guest: None,
            program_bytes: 5 << 20,
        },
        answers: Answers { held_against: "the golden run".into(), digest: "5e".repeat(32), checked: 400 },
        ways: ways.iter().map(|way| way_runs(&mut chance, way, weights, bound)).collect(),
        device: None,
        bound: Some(Bound { warm_ms: bound * 0.97, warm_of: "snapshot".into(), touch_ms: vec![bound * 0.03; 5] }),
        noise: Noise {
            stolen: Some(0.013),
            others: Some(0.02),
            spread: Some(0.021),
            drift: Some(-0.004),
            doubts: vec!["other machines took 1.3 % of the processors' time: times are noisy".into()],
        },
        overhead: Overhead { clock_ns: 41.0, floor_ms: Some(0.61), looks_ms: Some(1.4) },
        budgets: budgets(),
        sweeps: sweeps(&mut chance, &names, bound),
        loads: loads(&mut chance, &names, bound),
        left_out: vec!["system calls of iree: the kernel does not let us count them".into()],
    }
}

fn way_runs(
    chance: &mut Chance,
    &(name, command, hot, disk): &(&str, &str, f64, Option<f64>),
    weights: f64,
    bound: f64,
) -> WayRuns {
    let is_worker = command.is_empty();
    let mut run = |centre: f64, state: State| {
        let cold_ms = chance.time(centre);
        let first = cold_ms - bound.min(cold_ms * 0.8);
        let parts = [("spawn", 0.12), ("open", 0.05), ("library", 0.1), ("environment", 0.14), ("session", 0.45)];
        let parts = if name == "snapshot" { &[("spawn", 0.3), ("restore", 0.55)][..] } else { &parts };
        let mut phases = Vec::new();
        let mut at = 0.0;
        for (part, share) in parts.iter().chain(&[("input", 0.02)]) {
            phases.push(phase(part, at, first * share));
            at += first * share;
        }
        phases.push(phase("inference", at, cold_ms - at - first * 0.03));
        phases.push(phase("output", cold_ms - first * 0.03, first * 0.03));
        Run {
            cold_ms,
            cpu_ms: Some(cold_ms * 1.7),
            user_ms: Some(cold_ms * 1.4),
            system_ms: Some(cold_ms * 0.3),
            minor_faults: Some((centre * 13.0) as u64),
            major_faults: Some(if state == State::Disk { 214 } else { 0 }),
            peak_bytes: Some((weights * 1.9) as u64),
            pss_bytes: Some((weights * 1.2 + centre * 3e5) as u64),
            private_bytes: Some((centre * 2.6e5) as u64),
            phases: if is_worker { phases } else { Vec::new() },
            ..Run::default()
        }
    };
    let mut states = vec![StateRuns { state: State::Hot, runs: (0..RUNS).map(|_| run(hot, State::Hot)).collect() }];
    if let Some(disk) = disk {
        states.push(StateRuns { state: State::Disk, runs: (0..RUNS).map(|_| run(disk, State::Disk)).collect() });
    }
    WayRuns {
        name: name.into(),
        kind: if is_worker { Kind::Worker } else { Kind::Peer { command: command.into() } },
        difference: Some(3.1e-7),
        states,
        warm_ms: if is_worker { vec![vec![bound * 0.98, bound * 0.97, bound]; 3] } else { Vec::new() },
        syscalls: Some((hot * 9.0) as u64),
    }
}

fn budgets() -> Vec<Verdict> {
    let verdict = |budget: &str, most, found: Option<f64>, unit, judged: &str| Verdict {
        budget: budget.into(),
        most,
        found,
        unit,
        kept: found.is_some_and(|found| found <= most),
        judged: judged.into(),
    };
    vec![
        verdict("p95<60ms", 60.0, Some(39.4), Unit::Ms, "p95 of cold, snapshot, hot"),
        verdict("over<3ms", 3.0, Some(3.6), Unit::Ms, "p50 of over, snapshot, hot"),
        verdict("snapshot/normal<0.7", 0.7, Some(0.62), Unit::Times, "median cold of snapshot by normal, hot"),
        verdict("iree@disk:faults<800", 800.0, None, Unit::Count, "iree has no starts from the disk"),
    ]
}

fn sweeps(chance: &mut Chance, names: &[&str], bound: f64) -> Vec<SweepRuns> {
    let mut sweep = |axis: Axis, at: &[f64], grows: fn(f64) -> f64| SweepRuns {
        axis,
        points: at
            .iter()
            .map(|&at| Point {
                at,
                label: if axis == Axis::Size { format!("model-{at:.0}.blink") } else { at.to_string() },
                ways: names
                    .iter()
                    .take(3)
                    .enumerate()
                    .map(|(index, name)| PointRuns {
                        name: (*name).into(),
                        cold_ms: (0..5).map(|_| chance.time(bound * (1.2 + 2.0 * index as f64) * grows(at))).collect(),
                        warm_ms: (0..5).map(|_| chance.time(bound * grows(at))).collect(),
                        pss_bytes: Some((1e8 * (1.0 + 0.2 * grows(at) * (1.0 + 4.0 * index as f64))) as u64),
                        private_bytes: Some((9e6 * (1.0 + index as f64)) as u64),
                    })
                    .collect(),
            })
            .collect(),
    };
    vec![
        sweep(Axis::Workers, &[1.0, 2.0, 4.0, 8.0, 16.0], |at| 1.0 + at / 8.0),
        sweep(Axis::Threads, &[1.0, 2.0, 4.0], |at| 1.6 / at.sqrt()),
        sweep(Axis::Size, &[1.2e7, 1.02e8, 4.35e8], |at| at / 1e8),
    ]
}

fn loads(chance: &mut Chance, names: &[&str], bound: f64) -> Vec<LoadRuns> {
    let mut load = |name: &str, arrivals, concurrency: usize, centre: f64| LoadRuns {
        name: name.into(),
        arrivals,
        concurrency,
        seconds: 5.0,
        latency_us: (0..(5000.0 * concurrency as f64 / centre).clamp(1.0, 2000.0) as usize)
            .map(|_| (chance.time(centre) * 1000.0) as u32)
            .collect(),
        unserved: u64::from(centre > 100.0),
        is_cut: false,
        cpu_ms: Some(4000.0),
        pss_bytes: Some(1e8 as u64 * (1 + concurrency as u64)),
    };
    let mut loads = Vec::new();
    for (index, name) in names.iter().enumerate().filter(|(index, _)| *index != 1).take(2) {
        let slower = 1.0 + 0.15 * index as f64;
        for concurrency in [1, 2, 4, 8] {
            loads.push(load(name, Arrivals::Closed, concurrency, bound * slower * (1.0 + concurrency as f64 / 2.5)));
        }
        for rate in [5.0, 10.0, 20.0, 25.0] {
            loads.push(load(name, Arrivals::Open { rate }, 2, bound * slower * (1.0 + rate * rate / 300.0)));
        }
    }
    loads
}
