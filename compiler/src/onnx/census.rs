//! What a model consists of, counted: operators, nodes, parameters.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde::{Deserialize, Serialize};

use super::proto::ModelProto;
use super::stored;
use super::walk::{Item, walk};

/// The size of a model, subgraphs and local functions included, each function counted once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Census {
    /// Nodes of each operator, by `domain:op_type`; ONNX's own domain is `ai.onnx`.
    pub operators: BTreeMap<String, u64>,
    /// Number of nodes.
    pub nodes: u64,
    /// Number of elements in stored tensors: initializers, constants and other tensor attributes.
    pub parameters: u64,
    /// Bytes that those elements take, in the model file and in external data.
    pub parameter_bytes: u64,
}

impl Census {
    /// Counts a model whose stored tensors have been checked.
    pub(crate) fn of(model: &ModelProto) -> Census {
        let mut census = Census::default();
        let count = walk(model, &mut |item| -> Result<(), Infallible> {
            match item {
                Item::Node(node) => {
                    let domain = if node.domain().is_empty() { "ai.onnx" } else { node.domain() };
                    *census.operators.entry(format!("{domain}:{}", node.op_type())).or_default() += 1;
                    census.nodes += 1;
                }
                Item::Tensor(place, tensor) => {
                    let elements = stored::elements(place, &tensor.dims).unwrap_or(0);
                    let bytes = stored::byte_len(place, tensor).unwrap_or(0);
                    census.parameters = census.parameters.saturating_add(elements);
                    census.parameter_bytes = census.parameter_bytes.saturating_add(bytes);
                }
                Item::Sparse(..) => {}
            }
            Ok(())
        });
        match count {
            Ok(()) => census,
            Err(never) => match never {},
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::proto::{AttributeProto, DataType, FunctionProto, GraphProto, NodeProto, TensorProto};
    use super::*;

    #[test]
    fn subgraphs_functions_and_constants_count() {
        let tensor = |data_type: DataType, dims: &[i64]| TensorProto {
            dims: dims.to_vec(),
            data_type: Some(data_type as i32),
            ..Default::default()
        };
        let node = |op_type: &str| NodeProto { op_type: Some(op_type.to_owned()), ..Default::default() };
        let attribute = AttributeProto { t: Some(Box::new(tensor(DataType::Int64, &[]))), ..Default::default() };
        let constant = NodeProto { attribute: vec![attribute], ..node("Constant") };
        let body = GraphProto {
            initializer: vec![tensor(DataType::Int4, &[3])],
            node: vec![node("Relu"), constant],
            ..Default::default()
        };
        let attribute = AttributeProto { g: Some(Box::new(body)), ..Default::default() };
        let graph = GraphProto {
            initializer: vec![tensor(DataType::Float, &[2, 3])],
            node: vec![node("Relu"), NodeProto { attribute: vec![attribute], ..node("If") }],
            ..Default::default()
        };
        let gelu = NodeProto { domain: Some("com.microsoft".to_owned()), ..node("Gelu") };
        let function = FunctionProto { node: vec![gelu], ..Default::default() };
        let census = Census::of(&ModelProto { graph: Some(graph), functions: vec![function], ..Default::default() });
        assert_eq!((census.nodes, census.parameters, census.parameter_bytes), (5, 10, 34));
        let operators: Vec<_> = census.operators.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        let expected = [("ai.onnx:Constant", 1), ("ai.onnx:If", 1), ("ai.onnx:Relu", 2), ("com.microsoft:Gelu", 1)];
        assert_eq!(operators, expected);
    }
}
