//! [`GraphBuilder`]: a graph written down one node at a time.
//!
//! Node and value names are made from operator names and a counter, so the same calls give the same bytes. The
//! builder checks nothing: models that must be refused are built with it too.

use std::collections::BTreeSet;

use blink_compiler::onnx::Dim;
use blink_compiler::onnx::proto::{
    AttributeProto, Dimension, DimensionValue, FunctionProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TensorType, TypeProto, TypeValue, ValueInfoProto,
};
use blink_tensors::{DType, Tensor};

use crate::stored;

/// Version of the ONNX operator set that the examples are written in.
const OPSET: i64 = 21;
/// ONNX's file format version that goes with [`OPSET`].
const IR_VERSION: i64 = 10;

/// A graph under construction.
#[derive(Clone, Debug)]
pub struct GraphBuilder {
    graph: GraphProto,
    functions: Vec<FunctionProto>,
    domains: BTreeSet<String>,
    nodes: usize,
}

impl GraphBuilder {
    /// An empty graph.
    pub fn new(name: &str) -> GraphBuilder {
        let graph = GraphProto { name: Some(name.to_owned()), ..Default::default() };
        GraphBuilder { graph, functions: Vec::new(), domains: BTreeSet::new(), nodes: 0 }
    }

    /// The graph's name.
    pub fn name(&self) -> &str {
        self.graph.name()
    }

    /// Adds an input and returns its name.
    pub fn input(&mut self, name: &str, dtype: DType, dims: &[Dim]) -> String {
        self.graph.input.push(tensor_info(name, dtype, Some(dims)));
        name.to_owned()
    }

    /// Adds an input with the dtype and the fixed shape of `tensor`.
    pub fn input_like(&mut self, name: &str, tensor: &Tensor) -> String {
        self.input(name, tensor.dtype(), &shape_of(tensor))
    }

    /// Adds an input of any rank.
    pub fn input_of_any_rank(&mut self, name: &str, dtype: DType) -> String {
        self.graph.input.push(tensor_info(name, dtype, None));
        name.to_owned()
    }

    /// Adds an input of any type, also one that is not a tensor.
    pub fn input_of_type(&mut self, name: &str, value: TypeValue) {
        self.graph.input.push(value_info(name, value));
    }

    /// Names the value that is the next output.
    pub fn output(&mut self, name: &str, dtype: DType, dims: &[Dim]) {
        self.graph.output.push(tensor_info(name, dtype, Some(dims)));
    }

    /// Names the value that is the next output, with the dtype and the fixed shape of `tensor`.
    pub fn output_like(&mut self, name: &str, tensor: &Tensor) {
        self.output(name, tensor.dtype(), &shape_of(tensor));
    }

    /// Names the value that is the next output, of any type, also one that is not a tensor.
    pub fn output_of_type(&mut self, name: &str, value: TypeValue) {
        self.graph.output.push(value_info(name, value));
    }

    /// Whether there is an input of that name.
    pub fn has_input(&self, name: &str) -> bool {
        self.graph.input.iter().any(|value| value.name() == name)
    }

    /// Whether there is an output of that name.
    pub fn has_output(&self, name: &str) -> bool {
        self.graph.output.iter().any(|value| value.name() == name)
    }

    /// Adds an initializer and returns its name.
    pub fn initializer(&mut self, name: &str, tensor: &Tensor) -> String {
        self.stored(stored(name, tensor))
    }

    /// Adds an initializer as it is to be stored, and returns its name.
    pub fn stored(&mut self, tensor: TensorProto) -> String {
        let name = tensor.name().to_owned();
        self.graph.initializer.push(tensor);
        name
    }

    /// Adds a node. The operator is `Name` for ONNX's own, else `domain:Name`; the domain is then imported at
    /// version 1. An empty input or output name leaves that one out.
    pub fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: impl IntoIterator<Item = AttributeProto>,
    ) {
        let (domain, op_type) = operator.split_once(':').unwrap_or(("", operator));
        if !domain.is_empty() {
            self.domains.insert(domain.to_owned());
        }
        let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        self.graph.node.push(NodeProto {
            name: Some(format!("{op_type}_{}", self.nodes)),
            op_type: Some(op_type.to_owned()),
            domain: (!domain.is_empty()).then(|| domain.to_owned()),
            input: owned(inputs),
            output: owned(outputs),
            attribute: attributes.into_iter().collect(),
            ..Default::default()
        });
        self.nodes += 1;
    }

    /// Adds a node with one output, and returns the output's name.
    pub fn op(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: impl IntoIterator<Item = AttributeProto>,
    ) -> String {
        let op_type = operator.split_once(':').map_or(operator, |(_, op_type)| op_type);
        let output = format!("{op_type}_{}_out", self.nodes);
        self.node(operator, inputs, &[&output], attributes);
        output
    }

    /// Makes a graph without inputs and outputs a local function of the model: its nodes, under the graph's name.
    pub fn function(&mut self, domain: &str, inputs: &[&str], outputs: &[&str], body: GraphBuilder) {
        let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        self.functions.push(FunctionProto {
            name: body.graph.name,
            domain: Some(domain.to_owned()),
            input: owned(inputs),
            output: owned(outputs),
            node: body.graph.node,
            opset_import: body.domains.iter().map(|domain| opset(domain, 1)).chain([opset("", OPSET)]).collect(),
            ..Default::default()
        });
    }

    /// The graph alone, to be a subgraph.
    pub fn graph(self) -> GraphProto {
        self.graph
    }

    /// The model.
    pub fn model(self) -> ModelProto {
        let domains = self.domains.iter().map(|domain| opset(domain, 1));
        ModelProto {
            ir_version: Some(IR_VERSION),
            producer_name: Some("blink-examples".to_owned()),
            opset_import: std::iter::once(opset("", OPSET)).chain(domains).collect(),
            graph: Some(self.graph),
            functions: self.functions,
            ..Default::default()
        }
    }
}

fn opset(domain: &str, version: i64) -> OperatorSetIdProto {
    OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) }
}

fn shape_of(tensor: &Tensor) -> Vec<Dim> {
    tensor.shape().iter().map(|&size| Dim::Fixed(size as u64)).collect()
}

fn value_info(name: &str, value: TypeValue) -> ValueInfoProto {
    let declared = TypeProto { value: Some(value), ..Default::default() };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(declared), ..Default::default() }
}

fn tensor_info(name: &str, dtype: DType, dims: Option<&[Dim]>) -> ValueInfoProto {
    let dimension = |dim: &Dim| {
        let value = match dim {
            Dim::Fixed(size) => Some(DimensionValue::DimValue(*size as i64)),
            Dim::Symbolic(name) => Some(DimensionValue::DimParam(name.clone())),
            Dim::Unknown => None,
        };
        Dimension { value, ..Default::default() }
    };
    let shape = dims.map(|dims| TensorShapeProto { dim: dims.iter().map(dimension).collect() });
    value_info(name, TypeValue::Tensor(TensorType { elem_type: Some(dtype.onnx_code()), shape }))
}

#[cfg(test)]
mod tests {
    use blink_compiler::onnx::{Source, ValueSpec};

    use super::*;
    use crate::{dims, values};

    #[test]
    fn a_model_reads_back_as_it_was_built() {
        let mut graph = GraphBuilder::new("tiny");
        let x = graph.input("x", DType::F32, &dims!["batch", 2]);
        let w = graph.initializer("w", &values(&[2, 3], &[0f32; 6]));
        let product = graph.op("MatMul", &[&x, &w], []);
        graph.node("com.microsoft:Gelu", &[&product], &["y"], []);
        graph.output("y", DType::F32, &dims!["batch", 3]);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tiny.onnx");
        crate::write(&graph.model(), &path).unwrap();
        let source = Source::open(path).unwrap();
        let shown = |specs: Vec<ValueSpec>| specs.iter().map(ValueSpec::to_string).collect::<Vec<_>>();
        assert_eq!(shown(source.inputs().unwrap()), ["x f32[batch, 2]"]);
        assert_eq!(shown(source.outputs().unwrap()), ["y f32[batch, 3]"]);
        let operators: Vec<_> = source.census().operators.into_keys().collect();
        assert_eq!(operators, ["ai.onnx:MatMul", "com.microsoft:Gelu"]);
    }
}
