//! One order for what ONNX Runtime saves in hash or address order, in a graph that goes into the `onnx` encoding.
//!
//! The counterpart of `ort_format/canonical.rs` and `ort_format/numbers.rs`. Lists whose elements are found by name are
//! sorted by it, nodes stand in the order of `numbering.rs`. What the graph computes stays the same.

use std::collections::BTreeSet;

use crate::numbering::{self, Generated, Links};
use crate::onnx::proto::{GraphProto, ModelProto, NodeProto, SparseTensorProto, StringStringEntryProto};

/// Puts the lists of `model` in order.
pub(crate) fn sort(model: &mut ModelProto) {
    model.opset_import.sort_by(|a, b| (a.domain(), a.version()).cmp(&(b.domain(), b.version())));
    sort_entries(&mut model.metadata_props);
    if let Some(graph) = &mut model.graph {
        sort_graph(graph);
    }
}

fn sort_graph(graph: &mut GraphProto) {
    for node in &mut graph.node {
        node.attribute.sort_by(|a, b| a.name().cmp(b.name()));
        sort_entries(&mut node.metadata_props);
        let graphs =
            node.attribute.iter_mut().flat_map(|held| held.g.as_deref_mut().into_iter().chain(&mut held.graphs));
        graphs.for_each(sort_graph);
    }
    graph.initializer.sort_by(|a, b| a.name().cmp(b.name()));
    graph.sparse_initializer.sort_by(|a, b| sparse_name(a).cmp(sparse_name(b)));
    graph.value_info.sort_by(|a, b| a.name().cmp(b.name()));
    graph.quantization_annotation.sort_by(|a, b| a.tensor_name().cmp(b.tensor_name()));
    sort_entries(&mut graph.metadata_props);

    let order = {
        let links: Vec<Links<'_>> = graph.node.iter().map(links).collect();
        numbering::order(&links, graph.output.iter().map(|value| value.name().as_bytes()))
    };
    let mut nodes: Vec<_> = std::mem::take(&mut graph.node).into_iter().map(Some).collect();
    graph.node.extend(order.into_iter().filter_map(|at| nodes[at].take()));
    let names: Vec<String> = graph.node.iter().map(|node| node.name().to_owned()).collect();
    let generated = Generated::among(names.iter().map(String::as_bytes));
    for node in &mut graph.node {
        if generated.has(node.name().as_bytes(), node.op_type().as_bytes())
            && let Some(output) = node.output.iter().find(|name| !name.is_empty())
        {
            node.name = Some(output.clone());
        }
    }
}

fn sort_entries(entries: &mut [StringStringEntryProto]) {
    entries.sort_by(|a, b| (a.key(), a.value()).cmp(&(b.key(), b.value())));
}

fn sparse_name(tensor: &SparseTensorProto) -> &str {
    tensor.values.as_ref().map_or("", |values| values.name())
}

fn links(node: &NodeProto) -> Links<'_> {
    let mut inputs: Vec<&[u8]> = node.input.iter().map(|name| name.as_bytes()).collect();
    inputs.extend(taken_by_subgraphs(node).into_iter().map(str::as_bytes));
    let outputs = node.output.iter().map(|name| name.as_bytes()).collect();
    Links { operator: node.op_type().as_bytes(), inputs, outputs }
}

/// The values that the node's subgraphs take from the graphs around them.
fn taken_by_subgraphs(node: &NodeProto) -> BTreeSet<&str> {
    let mut taken = BTreeSet::new();
    for held in &node.attribute {
        for graph in held.g.as_deref().into_iter().chain(&held.graphs) {
            let mut used: BTreeSet<&str> = graph.output.iter().map(|value| value.name()).collect();
            for node in &graph.node {
                used.extend(node.input.iter().map(String::as_str));
                used.extend(taken_by_subgraphs(node));
            }
            let made = graph.node.iter().flat_map(|node| &node.output).map(String::as_str);
            let given = graph.input.iter().map(|value| value.name());
            let stored = graph.initializer.iter().map(|tensor| tensor.name());
            let sparse = graph.sparse_initializer.iter().map(sparse_name);
            let own: BTreeSet<&str> = made.chain(given).chain(stored).chain(sparse).collect();
            taken.extend(used.difference(&own));
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use crate::onnx::proto::{AttributeProto, OperatorSetIdProto, TensorProto, ValueInfoProto};

    use super::*;

    fn value(name: &str) -> ValueInfoProto {
        ValueInfoProto { name: Some(name.to_owned()), ..Default::default() }
    }

    fn node(name: &str, inputs: &[&str], output: &str) -> NodeProto {
        let input = inputs.iter().map(|name| name.to_string()).collect();
        NodeProto { name: Some(name.to_owned()), input, output: vec![output.to_owned()], ..Default::default() }
    }

    /// A node whose subgraph takes `outer` and `w`, the latter its own weight; what the subgraph makes is hidden.
    fn choice(outer: &str) -> NodeProto {
        let body = GraphProto {
            node: vec![node("Body_token_9", &[outer, "w"], "inner"), node("last", &["inner"], "result")],
            initializer: vec![TensorProto { name: Some("w".to_owned()), ..Default::default() }],
            output: vec![value("result")],
            ..Default::default()
        };
        let body = AttributeProto { name: Some("body".to_owned()), g: Some(Box::new(body)), ..Default::default() };
        NodeProto { attribute: vec![body], ..node("choice", &["x"], "chosen") }
    }

    fn model(nodes: Vec<NodeProto>) -> ModelProto {
        let opset = |domain: &str| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(1) };
        let graph = GraphProto {
            node: nodes,
            output: vec![value("y")],
            value_info: ["one", "two"].map(value).to_vec(),
            ..Default::default()
        };
        ModelProto { graph: Some(graph), opset_import: ["", "other"].map(opset).to_vec(), ..Default::default() }
    }

    #[test]
    fn order_and_counters_do_not_matter() {
        let mut one = model(vec![
            node("Reorder_token_1", &["x"], "one"),
            node("Reorder", &["x"], "late"),
            choice("late"),
            node("join", &["chosen", "one"], "y"),
        ]);
        let mut other = model(vec![
            node("Reorder_token_1", &["x"], "late"),
            choice("late"),
            node("Reorder", &["x"], "one"),
            node("join", &["chosen", "one"], "y"),
        ]);
        other.opset_import.reverse();
        other.graph.as_mut().unwrap().value_info.reverse();
        assert_ne!(one, other);
        sort(&mut one);
        sort(&mut other);
        assert_eq!(one, other);
        let graph = one.graph.unwrap();
        let names: Vec<_> = graph.node.iter().map(|node| node.name()).collect();
        assert_eq!(names, ["late", "choice", "one", "join"], "a subgraph's inputs are made before it runs");
        assert_eq!(graph.node[1].attribute[0].g.as_ref().unwrap().node[0].name(), "inner");
    }

    #[test]
    fn names_of_a_subgraphs_own_values_are_not_taken() {
        assert_eq!(taken_by_subgraphs(&choice("outer")), BTreeSet::from(["outer"]));
    }
}
