//! Networks whose operators the stand-ins compute, their artifacts for CUDA, and what a launcher needs to start them.

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::{GraphBuilder, Random, dims, values};
use blink_runtime::{Answer, Device, FailureClass, Launcher, StartMode, Worker, WorkerError, WorkerSpec};
use blink_tensors::{DType, Tensor};

use crate::support::Folder;
use crate::support::folder::BLINK;

/// Columns of the input and of the output.
pub(crate) const COLUMNS: usize = 64;

/// Two layers, `x` f32 [batch, 64] to `y` f32 [batch, 64], with `width` units between them. Each seed has weights of
/// its own.
pub(crate) fn network(width: usize, seed: u64) -> ModelProto {
    let mut random = Random::new(seed);
    let mut graph = GraphBuilder::new("network");
    graph.input("x", DType::F32, &dims!["batch", COLUMNS as u64]);
    for (name, shape) in [("w1", [COLUMNS, width]), ("w2", [width, COLUMNS])] {
        graph.initializer(name, &values(&shape, &random.uniforms(shape[0] * shape[1], -0.1, 0.1)));
    }
    for (name, len) in [("b1", width), ("b2", COLUMNS)] {
        graph.initializer(name, &values(&[len], &random.uniforms(len, -0.1, 0.1)));
    }
    graph.node("Gemm", &["x", "w1", "b1"], &["h"], []);
    graph.node("Relu", &["h"], &["r"], []);
    graph.node("Gemm", &["r", "w2", "b2"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", COLUMNS as u64]);
    graph.model()
}

/// `d`, f32 [2]: the determinants of `x` f32 [2, 3, 3] times a matrix. There is no CUDA kernel for determinants.
pub(crate) fn determinants() -> ModelProto {
    let mut graph = GraphBuilder::new("determinants");
    graph.input("x", DType::F32, &dims![2, 3, 3]);
    graph.initializer("w", &values(&[3, 3], &[2f32, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 2.0]));
    graph.node("MatMul", &["x", "w"], &["m"], []);
    graph.node("Det", &["m"], &["d"], []);
    graph.output("d", DType::F32, &dims![2]);
    graph.model()
}

/// A convolution, `x` f32 [1, 1, 4, 4] to `y` f32 [1, 1, 2, 2], which the CUDA provider leaves to cuDNN.
pub(crate) fn convolution() -> ModelProto {
    let mut graph = GraphBuilder::new("convolution");
    graph.input("x", DType::F32, &dims![1, 1, 4, 4]);
    graph.initializer("w", &values(&[1, 1, 3, 3], &[1f32; 9]));
    graph.node("Conv", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims![1, 1, 2, 2]);
    graph.model()
}

/// `rows` rows of input for [`network`], always the same.
pub(crate) fn rows(rows: usize) -> Tensor {
    values(&[rows, COLUMNS], &Random::new(7).uniforms(rows * COLUMNS, -1.0, 1.0))
}

/// Writes `NAME.onnx` and compiles `NAME.blink` from it, for CUDA.
pub(crate) fn compile(folder: &Folder, name: &str, model: &ModelProto, options: &str) {
    folder.model(&format!("{name}.onnx"), model);
    folder.blink(&format!("compile {name}.onnx -o {name}.blink --device cuda --try-on none {options}")).ok();
}

/// A folder with `net.blink`, a [`network`] of 96 units, and its input `x.npy` of three rows.
pub(crate) fn one_network() -> Folder {
    let folder = Folder::new();
    compile(&folder, "net", &network(96, 1), "");
    folder.npy("x.npy", &rows(3));
    folder
}

/// A launcher of the binary under test.
pub(crate) fn launcher() -> Launcher {
    Launcher::new(BLINK)
}

/// An artifact in `folder`, on device 0.
pub(crate) fn on_device(folder: &Folder, artifact: &str) -> WorkerSpec {
    let mut spec = WorkerSpec::new(folder.path(artifact));
    spec.device = Some(Device::Cuda(0));
    spec.start = StartMode::Normal;
    spec.options.threads = Some(1);
    spec
}

/// A model on device 0.
pub(crate) fn started(launcher: &Launcher, folder: &Folder, artifact: &str) -> Worker {
    launcher.launch(&on_device(folder, artifact)).expect("a model is launched")
}

/// The bits of `y`, for [`rows`] of input.
pub(crate) fn answer(worker: &mut Worker, input: &Tensor) -> Result<Vec<u32>, WorkerError> {
    Ok(bits(worker.run(&[("x", input.view())])?))
}

/// The bits of the first output, which has 4 bytes an element.
pub(crate) fn bits(answer: Answer<'_>) -> Vec<u32> {
    let output = answer.iter().next().expect("one output").1;
    let bytes = output.bytes().expect("numbers");
    bytes.chunks_exact(4).map(|bits| u32::from_ne_bytes(bits.try_into().expect("4 bytes"))).collect()
}

/// The largest difference between two answers of floats.
pub(crate) fn distance(a: &[u32], b: &[u32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b).map(|(a, b)| (f32::from_bits(*a) - f32::from_bits(*b)).abs());
    pairs.fold(0.0, |most, difference| if difference > most || difference.is_nan() { difference } else { most })
}

/// The class and the words of a failure.
pub(crate) fn failed<T: std::fmt::Debug>(result: Result<T, WorkerError>) -> (FailureClass, String) {
    match result {
        Err(WorkerError::Failed { class, message }) => (class, message),
        other => panic!("expected a failure: {other:?}"),
    }
}
