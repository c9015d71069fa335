//! Models built by hand: what is placed where.

use super::*;
use schema::graph;

const MIB: usize = 1 << 20;

/// Two nodes, the second by index to run first, and one weight of each size; the data for it.
fn sample() -> (Table<'static>, Vec<u8>) {
    let source: Vec<u8> = (0..2 * MIB).map(|at| (at * 7 + at / 251) as u8).collect();
    let initializers = vec![
        initializer("unused", 0..128),
        initializer("tiny", 1000..1127),
        initializer("later", 2000..2200),
        initializer("twin", 2000..2200),
        initializer("first", 5000..5000 + MIB),
        initializer("odd", 9000..9333),
    ];
    let nodes = vec![
        operator(0, "second", &["between", "odd", "later", "tiny", ""], "out"),
        operator(1, "first", &["x", "first", "twin"], "between"),
    ];
    let fields = vec![(graph::INITIALIZERS, Value::Tables(initializers)), (graph::NODES, Value::Tables(nodes))];
    (session(table(&schema::GRAPH, fields)), source)
}

#[test]
fn writer_and_reader_agree() {
    let (model, source) = sample();
    let file = file(&model, &source);
    assert_eq!(text(&reader::read(&file).unwrap(), &file), text(&model, &source));
}

#[test]
fn order_of_lists_found_by_name_does_not_matter() {
    let (model, source) = sample();
    let (mut shuffled, _) = sample();
    let Some((_, Value::Table(model_table))) = shuffled.fields.get_mut(1) else { panic!("no model") };
    let Some((_, Value::Table(graph))) = model_table.fields.get_mut(1) else { panic!("no graph") };
    let Some((_, Value::Tables(initializers))) = graph.fields.get_mut(0) else { panic!("no initializers") };
    initializers.rotate_left(2);
    let [model, shuffled] = [model, shuffled].map(|model| file(&model, &source));
    assert!(model != shuffled);
    let [model, shuffled] = [model, shuffled].map(|ort| assemble(&relayout(&ort, 0, 4096).unwrap(), &ort));
    assert!(model == shuffled);
}

#[test]
fn weights_follow_first_use_and_equal_ones_are_one() {
    let (model, source) = sample();
    let ort = file(&model, &source);
    let layout = relayout(&ort, 0, 8192).unwrap();
    let names: Vec<_> = layout.weights.iter().map(|weight| weight.name.as_str()).collect();
    assert_eq!(names, ["first", "twin", "odd", "unused"]);
    let users: Vec<_> = layout.weights.iter().map(|weight| weight.first_use.clone()).collect();
    let user = |name: &str, index| Some((name.to_owned(), index));
    assert_eq!(users, [user("first", 1), user("first", 1), user("second", 0), None]);
    assert_eq!(layout.weights[0].dims, [2, 5]);
    assert_eq!(sorted_text(&assemble(&layout, &ort)), sorted_text(&ort));
}

#[test]
fn each_weight_is_aligned_behind_its_length_and_zeros_end_the_region() {
    let (model, source) = sample();
    let ort = file(&model, &source);
    let layout = relayout(&ort, 0, 4096).unwrap();
    let mut region = Vec::new();
    layout.write_weights(&ort, &mut region).unwrap();
    let mut end = 0;
    for weight in &layout.weights {
        let at = weight.offset as usize;
        assert_eq!(at % if weight.source.len() >= MIB { 4096 } else { 64 }, 0);
        assert!(region[end..at - 4].iter().all(|&byte| byte == 0));
        assert_eq!(region[at - 4..at], (weight.source.len() as u32).to_le_bytes());
        end = at + weight.source.len();
        assert!(region[at..end] == ort[weight.source.clone()]);
    }
    assert!(region.len() >= end + 64);
    assert!(region[end..].iter().all(|&byte| byte == 0));
}

#[test]
fn small_tensors_stay_in_the_head() {
    let (model, source) = sample();
    let layout = relayout(&file(&model, &source), 0, 4096).unwrap();
    let tiny = &source[1000..1127];
    assert!(layout.metadata.windows(tiny.len()).any(|window| window == tiny));
    assert!(layout.metadata.len() < 2048);
}

#[test]
fn nodes_on_a_cycle_still_have_their_weights_placed() {
    let source = [1; 400];
    let initializers = vec![initializer("a", 0..200), initializer("b", 0..300)];
    let nodes = vec![operator(0, "one", &["two", "a"], "one"), operator(1, "two", &["one", "b"], "two")];
    let fields = vec![(graph::INITIALIZERS, Value::Tables(initializers)), (graph::NODES, Value::Tables(nodes))];
    let model = session(table(&schema::GRAPH, fields));
    assert_eq!(relayout(&file(&model, &source), 0, 4096).unwrap().weights.len(), 2);
}

#[test]
fn weights_of_another_file_are_not_written() {
    let (model, source) = sample();
    let layout = relayout(&file(&model, &source), 0, 4096).unwrap();
    let error = layout.write_weights(&source[..100], &mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}
