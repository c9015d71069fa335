//! Graphs for tests: written as text, made half, read as text again.

use std::io::Write;

use blink_tensors::DType;
use bytes::Bytes;
use prost::Message;

use super::super::plan::{Plan, Types};
use super::super::rewrite::{Rewritten, rewrite};
use super::super::weights::Writer;
use crate::onnx::proto::{
    AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto,
};
use crate::saved::{SavePlace, SavedModel};
use crate::temporary::Temporaries;

/// A graph being built. Every value is of floats, but those that are said to be none.
#[derive(Default)]
pub(super) struct Built {
    pub(super) graph: GraphProto,
    pub(super) others: Vec<(&'static str, Option<DType>)>,
    pub(super) opset: i64,
}

impl Built {
    pub(super) fn new(inputs: &[&str], outputs: &[&str]) -> Built {
        let value = |name: &&str| ValueInfoProto { name: Some(name.to_string()), ..Default::default() };
        let (input, output) = (inputs.iter().map(value).collect(), outputs.iter().map(value).collect());
        Built { graph: GraphProto { input, output, ..Default::default() }, others: Vec::new(), opset: 17 }
    }

    /// A node `OPERATOR in in -> out out`; a dash is a value left out. A dot stands in the names of contributed ones.
    pub(super) fn node(mut self, text: &str) -> Built {
        self.graph.node.push(node(text));
        self
    }

    pub(super) fn attribute(mut self, attribute: AttributeProto) -> Built {
        self.graph.node.last_mut().unwrap().attribute.push(attribute);
        self
    }

    pub(super) fn weight(mut self, name: &str, values: &[f32]) -> Built {
        let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.graph.initializer.push(TensorProto {
            name: Some(name.into()),
            dims: vec![values.len() as i64],
            data_type: Some(DataType::Float as i32),
            raw_data: Some(Bytes::from(raw)),
            ..Default::default()
        });
        self
    }

    /// Says that a value is no float, or of which dtype it is.
    pub(super) fn is(mut self, name: &'static str, dtype: Option<DType>) -> Built {
        self.others.push((name, dtype));
        self
    }

    pub(super) fn half(self) -> Half {
        let home = tempfile::tempdir().unwrap();
        let files = Temporaries::beside(&home.path().join("out.blink"));
        let place = SavePlace::create(&files).unwrap();
        let model = ModelProto { graph: Some(self.graph), ..Default::default() };
        place.model.file().write_all(&model.encode_to_vec()).unwrap();
        let saved = SavedModel::open(&place, "none", Vec::new(), &files).unwrap();
        let graph = saved.proto.graph.clone().unwrap();
        let mut types = Types::new();
        let names = graph.node.iter().flat_map(|node| node.input.iter().chain(&node.output));
        types.extend(names.filter(|name| !name.is_empty()).map(|name| (name.clone(), DType::F32)));
        for (name, dtype) in self.others {
            match dtype {
                Some(dtype) => drop(types.insert(name.to_owned(), dtype)),
                None => drop(types.remove(name)),
            }
        }
        let plan = Plan::of(&graph, self.opset, &types, &saved);
        let weights = tempfile::tempfile().unwrap();
        let mut writer = Writer::new(&weights, "half");
        let rewritten = rewrite(&graph, &plan, &types, &saved, &mut writer).unwrap();
        writer.finish().unwrap();
        Half { rewritten, plan }
    }
}

/// A node of the form that [`Built::node`] reads.
pub(super) fn node(text: &str) -> NodeProto {
    let (left, right) = text.split_once(" -> ").unwrap();
    let names = |text: &str| text.split(' ').map(|name| name.trim_matches('-').to_owned()).collect::<Vec<_>>();
    let mut input = names(left);
    let operator = input.remove(0);
    let (domain, operator) = match operator.strip_prefix('.') {
        Some(operator) => (Some("com.microsoft".to_owned()), operator.to_owned()),
        None => (None, operator),
    };
    NodeProto { op_type: Some(operator), domain, input, output: names(right), ..Default::default() }
}

pub(super) fn text(name: &str, value: &'static str) -> AttributeProto {
    let (kind, value) = (AttributeType::String.into(), Bytes::from_static(value.as_bytes()));
    AttributeProto { name: Some(name.into()), r#type: Some(kind), s: Some(value), ..Default::default() }
}

pub(super) fn graph(name: &str, graph: GraphProto) -> AttributeProto {
    let (kind, graph) = (AttributeType::Graph.into(), Box::new(graph));
    AttributeProto { name: Some(name.into()), r#type: Some(kind), g: Some(graph), ..Default::default() }
}

/// What became of a graph.
pub(super) struct Half {
    pub(super) rewritten: Rewritten,
    pub(super) plan: Plan,
}

impl Half {
    /// Its nodes, in the form that [`Built::node`] reads; casts say to what.
    pub(super) fn nodes(&self) -> Vec<String> {
        listed(&self.rewritten.graph)
    }

    /// Its stored tensors, with their element types.
    pub(super) fn stored(&self) -> Vec<(&str, DataType)> {
        let tensors = self.rewritten.graph.initializer.iter();
        tensors.map(|tensor| (tensor.name(), DataType::try_from(tensor.data_type()).unwrap())).collect()
    }

    pub(super) fn tensor(&self, name: &str) -> &TensorProto {
        self.rewritten.graph.initializer.iter().find(|tensor| tensor.name() == name).unwrap()
    }
}

pub(super) fn listed(graph: &GraphProto) -> Vec<String> {
    let shown = |node: &NodeProto| {
        let to = match node.attribute.iter().find(|attribute| attribute.name() == "to").map(AttributeProto::i) {
            Some(10) => "Half",
            Some(1) => "Float",
            _ => node.op_type(),
        };
        format!("{to} {} -> {}", node.input.join(" "), node.output.join(" "))
    };
    graph.node.iter().map(shown).collect()
}
