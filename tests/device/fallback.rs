//! `cuda-or-cpu` falls back aloud, and nothing else falls back.

use std::fs;

use crate::networks::{distance, one_network};
use crate::refusals::on;
use crate::support::Folder;
use crate::support::cuda::Machine;

/// `y` of a run that was told to print it.
fn bits(report: &serde_json::Value) -> Vec<u32> {
    let rows = report["outputs"][0]["values"].as_array().expect("rows");
    let values = rows.iter().flat_map(|row| row.as_array().expect("a row").iter());
    values.map(|value| (value.as_f64().expect("a number") as f32).to_bits()).collect()
}

fn run(machine: &Machine, folder: &Folder, device: &str) -> (serde_json::Value, String) {
    let run =
        on(machine, folder.blink(&format!("run net.blink -i x=x.npy --device {device} --start normal --format json")))
            .ok();
    (run.json("blink.run/1"), run.stderr)
}

#[test]
fn it_falls_back_aloud() {
    let folder = one_network();
    let (on_cpu, said) = run(&Machine::with_onnx_runtime(), &folder, "cpu");
    assert_eq!(said, "");
    let broken = [
        (Machine::with_onnx_runtime().devices(0), "is not there"),
        (Machine::with_onnx_runtime().broken("libcuda.so.1"), "NVIDIA's driver cannot be loaded"),
        (Machine::with_onnx_runtime().broken("libcublas.so.13"), "libcublas.so.13"),
        (Machine::new(), "blink setup --device cuda"),
    ];
    for (machine, why) in broken {
        let (report, said) = run(&machine, &folder, "cuda-or-cpu");
        assert_eq!((&report["device"], &report["on_device"]), (&"cpu".into(), &serde_json::Value::Null));
        let reason = report["fell_back"].as_str().expect("a reason");
        assert!(reason.contains("device cuda:0 cannot be used") && reason.contains(why), "{reason}");
        assert!(said.contains(&format!("ran on the CPU: {reason}")), "{said}");
        assert_eq!(bits(&report), bits(&on_cpu), "it is the same run on the same CPU");
    }
}

#[test]
fn it_stays_on_a_device_that_can_be_used() {
    let (folder, machine) = (one_network(), Machine::with_onnx_runtime().devices(2));
    for (asked, found) in [("cuda-or-cpu", "cuda:0"), ("cuda", "cuda:0"), ("cuda-or-cpu:1", "cuda:1")] {
        let (report, said) = run(&machine, &folder, asked);
        assert_eq!((&report["device"], &report["fell_back"]), (&found.into(), &serde_json::Value::Null));
        assert_eq!((&report["start"], said.as_str()), (&"resident".into(), ""));
    }
}

#[test]
fn a_model_for_a_device_runs_on_the_cpu_where_that_is_asked_for() {
    let (folder, machine) = (one_network(), Machine::with_onnx_runtime());
    let (on_cpu, said) = run(&machine, &folder, "cpu");
    assert_eq!((&on_cpu["device"], &on_cpu["fell_back"], said.as_str()), (&"cpu".into(), &serde_json::Value::Null, ""));
    assert!(machine.log().events().is_empty(), "no device was touched: {:?}", machine.log());
    let (on_device, _) = run(&machine, &folder, "cuda");
    assert!(distance(&bits(&on_cpu), &bits(&on_device)) < 1e-5);
}

#[test]
fn both_are_told_where_neither_can_be_used() {
    let (folder, machine) = (one_network(), Machine::with_onnx_runtime().devices(0));
    let versions = machine.cuda_directory();
    let cache = versions.ancestors().nth(2).expect("a cache directory");
    fs::remove_file(cache.join("onnxruntime")).expect("a link");
    let run = on(&machine, folder.blink("run net.blink -i x=x.npy --device cuda-or-cpu")).without("ORT_DYLIB_PATH");
    run.refused(6).names(&["device cuda:0 is not there", "run `blink setup`"]);
}
