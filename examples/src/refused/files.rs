//! Files that are no ONNX model, or not a whole one.

use blink_compiler::onnx::proto::ModelProto;
use blink_tensors::DType;
use prost::Message;

use super::{Fault, FoundBy};
use crate::{GraphBuilder, dims, values};

pub(super) fn faults() -> Vec<Fault> {
    let whole = sound();
    let encoded = whole.encode_to_vec();
    let without = |remove: fn(&mut ModelProto)| {
        let mut model = whole.clone();
        remove(&mut model);
        model.encode_to_vec()
    };
    // Byte 3 is the length of the producer's name, which then swallows the fields behind it.
    let flipped = encoded.iter().enumerate().map(|(at, &byte)| if at == 3 { byte ^ 0x40 } else { byte }).collect();
    [
        ("empty", Vec::new()),
        ("text", b"{ \"this\": \"is not a model\" }\n".to_vec()),
        ("truncated", encoded[..encoded.len() / 2].to_vec()),
        ("flipped_bit", flipped),
        ("no_graph", without(|model| model.graph = None)),
        ("no_opset_import", without(|model| model.opset_import.clear())),
        ("no_ir_version", without(|model| model.ir_version = None)),
    ]
    .map(|(label, bytes)| (label, FoundBy::Opening, bytes))
    .into()
}

/// A model with no fault.
fn sound() -> ModelProto {
    let mut graph = GraphBuilder::new("sound");
    graph.input("x", DType::F32, &dims![64]);
    graph.initializer("w", &values(&[64], &[1f32; 64]));
    graph.node("Add", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims![64]);
    graph.model()
}
