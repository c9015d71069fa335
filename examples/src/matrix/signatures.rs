//! Shapes of inputs and outputs: scalars, empty tensors, dynamic sizes, many values or none, defaults.

use blink_compiler::onnx::Dim;
use blink_tensors::DType;

use super::Case;
use super::reference::matmul;
use crate::{GraphBuilder, attribute, dims, values};

pub(super) fn cases() -> Vec<Case> {
    vec![
        scalar(),
        empty(),
        reduced_empty(),
        dynamic(1),
        dynamic(5),
        any_rank(),
        unknown_dims(),
        many(),
        no_inputs(),
        defaulted(false),
        defaulted(true),
        passed_through(),
        optional_input(),
    ]
}

fn scalar() -> Case {
    let mut graph = GraphBuilder::new("scalar");
    graph.initializer("two", &values(&[], &[2f32]));
    graph.node("Mul", &["x", "two"], &["y"], []);
    Case::new(graph, [("x", values(&[], &[1.5f32]))], [("y", values(&[], &[3f32]))])
}

fn empty() -> Case {
    let mut graph = GraphBuilder::new("empty");
    graph.initializer("w", &values::<f32>(&[0, 3], &[]));
    graph.input("x", DType::F32, &dims!["rows", 3]);
    graph.output("y", DType::F32, &dims!["all_rows", 3]);
    graph.node("Concat", &["x", "w"], &["y"], [attribute::int("axis", 0)]);
    Case::new(graph, [("x", values::<f32>(&[0, 3], &[]))], [("y", values::<f32>(&[0, 3], &[]))])
}

/// A sum over no rows is zero.
fn reduced_empty() -> Case {
    let mut graph = GraphBuilder::new("empty_sum");
    graph.initializer("axes", &values(&[1], &[0i64]));
    graph.input("x", DType::F32, &dims!["rows", 2]);
    graph.node("ReduceSum", &["x", "axes"], &["y"], [attribute::int("keepdims", 0)]);
    Case::new(graph, [("x", values::<f32>(&[0, 2], &[]))], [("y", values(&[2], &[0f32; 2]))])
}

fn dynamic(batch: usize) -> Case {
    let x: Vec<f32> = (0..batch * 2).map(|i| i as f32 - 3.0).collect();
    let w = [1f32, 2.0, -1.0, 0.5, 0.25, 4.0];
    let mut graph = GraphBuilder::new(&format!("dynamic_batch_{batch}"));
    graph.input("x", DType::F32, &dims!["batch", 2]);
    graph.output("y", DType::F32, &dims!["batch", 3]);
    graph.initializer("w", &values(&[2, 3], &w));
    graph.node("MatMul", &["x", "w"], &["y"], []);
    let y = matmul(&x, &w, [batch, 2, 3]);
    Case::new(graph, [("x", values(&[batch, 2], &x))], [("y", values(&[batch, 3], &y))])
}

fn any_rank() -> Case {
    let mut graph = GraphBuilder::new("any_rank");
    graph.input_of_any_rank("x", DType::I64);
    graph.node("Shape", &["x"], &["y"], []);
    graph.output("y", DType::I64, &[Dim::Unknown]);
    Case::new(graph, [("x", values(&[2, 1, 3], &[0i64; 6]))], [("y", values(&[3], &[2i64, 1, 3]))])
}

fn unknown_dims() -> Case {
    let mut graph = GraphBuilder::new("unknown_dims");
    graph.input("x", DType::F32, &[Dim::Unknown, Dim::Fixed(2)]);
    graph.output("y", DType::F32, &[Dim::Unknown, Dim::Unknown]);
    graph.node("Neg", &["x"], &["y"], []);
    Case::new(graph, [("x", values(&[1, 2], &[1f32, -2.0]))], [("y", values(&[1, 2], &[-1f32, 2.0]))])
}

/// Three inputs of different types, four outputs, one of them used inside as well.
fn many() -> Case {
    let (a, b) = ([1f32, 2.0], [10f32, 20.0]);
    let mut graph = GraphBuilder::new("many_values");
    graph.node("Add", &["a", "b"], &["sum"], []);
    graph.node("Mul", &["sum", "b"], &["product"], []);
    graph.node("Gather", &["a", "index"], &["picked"], []);
    graph.node("Size", &["index"], &["size"], []);
    let sum = [a[0] + b[0], a[1] + b[1]];
    let product = [sum[0] * b[0], sum[1] * b[1]];
    Case::new(
        graph,
        [("a", values(&[2], &a)), ("b", values(&[2], &b)), ("index", values(&[3], &[1i64, 0, 1]))],
        [
            ("sum", values(&[2], &sum)),
            ("product", values(&[2], &product)),
            ("picked", values(&[3], &[a[1], a[0], a[1]])),
            ("size", values(&[], &[3i64])),
        ],
    )
}

fn no_inputs() -> Case {
    let mut graph = GraphBuilder::new("no_inputs");
    graph.node("Constant", &[], &["c"], [attribute::tensor("value", &values(&[2], &[3i32, 4]))]);
    graph.initializer("w", &values(&[2], &[10i32, 20]));
    graph.node("Add", &["c", "w"], &["y"], []);
    Case::new(graph, [], [("y", values(&[2], &[13i32, 24]))])
}

/// An input with a default, an initializer of the same name; passed or left out.
fn defaulted(passed: bool) -> Case {
    let mut graph = GraphBuilder::new(if passed { "default_replaced" } else { "default_used" });
    graph.input("x", DType::F32, &dims![2]);
    graph.input("w", DType::F32, &dims![2]);
    graph.initializer("w", &values(&[2], &[1f32, 2.0]));
    graph.node("Add", &["x", "w"], &["y"], []);
    let x = ("x", values(&[2], &[10f32, 20.0]));
    if passed {
        let w = ("w", values(&[2], &[5f32, 6.0]));
        Case::new(graph, [x, w], [("y", values(&[2], &[15f32, 26.0]))])
    } else {
        Case::new(graph, [x], [("y", values(&[2], &[11f32, 22.0]))])
    }
}

/// An output that is an input, one that is an initializer, and an input that nothing uses.
fn passed_through() -> Case {
    let x = values(&[2], &[1f32, 2.0]);
    let w = values(&[1], &[7i64]);
    let mut graph = GraphBuilder::new("passed_through");
    graph.initializer("w", &w);
    graph.node("Abs", &["x"], &["y"], []);
    Case::new(graph, [("x", x.clone()), ("unused", values(&[1], &[true]))], [("y", x.clone()), ("x", x), ("w", w)])
}

/// Clip without its lower bound: the empty name in the middle of the inputs.
fn optional_input() -> Case {
    let mut graph = GraphBuilder::new("optional_input");
    graph.initializer("max", &values(&[], &[1f32]));
    graph.node("Clip", &["x", "", "max"], &["y"], []);
    let x = values(&[3], &[-100f32, 0.5, 2.0]);
    Case::new(graph, [("x", x)], [("y", values(&[3], &[-100f32, 0.5, 1.0]))])
}
