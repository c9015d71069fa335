//! One numbering for the nodes of each graph: a node's index is its place in the order of `numbering.rs`.
//!
//! Edges follow their nodes. Nodes whose names ONNX Runtime made up go by the first value they make. A graph with
//! runtime optimisations keeps its numbers, because those refer to nodes by number.

use std::borrow::Cow;
use std::collections::HashMap;

use super::schema::{self, graph, node, node_edge, runtime_optimizations};
use super::tree::{Table, Value};
use crate::numbering::{self, Generated, Links};

/// Bytes of one end of an edge: the index of the node there, and the places of the value among what the one node makes
/// and what the other takes.
const EDGE_END: usize = 12;

/// Numbers the nodes of every graph in `table` and below it anew.
pub(super) fn renumber(table: &mut Table<'_>) {
    if table.is(&schema::GRAPH) && !is_numbered_elsewhere(table) {
        renumber_graph(table);
    }
    for (_, value) in &mut table.fields {
        value.tables_mut().iter_mut().for_each(renumber);
    }
}

fn is_numbered_elsewhere(found: &Table<'_>) -> bool {
    let records = found.table(graph::RUNTIME_OPTIMIZATIONS);
    records.is_some_and(|records| !records.tables(runtime_optimizations::RECORDS).is_empty())
}

fn renumber_graph(found: &mut Table<'_>) {
    let order = {
        let links: Vec<Links<'_>> = found.tables(graph::NODES).iter().map(links).collect();
        numbering::order(&links, found.strings(graph::OUTPUTS).iter().copied())
    };
    let Some(Value::Tables(nodes)) = found.get_mut(graph::NODES) else { return };
    let mut taken: Vec<Option<Table<'_>>> = std::mem::take(nodes).into_iter().map(Some).collect();
    nodes.extend(order.into_iter().filter_map(|at| taken[at].take()));
    let generated = Generated::among(nodes.iter().filter_map(|node| node.string(node::NAME)));
    let mut numbers = HashMap::new();
    for (number, node) in nodes.iter_mut().enumerate() {
        numbers.insert(node.scalar(node::INDEX).unwrap_or(0) as u32, number as u32);
        node.set_number(node::INDEX, number as u64);
        let links = links(node);
        if node.string(node::NAME).is_some_and(|name| generated.has(name, links.operator))
            && let Some(output) = links.first_output()
            && let Some(Value::String(name)) = node.get_mut(node::NAME)
        {
            *name = output;
        }
    }
    let count = nodes.len() as u64;
    found.set_number(graph::MAX_NODE_INDEX, count);
    if let Some(Value::Tables(edges)) = found.get_mut(graph::NODE_EDGES) {
        renumber_edges(edges, &numbers);
    }
}

fn links<'a>(found: &Table<'a>) -> Links<'a> {
    let inputs = found.strings(node::INPUTS).iter().chain(found.strings(node::IMPLICIT_INPUTS));
    Links {
        operator: found.string(node::OPERATOR).unwrap_or_default(),
        inputs: inputs.copied().collect(),
        outputs: found.strings(node::OUTPUTS).to_vec(),
    }
}

/// Numbers that are no node's, which only a damaged file has, stay.
fn renumber_edges(edges: &mut [Table<'_>], numbers: &HashMap<u32, u32>) {
    let new = |old: u32| numbers.get(&old).copied().unwrap_or(old);
    for edge in edges.iter_mut() {
        let owner = edge.scalar(node_edge::NODE).unwrap_or(0) as u32;
        edge.set_number(node_edge::NODE, new(owner).into());
        for slot in [node_edge::INPUTS, node_edge::OUTPUTS] {
            if let Some(Value::Scalars(bytes)) = edge.get_mut(slot) {
                let mut ends = bytes
                    .as_chunks::<EDGE_END>()
                    .0
                    .iter()
                    .map(|end| {
                        let [node, from, to] =
                            [0, 4, 8].map(|at| u32::from_le_bytes([end[at], end[at + 1], end[at + 2], end[at + 3]]));
                        [new(node), from, to]
                    })
                    .collect::<Vec<_>>();
                ends.sort_unstable();
                *bytes = Cow::Owned(ends.into_iter().flatten().flat_map(u32::to_le_bytes).collect());
            }
        }
    }
    edges.sort_by_key(|edge| edge.scalar(node_edge::NODE));
}
