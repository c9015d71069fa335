//! Stored tensors: those that are shared, those that half floats cannot hold, those that callers may replace.

use super::built::Built;
use crate::onnx::proto::DataType;

#[test]
fn a_small_tensor_that_both_need_is_stored_in_both_forms() {
    let half = Built::new(&["x"], &["y"])
        .weight("w", &[0.1, 2.0])
        .node("MatMul x w -> a")
        .node("Exp w -> b")
        .node("Add a b -> y")
        .half();
    assert_eq!(half.stored(), [("w_f16", DataType::Float16), ("w", DataType::Float)]);
    assert!(half.nodes().contains(&"Exp w -> b".to_owned()));
    assert!(half.nodes().contains(&"MatMul x_f16 w_f16 -> a_f16".to_owned()));
    assert_eq!(half.tensor("w_f16").raw_data(), [0x66, 0x2e, 0x00, 0x40], "0.1 and 2");
}

#[test]
fn a_large_tensor_that_both_need_is_stored_as_floats_and_cast() {
    let half = Built::new(&["x"], &["y"])
        .weight("w", &vec![0.5; 40_000])
        .node("MatMul x w -> a")
        .node("Exp w -> b")
        .node("Add a b -> y")
        .half();
    assert_eq!(half.stored(), [("w", DataType::Float)]);
    assert_eq!(half.nodes().iter().filter(|node| *node == "Half w -> w_f16").count(), 1);
}

#[test]
fn half_floats_of_128_bytes_and_more_stand_outside_the_graph() {
    let half = Built::new(&["x"], &["y"])
        .weight("small", &[1.0; 63])
        .weight("large", &[1.0; 64])
        .weight("more", &[1.0; 65])
        .node("MatMul x small -> a")
        .node("MatMul a large -> b")
        .node("MatMul b more -> y")
        .half();
    assert_eq!(half.tensor("small").raw_data().len(), 126);
    for (name, offset, length) in [("large", "0", "128"), ("more", "128", "130")] {
        let entries: Vec<_> = half.tensor(name).external_data.iter().map(|entry| entry.value().to_owned()).collect();
        assert_eq!(entries, ["half", offset, length]);
        assert_eq!(half.tensor(name).raw_data, None);
    }
}

#[test]
fn weights_that_half_floats_cannot_hold_keep_their_node_float() {
    for wrong in [1e6, -3.4e38, 1e-12] {
        let half = Built::new(&["x"], &["y"])
            .weight("w", &[1.0])
            .weight("wrong", &[wrong])
            .node("MatMul x w -> a")
            .node("Add a wrong -> b")
            .node("MatMul b wrong -> y")
            .half();
        let expected = [
            "Half x -> x_f16",
            "MatMul x_f16 w -> a_f16",
            "Float a_f16 -> a",
            "Add a wrong -> b",
            "MatMul b wrong -> y",
        ];
        assert_eq!(half.nodes(), expected, "{wrong}");
        assert_eq!(half.stored(), [("w", DataType::Float16), ("wrong", DataType::Float)]);
    }
}

#[test]
fn a_default_that_callers_may_replace_keeps_its_dtype() {
    let half = Built::new(&["x", "w"], &["y"]).weight("w", &[1.0]).node("MatMul x w -> y").half();
    assert_eq!(half.stored(), [("w", DataType::Float)]);
    assert_eq!(half.nodes()[..2], ["Half x -> x_f16", "Half w -> w_f16"]);
}

#[test]
fn a_weight_that_is_an_output_too_stays_float_there() {
    let half = Built::new(&["x"], &["y", "w"]).weight("w", &[1.0]).node("MatMul x w -> y").half();
    assert_eq!(half.stored(), [("w_f16", DataType::Float16), ("w", DataType::Float)]);
}

#[test]
fn large_tables_are_looked_up_in_half_and_small_ones_are_not() {
    let looked_up = |len: usize| {
        let table = Built::new(&["ids"], &["y"]).is("ids", None).weight("table", &vec![0.25; len]);
        table.node("Gather table ids -> a").node("LayerNormalization a g -> y").weight("g", &[1.0]).half()
    };
    let expected = ["Gather table ids -> a_f16", "LayerNormalization a_f16 g -> y_f16", "Float y_f16 -> y"];
    assert_eq!(looked_up(1 << 18).nodes(), expected);
    assert_eq!(looked_up((1 << 18) - 1).nodes(), ["Gather table ids -> a", "LayerNormalization a g -> y"]);
}
