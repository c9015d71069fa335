//! Inputs and outputs that are not supported tensors, and operators that do not exist.

use blink_compiler::onnx::proto::{
    DataType, MapType, OptionalType, SequenceType, SparseTensorType, TensorType, TypeProto, TypeValue,
};
use blink_tensors::DType;
use prost::Message;

use super::{Fault, FoundBy};
use crate::{GraphBuilder, attribute, dims, values};

pub(super) fn faults() -> Vec<Fault> {
    let mut complex = GraphBuilder::new("complex_input");
    complex.input_of_type("x", tensor(DataType::Complex64));
    complex.node("Shape", &["x"], &["y"], []);
    complex.output("y", DType::I64, &dims![1]);
    let mut untyped = unary("Identity").model();
    for value in untyped.graph.iter_mut().flat_map(|graph| &mut graph.input) {
        value.r#type = None;
    }
    [
        ("sequence_input", FoundBy::Signature, sequence_input().model()),
        ("map_output", FoundBy::Signature, map_output().model()),
        ("optional_input", FoundBy::Signature, optional_input().model()),
        ("sparse_input", FoundBy::Signature, sparse_input().model()),
        ("complex_input", FoundBy::Signature, complex.model()),
        ("untyped_input", FoundBy::Signature, untyped),
        ("unknown_operator", FoundBy::Operators, unary("Frobnicate").model()),
        ("unknown_domain", FoundBy::Operators, unary("example.invalid:Relu").model()),
        ("unsupported_data_type", FoundBy::Operators, strings_added().model()),
    ]
    .map(|(label, found_by, model)| (label, found_by, model.encode_to_vec()))
    .into()
}

fn tensor(data_type: DataType) -> TypeValue {
    TypeValue::Tensor(TensorType { elem_type: Some(data_type as i32), shape: Some(Default::default()) })
}

fn boxed(value: TypeValue) -> Option<Box<TypeProto>> {
    Some(Box::new(TypeProto { value: Some(value), ..Default::default() }))
}

fn unary(operator: &str) -> GraphBuilder {
    let mut graph = GraphBuilder::new("unary");
    graph.input("x", DType::F32, &dims![4]);
    graph.node(operator, &["x"], &["y"], []);
    graph.output("y", DType::F32, &dims![4]);
    graph
}

fn strings_added() -> GraphBuilder {
    let mut graph = GraphBuilder::new("strings_added");
    graph.input("x", DType::String, &dims![4]);
    graph.node("Add", &["x", "x"], &["y"], []);
    graph.output("y", DType::String, &dims![4]);
    graph
}

fn sequence_input() -> GraphBuilder {
    let mut graph = GraphBuilder::new("sequence_input");
    graph.input_of_type("x", TypeValue::Sequence(SequenceType { elem_type: boxed(tensor(DataType::Float)) }));
    graph.node("SequenceLength", &["x"], &["y"], []);
    graph.output("y", DType::I64, &dims![]);
    graph
}

/// Probabilities by class name, as classifiers of `ai.onnx.ml` are exported.
fn map_output() -> GraphBuilder {
    let mut graph = GraphBuilder::new("map_output");
    graph.input("x", DType::F32, &dims![1, 2]);
    let classes = attribute::ints("classlabels_int64s", &[0, 1]);
    graph.node("ai.onnx.ml:ZipMap", &["x"], &["y"], [classes]);
    let map = MapType { key_type: Some(DataType::Int64 as i32), value_type: boxed(tensor(DataType::Float)) };
    graph.output_of_type("y", TypeValue::Sequence(SequenceType { elem_type: boxed(TypeValue::Map(map)) }));
    graph
}

fn optional_input() -> GraphBuilder {
    let mut graph = GraphBuilder::new("optional_input");
    graph.input_of_type("x", TypeValue::Optional(OptionalType { elem_type: boxed(tensor(DataType::Float)) }));
    graph.node("OptionalHasElement", &["x"], &["y"], []);
    graph.output("y", DType::Bool, &dims![]);
    graph
}

fn sparse_input() -> GraphBuilder {
    let mut graph = GraphBuilder::new("sparse_input");
    let sparse = SparseTensorType { elem_type: Some(DataType::Float as i32), shape: Some(Default::default()) };
    graph.input_of_type("x", TypeValue::SparseTensor(sparse));
    graph.initializer("w", &values(&[2, 2], &[1f32; 4]));
    graph.node("com.microsoft:SparseToDenseMatMul", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims![2, 2]);
    graph
}
