//! Small models that many tests drive, and how they are compiled.

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::{GraphBuilder, dims, values};
use blink_tensors::{DType, Tensor};

use super::Folder;

/// The input of [`one`] that its tests use: [2, 3].
pub(crate) const X: [f32; 6] = [1.0, 2.0, 3.0, -1.0, 0.5, 0.0];
/// What [`one`] makes of [`X`]: [2, 2].
pub(crate) const Y: [f32; 4] = [5.0, 14.0, 0.5, 0.0];

/// One input, one output: `x` f32 [batch, 3] times [[0, 1], [1, 2], [1, 3]] is `y` f32 [batch, 2].
pub(crate) fn one() -> ModelProto {
    let mut graph = GraphBuilder::new("one");
    graph.input("x", DType::F32, &dims!["batch", 3]);
    graph.initializer("w", &values(&[3, 2], &[0f32, 1.0, 1.0, 2.0, 1.0, 3.0]));
    graph.node("MatMul", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", 2]);
    graph.model()
}

/// Two inputs of one symbolic size, two outputs: `a` and `b`, i64 [n], to `sum` and `product`.
pub(crate) fn two() -> ModelProto {
    let mut graph = GraphBuilder::new("two");
    graph.input("a", DType::I64, &dims!["n"]);
    graph.input("b", DType::I64, &dims!["n"]);
    graph.node("Add", &["a", "b"], &["sum"], []);
    graph.node("Mul", &["a", "b"], &["product"], []);
    graph.output("sum", DType::I64, &dims!["n"]);
    graph.output("product", DType::I64, &dims!["n"]);
    graph.model()
}

/// [`X`] as the tensor that [`one`] takes.
pub(crate) fn x() -> Tensor {
    values(&[2, 3], &X)
}

/// [`Y`] as the tensor that [`one`] gives.
pub(crate) fn y() -> Tensor {
    values(&[2, 2], &Y)
}

/// A folder with `one.onnx`, `one.blink` and `x.npy`.
pub(crate) fn compiled_one() -> Folder {
    let folder = Folder::new();
    folder.model("one.onnx", &one());
    folder.npy("x.npy", &x());
    folder.blink("compile one.onnx -o one.blink").ok();
    folder
}

/// A folder with `two.onnx`, `two.blink`, and `a.npy` and `b.npy`: [1, 2, 3] and [10, 20, 30].
pub(crate) fn compiled_two() -> Folder {
    let folder = Folder::new();
    folder.model("two.onnx", &two());
    folder.npy("a.npy", &values(&[3], &[1i64, 2, 3]));
    folder.npy("b.npy", &values(&[3], &[10i64, 20, 30]));
    folder.blink("compile two.onnx -o two.blink").ok();
    folder
}
