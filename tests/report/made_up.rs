//! Measurements made up to fill every part of a report: the shapes of real ones, the figures of none.

use blink_benches::measurement::{Measurement, Noise, Overhead, Run, State};

use crate::parts::{MIB, measurement, phase};

/// A measurement with everything in it: six ways, both states, sweeps, loads, budgets kept and broken, doubts.
pub(crate) fn full() -> Measurement {
    measurement(
        "resnet50",
        97.5 * MIB,
        32.6,
        &[
            ("snapshot", "", 36.2, Some(82.0)),
            ("normal", "", 58.4, Some(131.0)),
            ("python-onnxruntime", "python peers/python_onnxruntime.py resnet50.onnx {inputs}", 512.0, Some(1480.0)),
            ("openvino", "python peers/python_openvino.py cache {inputs}", 187.0, Some(460.0)),
            ("iree", "peers/iree resnet50.vmfb --threads={threads}", 96.0, None),
            ("tract", "peers/tract resnet50.onnx", 243.0, None),
        ],
    )
}

/// One of a small model, whose ways are near one another.
pub(crate) fn near() -> Measurement {
    let ways = [("snapshot", "", 2.31, Some(14.2)), ("normal", "", 9.7, Some(31.0)), ("c", "./c", 6.1, Some(22.0))];
    let mut near = measurement("tiny", 0.016 * MIB, 0.9, &ways);
    near.noise.doubts.clear();
    near.budgets.truncate(1);
    near
}

/// One of a large model, with as little in it as there can be.
pub(crate) fn bare() -> Measurement {
    let mut bare = measurement("bert", 415.0 * MIB, 180.0, &[("snapshot", "", 201.0, None)]);
    for way in &mut bare.ways {
        way.warm_ms.clear();
        way.syscalls = None;
        way.states[0].runs.truncate(1);
        way.states[0].runs = vec![Run { cold_ms: way.states[0].runs[0].cold_ms, ..Run::default() }];
    }
    (bare.bound, bare.noise, bare.overhead) = (None, Noise::default(), Overhead::default());
    (bare.settings.runs, bare.settings.is_bare, bare.settings.states) = (1, true, vec![State::Hot]);
    (bare.budgets, bare.sweeps, bare.loads, bare.left_out) = Default::default();
    bare
}

/// One whose texts and figures are meant to break a page.
pub(crate) fn hostile() -> Measurement {
    let long = "a-way-with-a-name-that-does-not-end-".repeat(4);
    let script = "<script>window.broken = true</script>";
    let ways: Vec<(&str, &str, f64, Option<f64>)> = vec![
        ("snapshot", "", 0.000_4, Some(90_000.0)),
        (&long, "command", 12_345.678, Some(1e7)),
        (script, "\"><img src=x onerror='window.broken = true'>", 3.0, Some(4.0)),
        ("漢字の名前がとても長い場合の例", "\u{202e}x", 3.0, None),
        ("WWWWWWWWWWWWWWWWWWWWWWWW", "w", 3.1, None),
        ("six", "6", 3.2, None),
        ("seven", "7", 3.3, None),
        ("eight", "8", 3.4, None),
        ("nine", "9", 3.5, None),
        ("ten", "10", 3.6, None),
    ];
    let mut hostile = measurement(script, 1e14, 1e-5, &ways);
    hostile.subject.artifact = format!("{long}{long}.blink");
    hostile.subject.inputs = vec![script.to_owned(); 3];
    hostile.noise.doubts = vec![script.to_owned(), long.clone()];
    hostile.left_out = vec![long, script.to_owned()];
    hostile.budgets[0].budget = "x".repeat(300);
    for run in &mut hostile.ways[1].states[0].runs {
        run.phases = (0..100).map(|index| phase(script, f64::from(index), 1e9)).collect();
        run.pss_bytes = Some(u64::MAX);
    }
    hostile.sweeps[0].points[1].at = 1e12;
    hostile
}
