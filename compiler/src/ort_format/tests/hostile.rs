//! Damaged and crafted files: an error, or a file that is itself sound, never a panic.

use super::*;
use schema::{Field, graph, tensor};

/// Lays `ort` out; where that works, the result must be readable, too.
fn probe(ort: &[u8]) {
    let counted = census(ort);
    if let Ok(layout) = relayout(ort, 0, 4096) {
        assert!(counted.is_ok());
        reader::read(&assemble(&layout, ort)).unwrap();
    }
}

#[test]
fn flipped_bits_never_panic() {
    for ort in [BRANCHES, ZIPMAP] {
        let mut ort = ort.to_vec();
        for at in 0..ort.len() {
            for flip in [0x01, 0x80, 0xff] {
                ort[at] ^= flip;
                probe(&ort);
                ort[at] ^= flip;
            }
        }
    }
}

#[test]
fn truncated_files_never_panic() {
    for ort in [BRANCHES, ZIPMAP] {
        (0..ort.len()).for_each(|len| probe(&ort[..len]));
    }
}

fn error(ort: &[u8]) -> OrtFormatError {
    relayout(ort, 0, 4096).err().unwrap()
}

fn empty_graph() -> Table<'static> {
    table(&schema::GRAPH, Vec::new())
}

#[test]
fn other_files_are_refused() {
    assert_eq!(error(b""), OrtFormatError::NotOrt);
    assert_eq!(error(b"\x08\x07onnx-model"), OrtFormatError::NotOrt);
    assert!(matches!(error(b"\xff\xff\0\0ORTM"), OrtFormatError::OutOfBounds { at: 0, .. }));
    assert!(matches!(error(b"\0\0\0\0ORTM"), OrtFormatError::OutOfBounds { at: 0, .. }));
    assert!(matches!(error(b"\x05\0\0\0ORTM\0\0\0\0"), OrtFormatError::Misaligned { at: 5, align: 4 }));
}

#[test]
fn other_versions_are_refused() {
    let version = (schema::session::VERSION, Value::String(b"5"));
    let ort = file(&table(&schema::SESSION, vec![version]), &[]);
    assert_eq!(error(&ort), OrtFormatError::UnsupportedVersion { found: "5".to_owned() });
    let ort = file(&table(&schema::SESSION, Vec::new()), &[]);
    assert_eq!(error(&ort), OrtFormatError::UnsupportedVersion { found: String::new() });
}

#[test]
fn model_without_a_graph_is_refused() {
    let ort = file(&table(&schema::SESSION, vec![(schema::session::VERSION, Value::String(b"6"))]), &[]);
    assert_eq!(error(&ort), OrtFormatError::MissingField { table: "Model", slot: schema::model::GRAPH });
}

#[test]
fn fields_of_another_schema_are_refused() {
    static NEWER: TableSchema = TableSchema {
        name: "InferenceSession",
        fields: &[Field::String, Field::Retired, Field::String, Field::Retired, Field::Scalar(4)],
    };
    let version = || (schema::session::VERSION, Value::String(b"6"));
    let retired = file(&table(&NEWER, vec![version(), (2, Value::String(b"old"))]), &[]);
    assert_eq!(error(&retired), OrtFormatError::UnknownField { table: "InferenceSession", slot: 2 });
    let newer = file(&table(&NEWER, vec![version(), (4, Value::Scalar(1))]), &[]);
    assert_eq!(error(&newer), OrtFormatError::UnknownField { table: "InferenceSession", slot: 4 });
}

/// A graph whose one value is of this type.
fn graph_of_type(kind: Table<'_>) -> Table<'_> {
    let value = table(&schema::VALUE_INFO, vec![(2, Value::Table(kind))]);
    table(&schema::GRAPH, vec![(graph::VALUES, Value::Tables(vec![value]))])
}

#[test]
fn unknown_kind_of_type_is_refused() {
    let shape = Value::Table(table(&schema::SHAPE, Vec::new()));
    let kind = table(&schema::TYPE_INFO, vec![(1, Value::Scalar(9)), (2, shape)]);
    let ort = file(&session(graph_of_type(kind)), &[]);
    assert_eq!(error(&ort), OrtFormatError::UnknownKind { table: "TypeInfo", tag: 9, known: 3 });
}

#[test]
fn types_nested_too_deep_are_refused() {
    let mut kind = table(&schema::TYPE_INFO, Vec::new());
    for _ in 0..40 {
        let sequence = Value::Table(table(&schema::SEQUENCE_TYPE, vec![(0, Value::Table(kind))]));
        kind = table(&schema::TYPE_INFO, vec![(1, Value::Scalar(2)), (2, sequence)]);
    }
    let ort = file(&session(graph_of_type(kind)), &[]);
    assert!(matches!(error(&ort), OrtFormatError::TooDeep { .. }));
}

#[test]
fn table_reached_many_times_is_refused() {
    const NODES: usize = 77;
    let inputs = vec!["input"; 100];
    let mut nodes = vec![operator(0, "large", &inputs, "out")];
    nodes.resize_with(NODES, || table(&schema::NODE, Vec::new()));
    let mut ort = file(&session(table(&schema::GRAPH, vec![(graph::NODES, Value::Tables(nodes))])), &[]);
    relayout(&ort, 0, 4096).unwrap();

    let count = (NODES as u32).to_le_bytes();
    let list = ort.windows(4).position(|bytes| bytes == count).unwrap() + 4;
    let first = u32::from_le_bytes(ort[list..list + 4].try_into().unwrap()) as usize;
    for node in 0..NODES {
        let to = (first - 4 * node) as u32;
        ort[list + 4 * node..][..4].copy_from_slice(&to.to_le_bytes());
    }
    assert_eq!(error(&ort), OrtFormatError::Shared { len: ort.len() });
}

fn graph_of(tensor: Table<'_>) -> Table<'_> {
    table(&schema::GRAPH, vec![(graph::INITIALIZERS, Value::Tables(vec![tensor]))])
}

#[test]
fn weights_in_another_file_are_refused() {
    let mut tensor = initializer("far", 0..0);
    tensor.fields.pop();
    tensor.fields.push((tensor::EXTERNAL_OFFSET, Value::Scalar(4096)));
    let ort = file(&session(graph_of(tensor)), &[]);
    assert_eq!(error(&ort), OrtFormatError::ExternalData { tensor: "far".to_owned() });
}

#[test]
fn endless_names_are_refused() {
    let name = "n".repeat(70_000);
    let ort = file(&session(graph_of(initializer(&name, 0..128))), &[7; 128]);
    assert!(matches!(error(&ort), OrtFormatError::NameTooLong { found: 70_000, .. }));
}

#[test]
fn odd_alignments_are_refused() {
    for found in [0, 512, 12288, 4 << 20] {
        assert_eq!(relayout(ZIPMAP, 0, found).err(), Some(OrtFormatError::BadAlignment { found }));
    }
}

#[test]
fn layout_past_2_gib_is_refused() {
    let mut region = Region::default();
    region.len = MAX_TOTAL - 4096;
    let model = session(empty_graph());
    assert!(writer::write(&model, &[], &region, |len| len.next_multiple_of(4096)).is_ok());
    region.len += 1;
    let error = writer::write(&model, &[], &region, |len| len.next_multiple_of(4096)).unwrap_err();
    assert_eq!(error, OrtFormatError::TooLarge { total: MAX_TOTAL + 1, limit: MAX_TOTAL });
}
