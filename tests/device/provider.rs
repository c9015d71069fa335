//! ONNX Runtime's own CUDA provider on the stand-ins, with nothing of ours in between.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::{GraphBuilder, dims, values};
use blink_tensors::DType;

use crate::support::Folder;
use crate::support::cuda::{CUDNN, Machine, stand_ins};
use crate::support::models::{X, Y, one};

/// What NVIDIA's names start with.
const NAMES: [&str; 4] = ["cu", "__cuda", "nv", "nccl"];

/// The names that `nm` tells of a library, without their versions.
fn names(library: &Path, which: &str) -> BTreeSet<String> {
    let output = Command::new("nm").args(["-D", which]).arg(library).output().expect("nm (binutils) starts");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let names = text.lines().filter_map(|line| line.split_whitespace().last());
    names.map(|name| name.split('@').next().expect("a name").to_owned()).collect()
}

/// A session of a model with the CUDA provider, run twice with [`X`].
fn session(machine: &Machine, model: &ModelProto) -> Output {
    let folder = Folder::new();
    let model = folder.model("model.onnx", model);
    let mut command = Command::new(stand_ins().join("session"));
    command.arg(machine.cuda_directory().join("libonnxruntime.so.1.31.1")).arg(model).args(["2", "3", "4"]);
    command.args(X.map(|value| value.to_string())).envs(machine.environment());
    let found = [machine.driver_directory(), machine.cuda_directory()];
    command.env("LD_LIBRARY_PATH", std::env::join_paths(found).expect("paths without colons"));
    command.output().expect("the program starts")
}

/// What a session that fails prints.
fn failure(machine: &Machine) -> String {
    let output = session(machine, &one());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_stand_ins_have_every_symbol_that_the_provider_needs() {
    let machine = Machine::with_onnx_runtime();
    let needed = names(&machine.cuda_directory().join("libonnxruntime_providers_cuda.so"), "--undefined-only");
    let mut given = BTreeSet::new();
    for directory in ["driver", "toolkit"] {
        for library in std::fs::read_dir(stand_ins().join(directory)).expect("the stand-ins") {
            given.append(&mut names(&library.expect("an entry").path(), "--defined-only"));
        }
    }
    let is_theirs = |name: &&String| NAMES.iter().any(|start| name.starts_with(start));
    let missing: Vec<_> = needed.difference(&given).filter(is_theirs).collect();
    assert!(missing.is_empty(), "write a stand-in for {missing:?}, in tests/device/stand_in");
    assert!(needed.contains("cudaMalloc"), "{needed:?}");
}

#[test]
fn a_session_comes_up_and_multiplies_on_the_device() {
    let machine = Machine::with_onnx_runtime();
    let output = session(&machine, &one());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), Y.map(|value| value.to_string()).join(" "));
    // The dynamic loader is content too: it says so where a library lacks the versions that are asked for.
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let log = machine.log();
    assert_eq!((log.count("gemm"), log.kernels().len()), (2, 0));
    // The weights once, the input in each of the two runs.
    assert_eq!(log.sizes("copy to-device"), [24, 24, 24]);
    assert_eq!(log.sizes("copy to-host"), [16, 16]);
    // The session gives back all that it took.
    assert_eq!(log.held("device"), 0);
    assert_eq!(log.count("stream create"), log.count("stream destroy"));
}

#[test]
fn a_few_kernels_are_computed() {
    let mut graph = GraphBuilder::new("kernels");
    graph.input("x", DType::F32, &dims!["batch", 3]);
    graph.initializer("w", &values(&[3, 2], &[0f32, 1.0, 1.0, 2.0, 1.0, 3.0]));
    graph.initializer("bias", &values(&[2], &[-2f32, -10.0]));
    graph.initializer("half", &values(&[], &[0.5f32]));
    graph.node("Gemm", &["x", "w", "bias"], &["h"], []);
    graph.node("Relu", &["h"], &["r"], []);
    graph.node("Mul", &["r", "half"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", 2]);
    let machine = Machine::with_onnx_runtime();
    let output = session(&machine, &graph.model());
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1.5 2 0 0\n");
    let (log, names) = (machine.log(), ["BroadcastBias", "OP_Relu", "OP_Mul"]);
    assert_eq!(log.kernels().len(), 6, "{log:?}");
    let runs = log.kernels().into_iter().zip(names.iter().cycle());
    assert!(runs.into_iter().all(|(kernel, name)| kernel.contains(name)), "{log:?}");
}

#[test]
fn a_product_needs_no_cudnn() {
    let output = session(&Machine::with_onnx_runtime().without(CUDNN), &one());
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_the_device_says_reaches_the_caller() {
    let no_device = failure(&Machine::with_onnx_runtime().devices(0));
    assert!(no_device.contains("CUDA failure 100: no CUDA-capable device is detected"), "{no_device}");
    let full = failure(&Machine::with_onnx_runtime().memory(512));
    assert!(full.contains("Failed to allocate memory for requested buffer of size"), "{full}");
    let lost = failure(&Machine::with_onnx_runtime().lost("cudaStreamSynchronize", 3, 46));
    assert!(lost.contains("CUDA failure 46: CUDA-capable device(s) is/are busy or unavailable"), "{lost}");
}

#[test]
fn a_library_that_does_not_load_is_missed() {
    for soname in ["libcuda.so.1", "libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13", "libcurand.so.10"] {
        let text = failure(&Machine::with_onnx_runtime().broken(soname));
        assert!(text.contains("Failed to load shared library"), "{soname}: {text}");
    }
}
