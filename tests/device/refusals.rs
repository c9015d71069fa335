//! What cannot run on a device is refused in words, with an exit code, and never runs elsewhere in silence.

use std::fs;
use std::os::unix::fs::symlink;

use blink_examples::values;
use blink_runtime::library;

use crate::networks::{compile, convolution, determinants, network, one_network};
use crate::support::cuda::{CUDNN, Machine};
use crate::support::folder::Blink;
use crate::support::{Folder, Refusal, models};

/// `blink` on this machine.
pub(crate) fn on(machine: &Machine, blink: Blink) -> Blink {
    machine.environment().into_iter().fold(blink, |blink, (name, value)| blink.env(name, value))
}

/// What `blink run` says that runs the network of [`one_network`] on this machine with these options, and fails.
fn refused(machine: &Machine, folder: &Folder, options: &str, code: i32) -> Refusal {
    on(machine, folder.blink(&format!("run net.blink -i x=x.npy {options}"))).refused(code)
}

#[test]
fn a_missing_library_is_named() {
    let folder = one_network();
    for soname in ["libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10"] {
        let machine = Machine::with_onnx_runtime().broken(soname);
        let said = refused(&machine, &folder, "--device cuda", 6);
        said.names(&["cuda:0", soname, "file too short", "blink setup --device cuda", "blink doctor"]);
    }
}

#[test]
fn a_missing_or_old_driver_is_named() {
    let folder = one_network();
    let machine = Machine::with_onnx_runtime().broken("libcuda.so.1");
    let said = refused(&machine, &folder, "--device cuda", 6);
    said.names(&["NVIDIA's driver cannot be loaded", "libcuda.so.1", "blink doctor", "cuda-or-cpu"]);
    let machine = Machine::with_onnx_runtime().driver(12_080);
    refused(&machine, &folder, "--device cuda", 6).names(&["driver knows CUDA 12.8", "CUDA 13.0 is needed"]);
}

#[test]
fn a_device_that_is_not_there_is_named() {
    let folder = one_network();
    let machine = Machine::with_onnx_runtime().devices(0);
    refused(&machine, &folder, "--device cuda", 6).names(&["device cuda:0 is not there: the driver has 0"]);
    let machine = Machine::with_onnx_runtime().devices(2);
    refused(&machine, &folder, "--device cuda:2", 6).names(&["device cuda:2 is not there: the driver has 2"]);
    on(&machine, folder.blink("run net.blink -i x=x.npy --device cuda:1")).ok().quiet();
    for device in ["gpu", "cuda:", "cuda:-1", "cuda:x", "cpu:0"] {
        let said = on(&machine, folder.blink(&format!("run net.blink -i x=x.npy --device {device}"))).run().misused();
        said.names(&["expected cpu, cuda, cuda:N or cuda-or-cpu"]);
    }
}

#[test]
fn a_build_that_is_not_for_cuda_is_refused() {
    let folder = one_network();
    let cpu = library::find().expect("a build for the CPU").path;
    // Nothing of CUDA is beside it.
    let machine = Machine::with_onnx_runtime();
    let run = on(&machine, folder.blink("run net.blink -i x=x.npy --device cuda"));
    let said = run.env("ORT_DYLIB_PATH", &cpu).refused(6);
    said.names(&["ORT_DYLIB_PATH", "libonnxruntime_providers_shared.so"]);
    // What is beside it does not make it one.
    let in_place = machine.cuda_directory().join("libonnxruntime.so.1.31.1");
    fs::remove_file(&in_place).expect("a link");
    symlink(&cpu, &in_place).expect("a link");
    refused(&machine, &folder, "--device cuda", 6).names(&["CUDA execution provider is not enabled in this build"]);
}

#[test]
fn what_is_not_installed_is_to_be_set_up() {
    let folder = one_network();
    let said = refused(&Machine::new(), &folder, "--device cuda", 6);
    said.names(&["libonnxruntime.so.1.31.1", "blink setup --device cuda"]);
}

#[test]
fn cudnn_is_missed_by_the_model_that_needs_it() {
    let folder = one_network();
    compile(&folder, "conv", &convolution(), "");
    folder.npy("image.npy", &values(&[1, 1, 4, 4], &[1f32; 16]));
    let machine = Machine::with_onnx_runtime().broken(CUDNN);
    let said = on(&machine, folder.blink("run conv.blink -i x=image.npy --device cuda")).refused(6);
    said.names(&[CUDNN, "blink setup --device cuda"]);
    on(&machine, folder.blink("run net.blink -i x=x.npy --device cuda")).ok().quiet();
}

#[test]
fn an_artifact_runs_where_it_was_made_for() {
    let (folder, machine) = (one_network(), Machine::with_onnx_runtime());
    refused(&machine, &folder, "", 4).names(&["net.blink was compiled for cuda", "give --device cuda"]);
    folder.model("cpu.onnx", &network(96, 1));
    folder.blink("compile cpu.onnx -o cpu.blink").ok();
    for device in ["cuda", "cuda-or-cpu"] {
        let run = on(&machine, folder.blink(&format!("run cpu.blink -i x=x.npy --device {device}")));
        run.refused(4).names(&["cpu.blink was compiled for cpu", "compile the model again with `--device cuda`"]);
    }
    on(&machine, folder.blink("run cpu.blink -i x=x.npy --device cpu --start normal")).ok().quiet();
}

#[test]
fn a_device_cannot_be_written_down() {
    let (folder, machine) = (one_network(), Machine::with_onnx_runtime());
    for device in ["cuda", "cuda-or-cpu"] {
        let said = refused(&machine, &folder, &format!("--device {device} --start snapshot"), 1);
        said.names(&["from a snapshot", "leave --start out"]);
    }
    assert!(machine.log().events().is_empty(), "{:?}", machine.log());
}

#[test]
fn a_guest_does_not_run_beside_a_device() {
    let (folder, machine) = (models::compiled_one(), Machine::with_onnx_runtime());
    let program =
        wat::parse_str(r#"(module (memory (export "memory") 1) (func (export "_start")))"#).expect("a module");
    folder.write("guest.wasm", program);
    folder.blink("compile one.onnx -o guest.blink --guest guest.wasm").ok();
    on(&machine, folder.blink("run guest.blink --device cuda")).refused(4).names(&["compiled for cpu"]);
}

#[test]
fn nodes_that_are_left_to_the_cpu_are_counted_or_refused() {
    let (folder, machine) = (Folder::new(), Machine::with_onnx_runtime());
    compile(&folder, "det", &determinants(), "");
    folder.npy("x.npy", &values(&[2, 3, 3], &[1f32, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0].repeat(2)));
    let run = |options: &str| on(&machine, folder.blink(&format!("run det.blink -i x=x.npy --device cuda {options}")));
    let said = run("-v").ok();
    assert!(said.stderr.contains("1 nodes there, 1 on the CPU (Det 1)"), "{}", said.stderr);
    let report = run("--format json").ok().json("blink.run/1");
    let placement = &report["on_device"]["placement"];
    assert_eq!(
        (&placement["on_device"], &placement["on_cpu"]),
        (&1.into(), &serde_json::json!({"Det": 1})),
        "{report}"
    );
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([8.0, 8.0]));
    run("--strict-placement").refused(6).names(&["leaves nodes to the CPU (Det 1)", "--strict-placement"]);
    let folder = one_network();
    on(&machine, folder.blink("run net.blink -i x=x.npy --device cuda --strict-placement")).ok().quiet();
    folder.blink("run net.blink -i x=x.npy --strict-placement").run().misused().names(&["--device"]);
}

#[test]
fn the_input_is_still_checked() {
    let (folder, machine) = (one_network(), Machine::with_onnx_runtime());
    folder.npy("narrow.npy", &values(&[3, 2], &[0f32; 6]));
    on(&machine, folder.blink("run net.blink -i x=narrow.npy --device cuda")).refused(2).names(&["x"]);
}
