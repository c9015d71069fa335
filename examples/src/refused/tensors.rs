//! Stored tensors that are not what they declare.

use blink_compiler::onnx::proto::{DataType, TensorProto};
use blink_tensors::DType;
use bytes::Bytes;
use prost::Message;

use super::{Fault, FoundBy};
use crate::{GraphBuilder, dims};

pub(super) fn faults() -> Vec<Fault> {
    let weight = |dims: &[i64]| TensorProto {
        name: Some("w".to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::Float as i32),
        raw_data: Some(Bytes::from_static(&[0; 16])),
        ..Default::default()
    };
    [
        ("no_data", TensorProto { raw_data: None, ..weight(&[4]) }),
        ("too_little_data", weight(&[5])),
        ("huge_tensor", weight(&[1 << 20, 1 << 20])),
        ("overflowing_dims", weight(&[1 << 33, 1 << 33])),
        ("negative_dim", weight(&[-4])),
        ("stored_twice", TensorProto { float_data: vec![0.0; 4], ..weight(&[4]) }),
        ("unknown_data_type", TensorProto { data_type: Some(99), ..weight(&[4]) }),
    ]
    .map(|(label, tensor)| {
        let mut graph = GraphBuilder::new(label);
        graph.input("x", DType::F32, &dims![4]);
        graph.stored(tensor);
        graph.node("Add", &["x", "w"], &["y"], []);
        graph.output("y", DType::F32, &dims![4]);
        (label, FoundBy::Opening, graph.model().encode_to_vec())
    })
    .into()
}
