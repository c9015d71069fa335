//! A graph of half floats as the CPU can show its errors.
//!
//! ONNX Runtime's CPU provider has few kernels for half floats. Around the others it puts casts to float and back, and
//! takes those between two such nodes away again: what it computes is hardly rounded, and never overflows. Here every
//! half node computes in float, as kernels of a device add up, and each value that it makes is rounded to half before
//! the next one takes it. The two casts of one value are ours, and ONNX Runtime leaves them: they lose digits.

use std::collections::{HashMap, HashSet};

use super::plan::{Sides, names_in};
use super::rewrite::cast;
use crate::onnx::proto::{DataType, GraphProto, NodeProto};

/// The graph with float kernels and half values.
pub(super) fn rounded(graph: &GraphProto, halves: &[Option<Sides>]) -> GraphProto {
    let mut names = HashSet::new();
    names_in(graph, &mut names);
    let mut names: HashSet<String> = names.into_iter().map(str::to_owned).collect();
    let mut new_name = |of: &str, what: &str| {
        let mut name = format!("{of}_{what}");
        while !names.insert(name.clone()) {
            name.push('_');
        }
        name
    };
    let mut widened: HashMap<String, String> = HashMap::new();
    let mut nodes: Vec<NodeProto> = Vec::new();
    for (node, sides) in graph.node.iter().zip(halves) {
        let mut node = node.clone();
        let Some(Sides { inputs, outputs }) = sides else {
            nodes.push(node);
            continue;
        };
        for at in inputs {
            let half = &node.input[*at];
            let wide = match widened.get(half) {
                Some(wide) => wide.clone(),
                None => {
                    let wide = new_name(half, "widened");
                    nodes.push(cast(&wide, half, &wide, DataType::Float));
                    widened.insert(half.clone(), wide.clone());
                    wide
                }
            };
            node.input[*at] = wide;
        }
        let mut casts = Vec::new();
        for at in outputs {
            let exact = new_name(&node.output[*at], "exact");
            casts.push(cast(&exact, &exact, &node.output[*at], DataType::Float16));
            node.output[*at] = exact;
        }
        nodes.push(node);
        nodes.extend(casts);
    }
    GraphProto { node: nodes, value_info: Vec::new(), ..graph.clone() }
}
