//! A guest's answer is the model's, bit for bit: every dtype of the interfaces, several inputs and outputs, both
//! interfaces, both starts. What is right is what the same model answers without a guest.

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::guests::{Guest, Interface, build};
use blink_examples::{GraphBuilder, dims};
use blink_runtime::{GuestEnded, StartMode, WorkerSpec};
use blink_tensors::{DType, seeded};

use super::support::Folder;
use super::support::home::Home;
use super::support::models::two;
use super::{request, run};

const BOTH: [Interface; 2] = [Interface::Module, Interface::Component];

/// `y` is `x` turned round, [2, 3] to [3, 2]: every dtype can do that.
fn turned(dtype: DType) -> ModelProto {
    let mut graph = GraphBuilder::new("turned");
    graph.input("x", dtype, &dims![2, 3]);
    graph.node("Transpose", &["x"], &["y"], []);
    graph.output("y", dtype, &dims![3, 2]);
    graph.model()
}

/// A home with the model as `m.blink`, and with the guest `bytes` as `g.blink`.
fn home(model: &ModelProto, interface: Interface) -> Home {
    let folder = Folder::new();
    folder.model("m.onnx", model);
    let program = build(Guest::Bytes, interface).unwrap_or_else(|error| panic!("{error}"));
    folder.blink("compile m.onnx -o m.blink").ok();
    folder.blink("compile m.onnx -o g.blink --guest").arg(program).ok();
    Home::of(folder)
}

/// The answer to inputs made from seeds: without a guest, and with one by each start. All are the same.
fn agree(model: &ModelProto, interface: Interface, inputs: &[(&str, DType, &[usize])], outputs: &[&str]) {
    let home = home(model, interface);
    let tensors: Vec<_> = inputs
        .iter()
        .map(|(name, dtype, shape)| (*name, seeded::tensor(7, name, *dtype, shape).expect("a seeded tensor")))
        .collect();
    let views: Vec<_> = tensors.iter().map(|(name, tensor)| (*name, tensor.view())).collect();
    let mut worker = home.launcher().launch(&home.spec("m.blink", StartMode::Normal)).expect("a worker");
    let answer = worker.run(&views).unwrap_or_else(|error| panic!("{error}"));
    let expected: Vec<Vec<u8>> = answer.iter().map(|(_, view)| view.bytes().expect("no strings").to_vec()).collect();

    let shape = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x");
    let mut words = vec!["m".to_owned()];
    words.extend(inputs.iter().map(|(name, dtype, dims)| format!("{name}:{dtype}:{}", shape(dims))));
    words.push("--".into());
    words.extend(outputs.iter().zip(&expected).map(|(name, bytes)| format!("{name}:{}", bytes.len())));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let stdin: Vec<u8> = views.iter().flat_map(|(_, view)| view.bytes().expect("no strings").to_vec()).collect();

    home.warm("g.blink");
    for start in [StartMode::Normal, StartMode::Snapshot] {
        let spec: WorkerSpec = home.spec("g.blink", start);
        let mut worker = home.launcher().launch(&spec).expect("a worker");
        for _ in 0..2 {
            let (report, written) = run(&mut worker, &request(&words), &stdin);
            assert_eq!(report.ended, GuestEnded::Exit(0), "{interface:?} {start:?} {words:?}");
            assert_eq!(written, expected.concat(), "{interface:?} {start:?} {words:?}");
            assert_eq!(report.used.computes, 1);
        }
    }
}

#[test]
fn every_dtype_of_modules() {
    for dtype in [DType::F16, DType::F32, DType::F64, DType::U8, DType::I32, DType::I64] {
        agree(&turned(dtype), Interface::Module, &[("x", dtype, &[2, 3])], &["y"]);
    }
}

#[test]
fn every_dtype_of_components() {
    for dtype in [DType::F16, DType::BF16, DType::F32, DType::F64, DType::U8, DType::I32, DType::I64] {
        agree(&turned(dtype), Interface::Component, &[("x", dtype, &[2, 3])], &["y"]);
    }
}

#[test]
fn several_inputs_and_outputs() {
    for interface in BOTH {
        let inputs: [(&str, DType, &[usize]); 2] = [("a", DType::I64, &[5]), ("b", DType::I64, &[5])];
        agree(&two(), interface, &inputs, &["sum", "product"]);
    }
}

#[test]
fn several_models_by_name() {
    let folder = Folder::new();
    folder.model("one.onnx", &super::support::models::one());
    folder.model("b.onnx", &two());
    let program = build(Guest::Bytes, Interface::Module).unwrap_or_else(|error| panic!("{error}"));
    folder.blink("compile one.onnx --model pair=b.onnx -o g.blink --guest").arg(program).ok();
    let one: Vec<u8> = super::support::models::X.iter().flat_map(|x| x.to_le_bytes()).collect();
    let words = "run g.blink --start normal -- one x:f32:2x3 -- y:16";
    assert_eq!(folder.blink(words).stdin(one).ok().stdout, super::programs::answer());
    let pair: Vec<u8> = [1i64, 2, 3, 10, 20, 30].iter().flat_map(|x| x.to_le_bytes()).collect();
    let words = "run g.blink --start normal -- pair a:i64:3 b:i64:3 -- sum:24 product:24";
    let expected: Vec<u8> = [11i64, 22, 33, 10, 40, 90].iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(folder.blink(words).stdin(pair).ok().stdout, expected);
    let unknown = folder.blink("run g.blink --start normal -- other x:f32:2x3 -- y:16").stdin([0; 24]).run().failed(1);
    assert!(unknown.stderr.starts_with("bytes: "), "{}", unknown.stderr);
}
