//! Hand-built graphs, from float to half: where casts stand, what is stored, what stays.

mod built;
mod kept;
mod stored;

use blink_tensors::DType;

use super::rewrite::cast;
use super::rounded::rounded;
use crate::onnx::proto::DataType;
use built::{Built, listed};

#[test]
fn casts_stand_at_the_borders_alone() {
    let half = Built::new(&["x"], &["y"])
        .weight("w", &[1.0, 2.0])
        .weight("v", &[3.0])
        .node("MatMul x w -> a")
        .node("Relu a -> b")
        .node("Gemm b v -> y")
        .half();
    assert_eq!(
        half.nodes(),
        [
            "Half x -> x_f16",
            "MatMul x_f16 w -> a_f16",
            "Relu a_f16 -> b_f16",
            "Gemm b_f16 v -> y_f16",
            "Float y_f16 -> y"
        ]
    );
    assert_eq!(half.stored(), [("w", DataType::Float16), ("v", DataType::Float16)]);
    assert_eq!(half.rewritten.casts, 2);
}

#[test]
fn a_value_is_cast_once_in_each_direction() {
    let half = Built::new(&["x"], &["y", "z"])
        .weight("w", &[1.0])
        .node("MatMul x w -> a")
        .node("MatMul x w -> b")
        .node("Exp a -> c")
        .node("Log a -> d")
        .node("Add c d -> e")
        .node("MatMul e b -> y")
        .node("MatMul b e -> z")
        .half();
    let expected = [
        "Half x -> x_f16",
        "MatMul x_f16 w -> a_f16",
        "Float a_f16 -> a",
        "MatMul x_f16 w -> b_f16",
        "Exp a -> c",
        "Log a -> d",
        "Add c d -> e",
        "Half e -> e_f16",
        "MatMul e_f16 b_f16 -> y_f16",
        "Float y_f16 -> y",
        "MatMul b_f16 e_f16 -> z_f16",
        "Float z_f16 -> z",
    ];
    assert_eq!(half.nodes(), expected);
    assert_eq!(half.rewritten.casts, 5);
}

#[test]
fn nodes_that_lead_nothing_stay_float() {
    let half = Built::new(&["x"], &["y"]).weight("m", &[0.5]).node("Sub x m -> a").node("Relu a -> y").half();
    assert_eq!(half.nodes(), ["Sub x m -> a", "Relu a -> y"]);
    assert_eq!((half.rewritten.casts, half.stored()), (0, vec![("m", DataType::Float)]));
}

#[test]
fn a_half_value_of_the_models_own_is_taken_as_it_is() {
    let to_float = cast("a", "x", "a", DataType::Float).attribute.remove(0);
    let half = Built::new(&["x"], &["y"])
        .is("x", Some(DType::F16))
        .node("Cast x -> a")
        .attribute(to_float)
        .node("MatMul a a -> y")
        .half();
    assert_eq!(half.nodes(), ["Float x -> a", "MatMul x x -> y_f16", "Float y_f16 -> y"]);
}

#[test]
fn shapes_are_taken_of_either_form() {
    let half = Built::new(&["x"], &["y", "s"])
        .is("s", None)
        .node("MatMul x x -> a")
        .node("Shape a -> s")
        .node("Shape x -> t")
        .is("t", None)
        .node("Reshape a t -> y")
        .half();
    let expected = [
        "Half x -> x_f16",
        "MatMul x_f16 x_f16 -> a_f16",
        "Shape a_f16 -> s",
        "Shape x -> t",
        "Reshape a_f16 t -> y_f16",
        "Float y_f16 -> y",
    ];
    assert_eq!(half.nodes(), expected);
}

#[test]
fn new_names_are_nobodys() {
    let half = Built::new(&["x", "x_f16"], &["y"]).node("MatMul x x_f16 -> y").half();
    let expected =
        ["Half x -> x_f16_", "Half x_f16 -> x_f16_f16", "MatMul x_f16_ x_f16_f16 -> y_f16", "Float y_f16 -> y"];
    assert_eq!(half.nodes(), expected);
}

#[test]
fn the_twin_rounds_every_half_value_and_computes_in_float() {
    let half = Built::new(&["x"], &["y"]).weight("w", &[1.0]).node("MatMul x w -> a").node("Mul a w -> y").half();
    let twin = rounded(&half.rewritten.graph, &half.rewritten.halves);
    let expected = [
        "Half x -> x_f16",
        "Float x_f16 -> x_f16_widened",
        "Float w -> w_widened",
        "MatMul x_f16_widened w_widened -> a_f16_exact",
        "Half a_f16_exact -> a_f16",
        "Float a_f16 -> a_f16_widened",
        "Mul a_f16_widened w_widened -> y_f16_exact",
        "Half y_f16_exact -> y_f16",
        "Float y_f16 -> y",
    ];
    assert_eq!(listed(&twin), expected);
}

#[test]
fn no_two_nodes_have_one_name() {
    // ONNX Runtime calls nodes that it made like their outputs, once they stand in order.
    let mut built = Built::new(&["x"], &["y"]).node("MatMul x x -> a").node("Exp a -> b").node("MatMul b b -> y");
    for (node, name) in built.graph.node.iter_mut().zip(["a", "x_f16", "y"]) {
        node.name = Some(name.into());
    }
    let half = built.half();
    let twin = rounded(&half.rewritten.graph, &half.rewritten.halves);
    for graph in [&half.rewritten.graph, &twin] {
        let mut names: Vec<_> = graph.node.iter().map(|node| node.name()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
    assert_eq!(half.rewritten.graph.node[0].output, ["x_f16_"]);
}

#[test]
fn a_value_that_is_only_moved_is_cast_before() {
    let half = Built::new(&["x", "s"], &["y", "z"])
        .is("s", None)
        .node("Exp x -> a")
        .node("Reshape a s -> b")
        .node("Transpose b -> c")
        .node("Reshape a s -> d")
        .node("MatMul c d -> y")
        .node("Reshape a s -> e")
        .node("Exp e -> z")
        .half();
    let expected = [
        "Exp x -> a",
        "Half a -> a_f16",
        "Reshape a_f16 s -> b_f16",
        "Transpose b_f16 -> c_f16",
        "Reshape a_f16 s -> d_f16",
        "MatMul c_f16 d_f16 -> y_f16",
        "Float y_f16 -> y",
        "Reshape a s -> e",
        "Exp e -> z",
    ];
    assert_eq!(half.nodes(), expected);
}
