//! Models built by hand: what is placed where.

use super::*;
use schema::{graph, node_edge};

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

/// Three nodes in a row, `numbers` being their indices and `names` the names of the first two; stored in order of index.
fn row(numbers: [u64; 3], names: [&'static str; 2]) -> Table<'static> {
    let mut nodes = vec![
        operator(numbers[0], names[0], &["x"], "a"),
        operator(numbers[1], names[1], &["a"], "b"),
        operator(numbers[2], "last", &["a", "b"], "y"),
    ];
    nodes.sort_by_key(|node| node.scalar(node::INDEX));
    let ends = |ends: &[(usize, u32, u32)]| {
        let mut ends: Vec<_> = ends.iter().map(|&(node, from, to)| [numbers[node] as u32, from, to]).collect();
        ends.sort();
        Value::Scalars(ends.into_iter().flatten().flat_map(u32::to_le_bytes).collect())
    };
    let edge = |owner: usize, inputs, outputs| {
        let fields = vec![(node_edge::NODE, Value::Scalar(numbers[owner])), (1, ends(inputs)), (2, ends(outputs))];
        table(&schema::NODE_EDGE, fields)
    };
    let mut edges = vec![
        edge(0, &[], &[(1, 0, 0), (2, 0, 0)]),
        edge(1, &[(0, 0, 0)], &[(2, 0, 1)]),
        edge(2, &[(0, 0, 0), (1, 0, 1)], &[]),
    ];
    edges.sort_by_key(|edge| edge.scalar(node_edge::NODE));
    let fields = vec![
        (graph::NODES, Value::Tables(nodes)),
        (graph::MAX_NODE_INDEX, Value::Scalar(numbers.into_iter().max().unwrap() + 1)),
        (graph::NODE_EDGES, Value::Tables(edges)),
        (graph::OUTPUTS, Value::Strings(vec![b"y"])),
    ];
    table(&schema::GRAPH, fields)
}

#[test]
fn numbers_and_counters_of_nodes_do_not_matter() {
    let laid_out = |graph| assemble(&relayout(&file(&session(graph), &[]), 0, 4096).unwrap(), &[]);
    let expected = laid_out(row([0, 1, 2], ["a", "b"]));
    for numbers in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [7, 3, 5]] {
        for names in [["Reorder", "Reorder_token_2"], ["Reorder_token_2", "Reorder"], ["Add", "Add_token_1"]] {
            assert!(laid_out(row(numbers, names)) == expected, "{numbers:?} {names:?}");
        }
    }
    let read = reader::read(&expected).unwrap();
    let written = file(&session(row([0, 1, 2], ["a", "b"])), &[]);
    let mut plain = reader::read(&written).unwrap();
    canonical::sort(&mut plain);
    let edges = |session: &Table<'_>| {
        let graph = session.main_graph().unwrap();
        let edges = graph.tables(graph::NODE_EDGES).iter();
        edges.map(|edge| [1, 2].map(|slot| edge.scalars(slot).to_vec())).collect::<Vec<_>>()
    };
    assert_eq!(edges(&read), edges(&plain));
    assert_eq!(read.main_graph().unwrap().scalar(graph::MAX_NODE_INDEX), Some(3));
}

#[test]
fn graph_that_is_referred_to_by_number_keeps_its_numbers() {
    let with_records = |records: Vec<Table<'static>>| {
        let mut graph = row([7, 3, 5], ["Reorder_token_1", "Reorder_token_2"]);
        let records = table(&schema::RUNTIME_OPTIMIZATIONS, vec![(0, Value::Tables(records))]);
        graph.fields.push((graph::RUNTIME_OPTIMIZATIONS, Value::Table(records)));
        let whole = assemble(&relayout(&file(&session(graph), &[]), 0, 4096).unwrap(), &[]);
        let read = reader::read(&whole).unwrap();
        let nodes = read.main_graph().unwrap().tables(graph::NODES).iter();
        nodes.map(|node| node.scalar(node::INDEX).unwrap_or(0)).collect::<Vec<_>>()
    };
    let record = table(&schema::OPTIMIZER_RECORDS, vec![(0, Value::String(b"optimizer"))]);
    assert_eq!(with_records(vec![record]), [3, 5, 7]);
    assert_eq!(with_records(Vec::new()), [0, 1, 2]);
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
    assert_eq!(users, [user("first", 0), user("first", 0), user("second", 1), None]);
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
