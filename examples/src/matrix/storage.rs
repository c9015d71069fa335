//! The ways a model may store things: typed fields instead of raw bytes, nodes out of order, local functions.

use blink_compiler::onnx::proto::{DataType, TensorProto};
use blink_tensors::{DType, Tensor};
use bytes::Bytes;

use super::Case;
use crate::{GraphBuilder, values};

pub(super) fn cases() -> Vec<Case> {
    vec![typed_fields(), packed_nibbles(), out_of_order(), function(), nested_function()]
}

fn typed(name: &str, data_type: DataType, len: i64) -> TensorProto {
    TensorProto {
        name: Some(name.to_owned()),
        dims: vec![len],
        data_type: Some(data_type as i32),
        ..Default::default()
    }
}

/// One initializer in each typed field, handed out as they are.
fn typed_fields() -> Case {
    let mut graph = GraphBuilder::new("typed_fields");
    graph.stored(TensorProto { float_data: vec![1.5, -2.0], ..typed("f32", DataType::Float, 2) });
    graph.stored(TensorProto { double_data: vec![0.25], ..typed("f64", DataType::Double, 1) });
    graph.stored(TensorProto { int64_data: vec![-5, 1 << 40], ..typed("i64", DataType::Int64, 2) });
    graph.stored(TensorProto { uint64_data: vec![u64::MAX], ..typed("u64", DataType::Uint64, 1) });
    graph.stored(TensorProto { uint64_data: vec![7], ..typed("u32", DataType::Uint32, 1) });
    graph.stored(TensorProto { int32_data: vec![-1, 127], ..typed("i8", DataType::Int8, 2) });
    graph.stored(TensorProto { int32_data: vec![1, 0, 1], ..typed("bool", DataType::Bool, 3) });
    // 0x3c00 is 1.0.
    graph.stored(TensorProto { int32_data: vec![0x3c00], ..typed("f16", DataType::Float16, 1) });
    graph.stored(TensorProto { string_data: vec![Bytes::from_static(b"one")], ..typed("string", DataType::String, 1) });
    let names = ["f32", "f64", "i64", "u64", "u32", "i8", "bool", "f16", "string"];
    let outputs = ["y_f32", "y_f64", "y_i64", "y_u64", "y_u32", "y_i8", "y_bool", "y_f16", "y_string"];
    for (name, output) in names.into_iter().zip(outputs) {
        graph.node("Identity", &[name], &[output], []);
    }
    let expected = [
        values(&[2], &[1.5f32, -2.0]),
        values(&[1], &[0.25f64]),
        values(&[2], &[-5i64, 1 << 40]),
        values(&[1], &[u64::MAX]),
        values(&[1], &[7u32]),
        values(&[2], &[-1i8, 127]),
        values(&[3], &[true, false, true]),
        Tensor::from_bytes(DType::F16, &[1], &[0x00, 0x3c]).expect("one half"),
        Tensor::strings(&[1], vec!["one".to_owned()]).expect("one string"),
    ];
    Case::new(graph, [], outputs.into_iter().zip(expected))
}

/// Three int4 in `int32_data`, two to an entry: 7, -8 and 3.
fn packed_nibbles() -> Case {
    let mut graph = GraphBuilder::new("packed_nibbles");
    graph.stored(TensorProto { int32_data: vec![0x87, 0x03], ..typed("w", DataType::Int4, 3) });
    graph.initializer("scale", &values(&[], &[0.5f32]));
    let w = graph.op("DequantizeLinear", &["w", "scale"], []);
    graph.node("Add", &["x", &w], &["y"], []);
    Case::new(graph, [("x", values(&[3], &[1f32, 1.0, 1.0]))], [("y", values(&[3], &[4.5f32, -3.0, 2.5]))])
}

/// ONNX wants nodes sorted; ONNX Runtime takes them in any order.
fn out_of_order() -> Case {
    let mut graph = GraphBuilder::new("out_of_order");
    graph.node("Neg", &["b"], &["y"], []);
    graph.node("Add", &["a", "x"], &["b"], []);
    graph.node("Abs", &["x"], &["a"], []);
    let x = [-2f32, 3.0];
    let y = x.map(|x| -(x.abs() + x));
    Case::new(graph, [("x", values(&[2], &x))], [("y", values(&[2], &y))])
}

/// A local function `square_plus` used twice.
fn function() -> Case {
    let mut graph = GraphBuilder::new("local_function");
    graph.function("examples", &["a", "b"], &["c"], square_plus());
    graph.node("examples:square_plus", &["x", "x"], &["once"], []);
    graph.node("examples:square_plus", &["once", "x"], &["y"], []);
    let x = [1f32, -3.0];
    let y = x.map(|x| (x * x + x).powi(2) + x);
    Case::new(graph, [("x", values(&[2], &x))], [("y", values(&[2], &y))])
}

fn square_plus() -> GraphBuilder {
    let mut body = GraphBuilder::new("square_plus");
    body.node("Mul", &["a", "a"], &["square"], []);
    body.node("Add", &["square", "b"], &["c"], []);
    body
}

/// A local function that is made of another.
fn nested_function() -> Case {
    let mut outer = GraphBuilder::new("negative_root");
    outer.node("examples:root", &["a"], &["b"], []);
    outer.node("Neg", &["b"], &["c"], []);
    let mut inner = GraphBuilder::new("root");
    inner.node("Abs", &["p"], &["q"], []);
    inner.node("Sqrt", &["q"], &["r"], []);
    let mut graph = GraphBuilder::new("nested_function");
    graph.function("examples", &["a"], &["c"], outer);
    graph.function("examples", &["p"], &["r"], inner);
    graph.node("examples:negative_root", &["x"], &["y"], []);
    Case::new(graph, [("x", values(&[2], &[-4f32, 9.0]))], [("y", values(&[2], &[-2f32, -3.0]))])
}
