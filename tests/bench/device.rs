//! `--device`: starts in the resident worker of a device, which is made up of stand-ins.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};

use blink_artifact::Artifact;
use blink_examples::{GraphBuilder, dims, values};
use blink_tensors::DType;
use serde_json::{Value, json};

use crate::here::{FEW, left_out, runs, ways};
use crate::support::Folder;
use crate::support::cuda::Machine;
use crate::support::folder::Blink;

/// `mlp.blink` for a device: `x` f32 [batch, 64] times a weight, and what is above zero of it. The stand-ins compute that.
fn mlp() -> Folder {
    let folder = Folder::new();
    let mut graph = GraphBuilder::new("mlp");
    let weight: Vec<f32> = (0..64 * 64).map(|index| (index % 7) as f32 - 3.0).collect();
    graph.input("x", DType::F32, &dims!["batch", 64]);
    graph.initializer("w", &values(&[64, 64], &weight));
    graph.node("MatMul", &["x", "w"], &["h"], []);
    graph.node("Relu", &["h"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", 64]);
    folder.model("mlp.onnx", &graph.model());
    folder.blink("compile mlp.onnx --device cuda -o mlp.blink").ok();
    folder
}

/// `blink bench` of an artifact on the machine.
fn bench(machine: &Machine, folder: &Folder, words: &str) -> Blink {
    let bench = folder.blink(&format!("bench {words} {FEW}"));
    machine.environment().into_iter().fold(bench, |bench, (name, value)| bench.env(name, value))
}

fn measured(machine: &Machine, folder: &Folder, words: &str) -> Value {
    bench(machine, folder, &format!("mlp.blink {words} --format json")).ok().json("blink.bench/1")
}

fn phases(run: &Value) -> BTreeSet<&str> {
    run.as_array().expect("phases").iter().map(|time| time["phase"].as_str().expect("a phase")).collect()
}

#[test]
fn starts_in_the_worker_of_a_device_and_the_context_apart() {
    let (machine, folder) = (Machine::with_onnx_runtime(), mlp());
    let measurement = measured(&machine, &folder, "--device cuda");
    assert_eq!(ways(&measurement), ["kept", "uploaded"]);
    let of_a_start = ["spawn", "open", "session", "weights", "input", "inference", "output"].into();
    for way in ["kept", "uploaded"] {
        let runs = runs(&measurement, way, "hot");
        assert_eq!(runs.len(), 3);
        for run in runs {
            assert_eq!(phases(&run["phases"]), of_a_start, "{way}");
            assert!(run["cold_ms"].as_f64().unwrap() > 0.0);
            assert!(run["cpu_ms"].is_null() && run["minor_faults"].is_null() && run["pss_bytes"].is_null(), "{run}");
        }
    }
    let device = &measurement["device"];
    assert_eq!((&device["ordinal"], &device["precision"]), (&json!(0), &json!("fp32")));
    let context = &device["context"];
    assert_eq!(phases(&context["phases"]), ["spawn", "library", "environment", "context"].into());
    assert!(context["ms"].as_f64().unwrap() > 0.0 && device["first_ms"].as_f64().unwrap() > 0.0);
    assert_eq!(phases(&device["first_phases"]), of_a_start);
    let weights = device["weights_bytes"].as_u64().unwrap();
    assert!(weights >= 64 * 64 * 4 && device["on_cpu"] == json!({}));
    assert!(device["nodes"].as_u64().unwrap() > 0);

    let answers = &measurement["answers"];
    let held_against = answers["held_against"].as_str().unwrap();
    assert!(held_against.starts_with("the artifact's golden run; on the device within 5.0e-3"), "{held_against}");
    for way in measurement["ways"].as_array().unwrap() {
        assert!(way["difference"].as_f64().unwrap() < 1e-5 && way["syscalls"].is_null(), "{way}");
        assert_eq!(way["warm_ms"].as_array().unwrap().len(), 2);
    }
    assert!(measurement["bound"].is_null());
    assert!(left_out(&measurement).contains("share one process") && left_out(&measurement).contains("the bound"));

    // One process had the context. Weights went up where they were to: in the first start, and in each start of `uploaded`
    // and of what brings `kept` back after it.
    let log = machine.log();
    assert_eq!(log.count("context retain"), 1, "{log:?}");
    let uploads = log.sizes("copy to-device").into_iter().filter(|bytes| *bytes == weights).count();
    let uploaded_starts = 1 + (3 + 1) + 2;
    assert!((uploaded_starts + 1..=2 * uploaded_starts + 1).contains(&uploads), "{uploads}: {log:?}");
}

#[test]
fn a_measurement_on_a_device_is_read_by_every_verb() {
    let (machine, folder) = (Machine::with_onnx_runtime(), mlp());
    let text = bench(&machine, &folder, "mlp.blink --device cuda:0 --sweep batch=1,4 --sweep-runs 2 -o old.json").ok();
    for expected in ["cuda:0, ", "first start of the context, once", "context", "uploaded", "batch"] {
        assert!(text.text().contains(expected), "{expected}: {}", text.text());
    }
    let budgets = "mlp.blink --device cuda -o new.json --budget kept:cold<60s --budget uploaded:weights<60s";
    bench(&machine, &folder, budgets).ok();
    let diff = folder.blink("bench diff old.json new.json --format json").run();
    assert!(diff.succeeded() || diff.stderr.contains("got worse"), "{}", diff.stderr);
    for format in ["html", "markdown", "junit", "github-action-benchmark", "bencher"] {
        folder.blink(&format!("bench report new.json --as {format} -o report.{format}")).ok();
    }
    let page = String::from_utf8(folder.read("report.html")).unwrap();
    assert!(page.contains("first start of the context") && page.contains("--device cuda:0"));
}

#[test]
fn requests_under_load_and_several_models_at_once() {
    let (machine, folder) = (Machine::with_onnx_runtime(), mlp());
    let load = measured(&machine, &folder, "--device cuda --mode throughput --concurrency 2 --seconds 0.2");
    let loads = load["loads"].as_array().unwrap();
    assert!(loads.len() == 2 && loads.iter().all(|load| load["cpu_ms"].is_null() && load["pss_bytes"].is_null()));
    let sweep = measured(&machine, &folder, "--device cuda --sweep workers=1,2 --sweep-runs 2");
    assert_eq!(sweep["sweeps"][0]["points"].as_array().unwrap().len(), 2);
}

#[test]
fn a_wrong_answer_is_no_figure() {
    let (machine, folder) = (Machine::with_onnx_runtime(), mlp());
    let path = folder.path("mlp.blink");
    let section = *Artifact::open(&path).unwrap().sections().iter().max_by_key(|section| section.len).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&90f32.to_le_bytes(), section.offset + 64).unwrap();
    let changed = bench(&machine, &folder, "mlp.blink --device cuda -o new.json").run().failed(5);
    assert!(changed.stderr.contains("differs from the recorded one"), "{}", changed.stderr);
    assert!(changed.stdout.is_empty() && !folder.path("new.json").exists());

    // The stand-ins do not compute this one: the CPU's answer is right, and the device's is not.
    let mut graph = GraphBuilder::new("wrong");
    graph.input("x", DType::F32, &dims![1, 64]);
    graph.node("Sigmoid", &["x"], &["y"], []);
    graph.output("y", DType::F32, &dims![1, 64]);
    folder.model("wrong.onnx", &graph.model());
    folder.blink("compile wrong.onnx --device cuda -o wrong.blink").ok();
    let wrong = bench(&machine, &folder, "wrong.blink --device cuda -o new.json").run().failed(5);
    assert!(wrong.stderr.contains("of the device is not the CPU's"), "{}", wrong.stderr);
    assert!(wrong.stdout.is_empty() && !folder.path("new.json").exists());
}

#[test]
fn what_makes_no_sense_on_a_device_is_refused() {
    let (machine, folder) = (Machine::with_onnx_runtime(), mlp());
    let refused = [
        ("--start snapshot", "--start"),
        ("--state hot,disk", "--state disk"),
        ("--sweep threads=1,2", "--sweep threads"),
        ("--against cat", "--against"),
    ];
    for (words, name) in refused {
        bench(&machine, &folder, &format!("mlp.blink --device cuda {words}")).refused(2).names(&[name]);
    }
    bench(&machine, &folder, "mlp.blink --device gpu").run().misused().names(&["cuda-or-cpu"]);
    bench(&machine, &folder, "mlp.blink --strict-placement").run().misused();
    bench(&machine, &folder, "mlp.blink --device cuda:1").run().failed(6);
    let little = bench(&machine, &folder, "mlp.blink --device cuda --device-memory 4KiB").run().failed(1);
    assert!(little.stderr.contains("do not fit in the device memory"), "{}", little.stderr);
    // An artifact for CUDA has to be told where, and one for the CPU cannot be told so.
    let untold = bench(&machine, &folder, "mlp.blink").run();
    assert!(!untold.succeeded() && untold.stderr.contains("give --device cuda"), "{}", untold.stderr);
    folder.blink("compile mlp.onnx -o cpu.blink").ok();
    let other = bench(&machine, &folder, "cpu.blink --device cuda").run();
    assert!(!other.succeeded() && other.stderr.contains("compile the model again"), "{}", other.stderr);
}

#[test]
fn where_there_is_no_device_the_cpu_is_measured_if_that_was_allowed() {
    let (machine, folder) = (Machine::with_onnx_runtime().devices(0), mlp());
    bench(&machine, &folder, "mlp.blink --device cuda").run().failed(6);
    let measurement = measured(&machine, &folder, "--device cuda-or-cpu");
    assert!(ways(&measurement).contains(&"normal") && measurement.get("device").is_none(), "{measurement}");
    assert!(left_out(&measurement).contains("measured on the CPU in its place"), "{measurement}");
    let told = measured(&machine, &folder, "--device cpu --start normal");
    assert_eq!(ways(&told), ["normal"]);
}
