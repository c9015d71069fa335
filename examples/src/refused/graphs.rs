//! Graphs whose values or nodes do not fit together.

use blink_tensors::DType;
use prost::Message;

use super::{Fault, FoundBy};
use crate::{GraphBuilder, attribute, dims, values};

pub(super) fn faults() -> Vec<Fault> {
    [
        ("cycle", cycle as fn(&mut GraphBuilder)),
        ("cycle_through_subgraph", cycle_through_subgraph),
        ("missing_value", |graph| graph.node("Add", &["x", "nowhere"], &["y"], [])),
        ("missing_output", |graph| graph.node("Neg", &["x"], &["z"], [])),
        ("duplicate_input", |graph| {
            graph.input("x", DType::F32, &dims![4]);
            graph.node("Neg", &["x"], &["y"], []);
        }),
        ("duplicate_value", |graph| {
            graph.node("Neg", &["x"], &["y"], []);
            graph.node("Abs", &["x"], &["y"], []);
        }),
        ("duplicate_initializer", |graph| {
            graph.initializer("w", &values(&[4], &[0f32; 4]));
            graph.initializer("w", &values(&[4], &[1f32; 4]));
            graph.node("Add", &["x", "w"], &["y"], []);
        }),
        ("recursive_function", |graph| {
            let mut body = GraphBuilder::new("again");
            body.node("examples:again", &["a"], &["b"], []);
            graph.function("examples", &["a"], &["b"], body);
            graph.node("examples:again", &["x"], &["y"], []);
        }),
    ]
    .map(|(label, build)| {
        let mut graph = GraphBuilder::new(label);
        graph.input("x", DType::F32, &dims![4]);
        graph.output("y", DType::F32, &dims![4]);
        build(&mut graph);
        (label, FoundBy::Opening, graph.model().encode_to_vec())
    })
    .into()
}

fn cycle(graph: &mut GraphBuilder) {
    graph.node("Neg", &["y"], &["z"], []);
    graph.node("Add", &["x", "z"], &["y"], []);
}

/// An If whose branches take what comes of it.
fn cycle_through_subgraph(graph: &mut GraphBuilder) {
    let mut branch = GraphBuilder::new("branch");
    branch.node("Neg", &["y"], &["negative"], []);
    branch.output("negative", DType::F32, &dims![4]);
    let branch = branch.graph();
    graph.initializer("yes", &values(&[], &[true]));
    let branches = [attribute::graph("then_branch", branch.clone()), attribute::graph("else_branch", branch)];
    graph.node("If", &["yes"], &["z"], branches);
    graph.node("Add", &["x", "z"], &["y"], []);
}
