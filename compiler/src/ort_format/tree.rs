//! A flatbuffer as a tree of tables that borrow from the file: what the reader gives and the writer takes.
//!
//! A table keeps only the slots that are set, in slot order, so absent and default stay apart.

use std::borrow::Cow;
use std::ops::Range;

use super::schema::{self, TableSchema};

/// A table and what its slots hold.
pub(super) struct Table<'a> {
    pub(super) schema: &'static TableSchema,
    /// The slots that are set, ascending.
    pub(super) fields: Vec<(usize, Value<'a>)>,
}

/// What one slot holds; the variant always fits the schema's [`Field`](schema::Field).
pub(super) enum Value<'a> {
    /// Little-endian, zero-extended.
    Scalar(u64),
    String(&'a [u8]),
    /// Owned where the elements are not those of the file.
    Scalars(Cow<'a, [u8]>),
    Strings(Vec<&'a [u8]>),
    /// Where the file has the bytes.
    Data(Range<usize>),
    Table(Table<'a>),
    Tables(Vec<Table<'a>>),
}

impl<'a> Table<'a> {
    pub(super) fn is(&self, schema: &'static TableSchema) -> bool {
        std::ptr::eq(self.schema, schema)
    }

    pub(super) fn get(&self, slot: usize) -> Option<&Value<'a>> {
        let at = self.fields.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
        self.fields.get(at).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Value<'a>> {
        let at = self.fields.binary_search_by_key(&slot, |(slot, _)| *slot).ok()?;
        self.fields.get_mut(at).map(|(_, value)| value)
    }

    /// Sets a number whose default is 0; 0 is written as ONNX Runtime writes it: not set.
    pub(super) fn set_number(&mut self, slot: usize, number: u64) {
        match self.fields.binary_search_by_key(&slot, |(slot, _)| *slot) {
            Ok(at) if number == 0 => drop(self.fields.remove(at)),
            Ok(at) => self.fields[at].1 = Value::Scalar(number),
            Err(_) if number == 0 => {}
            Err(at) => self.fields.insert(at, (slot, Value::Scalar(number))),
        }
    }

    pub(super) fn scalar(&self, slot: usize) -> Option<u64> {
        match self.get(slot) {
            Some(Value::Scalar(bits)) => Some(*bits),
            _ => None,
        }
    }

    pub(super) fn string(&self, slot: usize) -> Option<&'a [u8]> {
        match self.get(slot) {
            Some(Value::String(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// The string in `slot` for a reader's eyes; empty where it is not set.
    pub(super) fn text(&self, slot: usize) -> String {
        String::from_utf8_lossy(self.string(slot).unwrap_or_default()).into_owned()
    }

    pub(super) fn scalars(&self, slot: usize) -> &[u8] {
        match self.get(slot) {
            Some(Value::Scalars(bytes)) => bytes,
            _ => &[],
        }
    }

    pub(super) fn strings(&self, slot: usize) -> &[&'a [u8]] {
        match self.get(slot) {
            Some(Value::Strings(strings)) => strings,
            _ => &[],
        }
    }

    pub(super) fn data(&self, slot: usize) -> Option<Range<usize>> {
        match self.get(slot) {
            Some(Value::Data(range)) => Some(range.clone()),
            _ => None,
        }
    }

    pub(super) fn table(&self, slot: usize) -> Option<&Table<'a>> {
        self.tables(slot).first()
    }

    /// The tables in `slot`, a single one counting as a list of one.
    pub(super) fn tables(&self, slot: usize) -> &[Table<'a>] {
        self.get(slot).map(Value::tables).unwrap_or_default()
    }

    /// Calls `visit` on this table and on every table below it, parents first, in file order.
    pub(super) fn walk<'t>(&'t self, visit: &mut impl FnMut(&'t Table<'a>)) {
        visit(self);
        for (_, value) in &self.fields {
            for child in value.tables() {
                child.walk(visit);
            }
        }
    }

    /// The main graph, where the model has one.
    pub(super) fn main_graph(&self) -> Option<&Table<'a>> {
        self.table(schema::session::MODEL)?.table(schema::model::GRAPH)
    }
}

impl<'a> Value<'a> {
    pub(super) fn tables(&self) -> &[Table<'a>] {
        match self {
            Value::Table(table) => std::slice::from_ref(table),
            Value::Tables(tables) => tables,
            _ => &[],
        }
    }

    pub(super) fn tables_mut(&mut self) -> &mut [Table<'a>] {
        match self {
            Value::Table(table) => std::slice::from_mut(table),
            Value::Tables(tables) => tables,
            _ => &mut [],
        }
    }
}
