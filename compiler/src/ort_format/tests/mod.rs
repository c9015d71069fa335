//! Helpers: real files, models built by hand, and trees as text.

mod hand_built;
mod hostile;
mod saved;

use super::schema::{self, TableSchema, node};
use super::tree::{Table, Value};
use super::weights::Region;
use super::*;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../../tests/fixtures/ort_format/", $name, ".ort"))
    };
}
const BRANCHES: &[u8] = fixture!("branches");
const BRANCHES_AGAIN: &[u8] = fixture!("branches_again");
const LABEL_ENCODER: &[u8] = fixture!("label_encoder");
const SPARSE: &[u8] = fixture!("sparse");
const STRINGS: &[u8] = fixture!("strings");
const ZIPMAP: &[u8] = fixture!("zipmap");

/// Head, zeros and weights, as ONNX Runtime gets to see them.
fn assemble(layout: &Layout, ort: &[u8]) -> Vec<u8> {
    let mut whole = layout.metadata.clone();
    whole.resize(layout.weights_start as usize, 0);
    layout.write_weights(ort, &mut whole).unwrap();
    assert_eq!(whole.len() as u64, layout.weights_start + layout.weights_len);
    whole
}

/// Everything a file says, as text: equal for equal models, wherever their bytes lie.
fn text(table: &Table<'_>, file: &[u8]) -> String {
    let list = |children: &[Table<'_>]| children.iter().map(|child| text(child, file)).collect::<String>();
    let mut out = format!("{} {{ ", table.schema.name);
    for (slot, value) in &table.fields {
        out += &match value {
            Value::Scalar(bits) => format!("{slot}: {bits} "),
            Value::String(string) => format!("{slot}: {string:?} "),
            Value::Scalars(bytes) => format!("{slot}: {bytes:?} "),
            Value::Strings(strings) => format!("{slot}: {strings:?} "),
            Value::Data(range) => format!("{slot}: {:?} ", &file[range.clone()]),
            Value::Table(child) => format!("{slot}: {}", text(child, file)),
            Value::Tables(children) => format!("{slot}: [{}] ", list(children)),
        };
    }
    out + "} "
}

/// What `file` says, its unordered lists sorted and its nodes numbered.
fn sorted_text(file: &[u8]) -> String {
    let mut session = reader::read(file).unwrap();
    canonical::sort(&mut session);
    numbers::renumber(&mut session);
    shapes::forget_open(&mut session);
    text(&session, file)
}

fn table<'a>(schema: &'static TableSchema, fields: Vec<(usize, Value<'a>)>) -> Table<'a> {
    Table { schema, fields }
}

/// A session of format version 6 around the main graph.
fn session(graph: Table<'_>) -> Table<'_> {
    let model = table(&schema::MODEL, vec![(0, Value::Scalar(8)), (schema::model::GRAPH, Value::Table(graph))]);
    let version = (schema::session::VERSION, Value::String(b"6"));
    table(&schema::SESSION, vec![version, (schema::session::MODEL, Value::Table(model))])
}

fn initializer(name: &str, data: std::ops::Range<usize>) -> Table<'_> {
    use schema::tensor;
    table(
        &schema::TENSOR,
        vec![
            (tensor::NAME, Value::String(name.as_bytes())),
            (tensor::DIMS, Value::Scalars(b"\x02\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0".into())),
            (tensor::DTYPE, Value::Scalar(2)),
            (tensor::DATA, Value::Data(data)),
        ],
    )
}

fn operator<'a>(index: u64, name: &'a str, inputs: &[&'a str], output: &'a str) -> Table<'a> {
    table(
        &schema::NODE,
        vec![
            (node::NAME, Value::String(name.as_bytes())),
            (node::INDEX, Value::Scalar(index)),
            (node::OPERATOR, Value::String(b"Add")),
            (node::INPUTS, Value::Strings(inputs.iter().map(|name| name.as_bytes()).collect())),
            (node::OUTPUTS, Value::Strings(vec![output.as_bytes()])),
        ],
    )
}

/// A file that holds `session`, its tensors' data taken from `source`.
fn file(session: &Table<'_>, source: &[u8]) -> Vec<u8> {
    writer::write(session, source, &Region::default(), |len| len.next_multiple_of(4096)).unwrap()
}
