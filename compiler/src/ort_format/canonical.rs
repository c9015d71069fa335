//! One order for the lists that ONNX Runtime keeps in hash maps, and writes in whatever order those have.
//!
//! Only lists whose elements are found by name are sorted. Inputs and outputs keep their places, because their
//! positions mean something; nodes and edges are the matter of `numbers.rs`.

use super::schema::{self, TableSchema, graph, model, node, runtime_optimizations};
use super::tree::{Table, Value};

/// The lists to sort: the table that has them, and their slot.
static BY_NAME: [(&TableSchema, usize); 9] = [
    (&schema::MODEL, model::OPSETS),
    (&schema::MODEL, model::PROPERTIES),
    (&schema::GRAPH, graph::INITIALIZERS),
    (&schema::GRAPH, graph::SPARSE_INITIALIZERS),
    (&schema::GRAPH, graph::VALUES),
    (&schema::NODE, node::ATTRIBUTES),
    (&schema::RUNTIME_OPTIMIZATIONS, runtime_optimizations::RECORDS),
    (&schema::RESOLVER, 0),
    (&schema::OPERATOR_ARGS, 1),
];

/// Sorts the lists of this table and of every table below it. Elements of the same name keep their order.
pub(super) fn sort(table: &mut Table<'_>) {
    let schema = table.schema;
    for (slot, value) in &mut table.fields {
        if let Value::Tables(tables) = value
            && BY_NAME.iter().any(|(listed, by_name)| std::ptr::eq(*listed, schema) && by_name == slot)
        {
            tables.sort_by_key(name);
        }
        value.tables_mut().iter_mut().for_each(sort);
    }
}

/// An element's name, its first slot; a sparse tensor goes by the name of its values.
fn name<'a>(element: &Table<'a>) -> Option<&'a [u8]> {
    element.string(0).or_else(|| element.table(0)?.string(0))
}
