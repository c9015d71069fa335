//! Files that ONNX Runtime saved: laid out again they say the same, and always in the same bytes.

use super::*;

const ALL: [&[u8]; 6] = [BRANCHES, BRANCHES_AGAIN, LABEL_ENCODER, SPARSE, STRINGS, ZIPMAP];

#[test]
fn laid_out_file_says_what_the_saved_one_says() {
    for ort in ALL {
        for alignment in [4096, 2 << 20] {
            let layout = relayout(ort, 0, alignment).unwrap();
            let whole = assemble(&layout, ort);
            assert_eq!(layout.weights_start % alignment, 0);
            assert_eq!(sorted_text(&whole), sorted_text(ort));
            assert_eq!(census(&whole), census(ort));
        }
    }
}

#[test]
fn open_shapes_are_forgotten_and_fixed_ones_kept() {
    let shapes = |file: &[u8]| {
        let session = reader::read(file).unwrap();
        let (mut open, mut fixed) = (0, 0);
        session.walk(&mut |table| {
            if table.is(&schema::SHAPE) {
                let dims = table.tables(schema::shape::DIMS).iter();
                let values = dims.map(|dim| dim.table(schema::dimension::VALUE).and_then(|value| value.scalar(0)));
                *(if values.eq(std::iter::repeat_n(Some(1), table.tables(0).len())) {
                    &mut fixed
                } else {
                    &mut open
                }) += 1;
            }
        });
        (open, fixed)
    };
    let (open, fixed) = shapes(BRANCHES);
    assert!(open > 0 && fixed > 0);
    let layout = relayout(BRANCHES, 0, 4096).unwrap();
    assert_eq!(shapes(&assemble(&layout, BRANCHES)), (0, fixed));
}

#[test]
fn layout_of_a_layout_is_itself() {
    for ort in ALL {
        let once = relayout(ort, 0, 4096).unwrap();
        let whole = assemble(&once, ort);
        let twice = relayout(&whole, 0, 4096).unwrap();
        assert_eq!(twice.metadata, once.metadata);
        assert!(assemble(&twice, &whole) == whole);
    }
}

#[test]
fn two_saves_of_one_model_give_the_same_bytes() {
    assert_ne!(BRANCHES, BRANCHES_AGAIN);
    let [once, again] = [BRANCHES, BRANCHES_AGAIN].map(|ort| assemble(&relayout(ort, 0, 4096).unwrap(), ort));
    assert!(once == again);
}

#[test]
fn weights_of_branches_are_placed_where_their_node_runs() {
    let layout = relayout(BRANCHES, 0, 4096).unwrap();
    let uses: Vec<_> = layout
        .weights
        .iter()
        .map(|weight| {
            let (node, index) = weight.first_use.as_ref().unwrap();
            (weight.name.as_str(), weight.dims.as_slice(), node.as_str(), *index)
        })
        .collect();
    let expected: [(&str, &[i64], &str, u32); 4] = [
        ("w_else", &[8, 8], "else_matmul", 0),
        ("bias8", &[4, 8], "else_add", 1),
        ("w_then", &[8, 8], "then_matmul", 0),
        ("w_last", &[8, 40], "last", 3),
    ];
    assert_eq!(uses, expected);
    assert!(layout.weights.iter().all(|weight| weight.dtype == 1));
    assert!(usable_in_place(BRANCHES).unwrap());
}

#[test]
fn tensor_attributes_move_but_cannot_be_used_in_place() {
    let layout = relayout(LABEL_ENCODER, 0, 4096).unwrap();
    assert_eq!(layout.weights.len(), 2);
    assert!(!usable_in_place(LABEL_ENCODER).unwrap());
}

#[test]
fn both_parts_of_a_sparse_weight_move_together() {
    let layout = relayout(SPARSE, 0, 4096).unwrap();
    assert_eq!(layout.weights.len(), 2);
    assert!(layout.weights.iter().all(|weight| weight.first_use.is_some()));
}

#[test]
fn model_without_large_weights_has_no_region() {
    let layout = relayout(STRINGS, 0, 4096).unwrap();
    assert!(layout.weights.is_empty());
    assert_eq!(layout.weights_len, 0);
}

#[test]
fn census_counts_nodes_of_subgraphs() {
    let census = census(BRANCHES).unwrap();
    assert_eq!(census.nodes, 7);
    let operators = [("ai.onnx:Add", 3), ("ai.onnx:If", 1), ("ai.onnx:MatMul", 3)];
    assert_eq!(census.operators, operators.map(|(name, count)| (name.to_owned(), count)).into());
    assert_eq!(census.providers, [("CPUExecutionProvider".to_owned(), 7)].into());
}
