//! Visits every node and every stored tensor of a model: the graph, its subgraphs and the local functions.
//!
//! Recursion is as deep as the messages are nested, which decoding has limited. Training information is left
//! out: inference never reads it.

use std::fmt;

use super::proto::{AttributeProto, GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto};

/// One thing found in a model.
pub(super) enum Item<'a> {
    Node(&'a NodeProto),
    Tensor(Place<'a>, &'a TensorProto),
    /// A sparse tensor; its values and indices follow as tensors.
    Sparse(Place<'a>, &'a SparseTensorProto),
}

/// Where a tensor is stored, in words that a user can look up in the model.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Initializer(&'a str),
    Attribute { node: &'a NodeProto, attribute: &'a str },
    FunctionDefault { function: &'a str, attribute: &'a str },
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Initializer(name) => write!(f, "initializer '{name}'"),
            Place::Attribute { node, attribute } => write!(f, "attribute '{attribute}' of {}", label(node)),
            Place::FunctionDefault { function, attribute } => {
                write!(f, "default of attribute '{attribute}' of function '{function}'")
            }
        }
    }
}

/// A node in words: its operator, and its name or the value it makes.
pub(super) fn label(node: &NodeProto) -> String {
    let output = node.output.iter().find(|name| !name.is_empty());
    match (node.name(), output) {
        ("", Some(output)) => format!("node {} that makes '{output}'", node.op_type()),
        (name, _) => format!("node {} '{name}'", node.op_type()),
    }
}

/// Calls `visit` for every node and stored tensor of `model`, in file order, until it fails.
pub(super) fn walk<'a, E>(model: &'a ModelProto, visit: &mut impl FnMut(Item<'a>) -> Result<(), E>) -> Result<(), E> {
    if let Some(graph) = &model.graph {
        walk_graph(graph, visit)?;
    }
    for function in &model.functions {
        for attribute in &function.attribute_proto {
            let place = Place::FunctionDefault { function: function.name(), attribute: attribute.name() };
            walk_attribute(place, attribute, visit)?;
        }
        walk_nodes(&function.node, visit)?;
    }
    Ok(())
}

fn walk_graph<'a, E>(graph: &'a GraphProto, visit: &mut impl FnMut(Item<'a>) -> Result<(), E>) -> Result<(), E> {
    for tensor in &graph.initializer {
        visit(Item::Tensor(Place::Initializer(tensor.name()), tensor))?;
    }
    for sparse in &graph.sparse_initializer {
        walk_sparse(Place::Initializer(sparse_name(sparse)), sparse, visit)?;
    }
    walk_nodes(&graph.node, visit)
}

fn walk_nodes<'a, E>(nodes: &'a [NodeProto], visit: &mut impl FnMut(Item<'a>) -> Result<(), E>) -> Result<(), E> {
    for node in nodes {
        visit(Item::Node(node))?;
        for attribute in &node.attribute {
            walk_attribute(Place::Attribute { node, attribute: attribute.name() }, attribute, visit)?;
        }
    }
    Ok(())
}

fn walk_attribute<'a, E>(
    place: Place<'a>,
    attribute: &'a AttributeProto,
    visit: &mut impl FnMut(Item<'a>) -> Result<(), E>,
) -> Result<(), E> {
    for tensor in attribute.t.as_deref().into_iter().chain(&attribute.tensors) {
        visit(Item::Tensor(place, tensor))?;
    }
    for sparse in attribute.sparse_tensor.as_deref().into_iter().chain(&attribute.sparse_tensors) {
        walk_sparse(place, sparse, visit)?;
    }
    for graph in subgraphs(attribute) {
        walk_graph(graph, visit)?;
    }
    Ok(())
}

fn walk_sparse<'a, E>(
    place: Place<'a>,
    sparse: &'a SparseTensorProto,
    visit: &mut impl FnMut(Item<'a>) -> Result<(), E>,
) -> Result<(), E> {
    visit(Item::Sparse(place, sparse))?;
    for tensor in sparse.values.iter().chain(&sparse.indices) {
        visit(Item::Tensor(place, tensor))?;
    }
    Ok(())
}

/// The graphs that an attribute holds.
pub(super) fn subgraphs(attribute: &AttributeProto) -> impl Iterator<Item = &GraphProto> {
    attribute.g.as_deref().into_iter().chain(&attribute.graphs)
}

/// The name of a sparse initializer, which is that of its values.
pub(super) fn sparse_name(sparse: &SparseTensorProto) -> &str {
    sparse.values.as_ref().map_or("", |values| values.name())
}
