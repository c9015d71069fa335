//! Shapes that are better forgotten: those with an open dim.
//!
//! While a session is made, ONNX Runtime infers the shape of every value and plans which values may share memory by
//! comparing their shapes pair by pair. With open dims that finds little and takes long: for BERT more than twice the
//! rest of the session. Without the open shapes there is nothing to infer and nothing to compare. Memory is reused
//! all the same, by the tensor arena, once a value is dead; what callers may pass stands in the manifest.

use super::schema::{self, dimension, dimension_value, shape, tensor_type};
use super::tree::Table;

/// `DimensionValueType.VALUE`: a dim with a fixed size.
const FIXED: u64 = 1;

/// Forgets every open shape in `table` and below it.
pub(super) fn forget_open(table: &mut Table<'_>) {
    if table.is(&schema::TENSOR_TYPE) && table.table(tensor_type::SHAPE).is_some_and(is_open) {
        table.fields.retain(|(slot, _)| *slot != tensor_type::SHAPE);
    }
    for (_, value) in &mut table.fields {
        value.tables_mut().iter_mut().for_each(forget_open);
    }
}

fn is_open(found: &Table<'_>) -> bool {
    let is_fixed = |dim: &Table<'_>| {
        dim.table(dimension::VALUE).and_then(|value| value.scalar(dimension_value::KIND)) == Some(FIXED)
    };
    !found.tables(shape::DIMS).iter().all(is_fixed)
}
