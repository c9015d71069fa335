//! What stays float: operators, subgraphs, and values that are float whatever the rest is.

use blink_tensors::DType;

use super::built::{Built, graph, node, text};
use crate::onnx::proto::{AttributeProto, DataType, GraphProto, ValueInfoProto};

/// Whether a node stays float whose first input, `a`, is made in half; `b` is a computed value, `c` a constant.
fn stays(text: &str) -> bool {
    stays_with(text, &[], 17)
}

fn stays_with(text: &str, attributes: &[AttributeProto], opset: i64) -> bool {
    let mut built = Built { opset, ..Built::new(&["x", "b", "i"], &["z"]) }.is("i", None).weight("c", &[2.0]);
    built = built.node("MatMul x x -> a").node(text);
    for attribute in attributes {
        built = built.attribute(attribute.clone());
    }
    let half = built.node("MatMul y y -> z").half();
    half.plan.halves[1].is_none()
}

#[test]
fn operators_that_lose_too_much_stay() {
    for text in [
        "Exp a -> y",
        "Pow a c -> y",
        "Log a -> y",
        "Sqrt a -> y",
        "Reciprocal a -> y",
        "Div a b -> y",
        "Mul a a -> y",
        "ReduceMean a -> y",
        "ReduceSum a -> y",
        "ReduceL2 a -> y",
        "LRN a -> y",
        "CumSum a i -> y",
        "LSTM a b b -> y",
        "TopK a i -> y j",
        "RoiAlign a b i -> y",
        "GridSample a b -> y",
        "Tan a -> y",
        ".Inverse a -> y",
    ] {
        assert!(stays(text), "{text}");
    }
}

#[test]
fn operators_that_do_well_follow() {
    for text in [
        "Add a b -> y",
        "Sub b a -> y",
        "Mul a b -> y",
        "Div a c -> y",
        "Where i a c -> y",
        "Clip a c c -> y",
        "Softmax a -> y",
        "LayerNormalization a c c -> y",
        "MaxPool a -> y",
        "Concat a b a -> y",
        "Slice a i i -> y",
        "Transpose a -> y",
        ".SkipLayerNormalization a b c c -> y",
        ".BiasGelu a c -> y",
    ] {
        assert!(!stays(text), "{text}");
    }
}

#[test]
fn versions_and_modes_count() {
    assert!(stays_with("Clip a c c -> y", &[], 11) && !stays_with("Clip a c c -> y", &[], 12));
    assert!(stays_with("Resize a -- c -> y", &[text("mode", "linear")], 17));
    assert!(!stays_with("Resize a -- c -> y", &[text("mode", "nearest")], 17));
    assert!(!stays_with("Resize a -- c -> y", &[], 17), "nearest is the default");
}

#[test]
fn scales_of_a_resize_stay_float() {
    let half = Built::new(&["x"], &["y"]).weight("s", &[2.0]).node("MatMul x x -> a").node("Resize a - s -> y").half();
    assert_eq!(half.nodes()[2], "Resize a_f16  s -> y_f16");
    assert_eq!(half.stored(), [("s", DataType::Float)]);
}

#[test]
fn probabilities_that_a_caller_gets_stay_float() {
    let last = Built::new(&["x"], &["y"]).node("MatMul x x -> a").node("Softmax a -> y").half();
    assert_eq!(last.nodes()[2..], ["Float a_f16 -> a", "Softmax a -> y"]);
}

#[test]
fn statistics_of_a_normalisation_stay_float() {
    let half = Built::new(&["x"], &["y"])
        .weight("g", &[1.0])
        .node("MatMul x x -> a")
        .node(".SkipLayerNormalization a a g g -> b mean deviation sum")
        .is("unused", None)
        .node("Add b mean -> y")
        .half();
    assert_eq!(half.nodes()[2], "SkipLayerNormalization a_f16 a_f16 g g -> b_f16 mean deviation sum_f16");
    assert_eq!(half.nodes()[3..5], ["Half mean -> mean_f16", "Add b_f16 mean_f16 -> y_f16"]);
}

#[test]
fn subgraphs_stay_as_they_are_and_get_floats() {
    let body = GraphProto {
        node: vec![node("MatMul a w -> inner")],
        output: vec![ValueInfoProto { name: Some("inner".into()), ..Default::default() }],
        ..Default::default()
    };
    let half = Built::new(&["x", "cond"], &["y"])
        .is("cond", None)
        .weight("w", &[1.0])
        .node("MatMul x w -> a")
        .node("If cond -> b")
        .attribute(graph("then_branch", body.clone()))
        .attribute(graph("else_branch", body.clone()))
        .node("MatMul b w -> y")
        .half();
    let expected = [
        "Half x -> x_f16",
        "MatMul x_f16 w_f16 -> a_f16",
        "Float a_f16 -> a",
        "If cond -> b",
        "Half b -> b_f16",
        "MatMul b_f16 w_f16 -> y_f16",
        "Float y_f16 -> y",
    ];
    assert_eq!(half.nodes(), expected);
    assert_eq!(half.stored(), [("w_f16", DataType::Float16), ("w", DataType::Float)]);
    let kept = half.rewritten.graph.node[3].attribute.iter().filter_map(|attribute| attribute.g.as_deref());
    assert!(kept.eq([&body, &body]));
}

#[test]
fn values_of_other_dtypes_are_left_alone() {
    let half = Built::new(&["x", "n"], &["y", "m"])
        .is("n", None)
        .is("m", None)
        .is("d", Some(DType::F16))
        .node("MatMul x x -> y")
        .node("MatMul n n -> m")
        .half();
    assert_eq!(half.plan.halves.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
    assert_eq!(half.nodes()[3], "MatMul n n -> m");
}
