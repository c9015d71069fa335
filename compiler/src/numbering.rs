//! One order for the nodes of a graph, and which names ONNX Runtime made up: what does not depend on the run.
//!
//! Some of ONNX Runtime's optimisations add nodes in the order of addresses in memory: their numbers, and the counters
//! in their names, differ from run to run. Here a node's place follows from the graph's outputs and from what feeds
//! them. Only the order is given: nothing is added, dropped or renamed here.

use std::collections::{HashMap, HashSet};

/// What ONNX Runtime puts between a name's stem and its counter.
const GENERATED: &[u8] = b"_token_";

/// What a node is linked by. An empty name is a value left out.
pub(crate) struct Links<'a> {
    /// The operator's name.
    pub(crate) operator: &'a [u8],
    /// The values it takes, those that only its subgraphs use included.
    pub(crate) inputs: Vec<&'a [u8]>,
    /// The values it makes.
    pub(crate) outputs: Vec<&'a [u8]>,
}

impl<'a> Links<'a> {
    /// The first value it makes that is not left out.
    pub(crate) fn first_output(&self) -> Option<&'a [u8]> {
        self.outputs.iter().copied().find(|name| !name.is_empty())
    }
}

/// The places of `nodes` in their one order: each output of the graph after all that it needs, the first output first,
/// and likewise the inputs of each node. Nodes that no output needs follow, by the names of what they make.
///
/// The order is topological; where nodes form a cycle, which no valid model has, each still comes once.
pub(crate) fn order<'a>(nodes: &[Links<'a>], graph_outputs: impl IntoIterator<Item = &'a [u8]>) -> Vec<usize> {
    let mut producers = HashMap::new();
    for (at, node) in nodes.iter().enumerate() {
        producers.extend(node.outputs.iter().filter(|name| !name.is_empty()).map(|name| (*name, at)));
    }
    let mut unneeded: Vec<usize> = (0..nodes.len()).collect();
    unneeded.sort_by_key(|&at| (nodes[at].first_output(), nodes[at].operator, &nodes[at].inputs));
    let needed = graph_outputs.into_iter().filter_map(|name| producers.get(name).copied());

    let mut order = Vec::with_capacity(nodes.len());
    let mut met = vec![false; nodes.len()];
    // Nodes whose inputs are being followed, each with the number of inputs already looked at.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for start in needed.chain(unneeded) {
        if !std::mem::replace(&mut met[start], true) {
            open.push((start, 0));
        }
        while let Some((at, looked_at)) = open.last_mut() {
            let Some(input) = nodes[*at].inputs.get(*looked_at) else {
                order.push(*at);
                open.pop();
                continue;
            };
            *looked_at += 1;
            if let Some(&producer) = producers.get(input)
                && !std::mem::replace(&mut met[producer], true)
            {
                open.push((producer, 0));
            }
        }
    }
    order
}

/// The names of a graph's nodes that ONNX Runtime made up: a stem, `_token_` and a counter. The first of a stem has no
/// counter: it is known by the others of its stem, or by its stem being the operator's name.
pub(crate) struct Generated<'a> {
    stems: HashSet<&'a [u8]>,
}

impl<'a> Generated<'a> {
    /// Learns the stems from the names of all nodes of one graph.
    pub(crate) fn among(names: impl IntoIterator<Item = &'a [u8]>) -> Generated<'a> {
        Generated { stems: names.into_iter().filter_map(stem).collect() }
    }

    /// Whether the name of a node of this operator is one of them.
    pub(crate) fn has(&self, name: &[u8], operator: &[u8]) -> bool {
        !name.is_empty() && (name == operator || stem(name).is_some() || self.stems.contains(name))
    }
}

/// What stands before the counter, where there is one.
fn stem(name: &[u8]) -> Option<&[u8]> {
    let is_counter = |window: &[u8]| window.starts_with(GENERATED) && window[GENERATED.len()].is_ascii_digit();
    name.windows(GENERATED.len() + 1).position(is_counter).map(|at| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links<'a>(inputs: &[&'a str], outputs: &[&'a str]) -> Links<'a> {
        let bytes = |names: &[&'a str]| names.iter().map(|name| name.as_bytes()).collect();
        Links { operator: b"Op", inputs: bytes(inputs), outputs: bytes(outputs) }
    }

    /// The first outputs of the nodes, in order.
    fn ordered<'a>(nodes: &[Links<'a>], outputs: &[&'a str]) -> Vec<&'a str> {
        let outputs = outputs.iter().map(|name| name.as_bytes());
        let name = |at: usize| str::from_utf8(nodes[at].first_output().unwrap_or_default()).unwrap();
        order(nodes, outputs).into_iter().map(name).collect()
    }

    #[test]
    fn order_is_the_same_however_the_nodes_stand() {
        let mut nodes = vec![
            links(&["x"], &["unused"]),
            links(&["b", "", "a"], &["join"]),
            links(&["x"], &["a"]),
            links(&["a"], &["late"]),
            links(&["x"], &["", "b"]),
            links(&["join"], &["y"]),
        ];
        for _ in 0..nodes.len() {
            nodes.rotate_left(1);
            assert_eq!(ordered(&nodes, &["y", "late"]), ["b", "a", "join", "y", "late", "unused"]);
            assert_eq!(ordered(&nodes, &["late", "y"]), ["a", "late", "b", "join", "y", "unused"]);
        }
    }

    #[test]
    fn nodes_that_make_nothing_go_by_what_they_take() {
        let mut nodes = vec![links(&["b"], &[]), links(&["a"], &[""]), links(&["a"], &["y"])];
        for _ in 0..nodes.len() {
            let taken: Vec<_> = order(&nodes, [&b"y"[..]]).into_iter().map(|at| nodes[at].inputs[0]).collect();
            assert_eq!(taken, [b"a", b"a", b"b"]);
            nodes.rotate_left(1);
        }
    }

    #[test]
    fn every_node_of_a_cycle_comes_once() {
        let nodes = [links(&["b"], &["a"]), links(&["a"], &["b"]), links(&["c"], &["c"])];
        assert_eq!(ordered(&nodes, &["b"]), ["a", "b", "c"]);
    }

    #[test]
    fn long_chains_are_followed() {
        let names: Vec<String> = (0..200_000).map(|at| format!("v{at}")).collect();
        let nodes: Vec<_> = names.windows(2).rev().map(|pair| links(&[&pair[0]], &[&pair[1]])).collect();
        let reversed: Vec<usize> = (0..nodes.len()).rev().collect();
        assert_eq!(order(&nodes, [names[nodes.len()].as_bytes()]), reversed);
    }

    #[test]
    fn counters_and_the_first_of_a_stem_are_generated() {
        let names: [&[u8]; 4] = [b"ReorderOutput_token_29", b"gelu", b"gelu_token_0_nchwc", b"cls_token_bias"];
        let generated = Generated::among(names);
        for (name, operator) in [("gelu", "Gelu"), ("ReorderOutput", "X"), ("Add", "Add"), ("new_token_7", "Add")] {
            assert!(generated.has(name.as_bytes(), operator.as_bytes()), "{name}");
        }
        for (name, operator) in [("", ""), ("_token_", "Add"), ("cls_token_bias", "Add"), ("cls", "Add")] {
            assert!(!generated.has(name.as_bytes(), operator.as_bytes()), "{name}");
        }
    }
}
