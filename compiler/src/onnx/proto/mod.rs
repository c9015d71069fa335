//! The messages of the ONNX format (onnx.proto, IR version 14), complete: decoding and encoding lose nothing.
//!
//! Field names, numbers and meanings are the ONNX specification's, so fields carry no comments of their own.
//! Singular fields are `Option`: a value written out although it is the default (an attribute `i = 0`) stays
//! written out. `node.op_type()` and its like read a field with the default filled in. Bytes are
//! [`bytes::Bytes`], so decoding from a `Bytes` over a memory map copies no weights.
#![allow(missing_docs)]

mod device;
mod graph;
mod model;
mod tensor;
mod types;

pub use device::{
    DeviceConfigurationProto, IntIntListEntryProto, NodeDeviceConfigurationProto, ShardedDimProto, ShardingSpecProto,
    SimpleShardedDim, SimpleShardedDimProto,
};
pub use graph::{AttributeProto, AttributeType, GraphProto, NodeProto, TensorAnnotation, ValueInfoProto};
pub use model::{FunctionProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TrainingInfoProto};
pub use tensor::{DataLocation, DataType, Segment, SparseTensorProto, TensorProto};
pub use types::{
    Dimension, DimensionValue, MapType, OpaqueType, OptionalType, SequenceType, SparseTensorType, TensorShapeProto,
    TensorType, TypeProto, TypeValue,
};

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use prost::Message;

    use super::*;

    /// A model in which every field of every message is set, written by the protobuf reference library from
    /// ONNX's own descriptor.
    const EVERY_FIELD: &[u8] = include_bytes!("every_field.binpb");

    #[test]
    fn decoding_and_encoding_lose_no_field() {
        let model = ModelProto::decode(EVERY_FIELD).unwrap();
        let encoded = model.encode_to_vec();
        assert_eq!(encoded.len(), EVERY_FIELD.len());
        assert_eq!(ModelProto::decode(&*encoded).unwrap(), model);
    }

    #[test]
    fn explicit_defaults_stay_written_out() {
        let attribute = AttributeProto { i: Some(0), r#type: Some(AttributeType::Int as i32), ..Default::default() };
        let encoded = attribute.encode_to_vec();
        assert_eq!(encoded, [0x18, 0, 0xa0, 1, 2]);
    }

    #[test]
    fn raw_data_is_a_slice_of_the_decoded_buffer() {
        let tensor = TensorProto { raw_data: Some(Bytes::from(vec![7; 4096])), ..Default::default() };
        let graph = GraphProto { initializer: vec![tensor], ..Default::default() };
        let file = Bytes::from(ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec());
        let model = ModelProto::decode(file.clone()).unwrap();
        let raw = model.graph.unwrap().initializer[0].raw_data.clone().unwrap();
        assert!(file.as_ptr_range().contains(&raw.as_ptr()));
    }

    #[test]
    fn nesting_is_limited() {
        let mut graph = GraphProto::default();
        for _ in 0..100 {
            let attribute = AttributeProto { g: Some(Box::new(graph)), ..Default::default() };
            let node = NodeProto { attribute: vec![attribute], ..Default::default() };
            graph = GraphProto { node: vec![node], ..Default::default() };
        }
        let file = ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec();
        assert!(ModelProto::decode(&*file).is_err());
    }
}
