//! Reads an `.ort` file into a [`Table`] tree, every offset and length checked against the file.
//!
//! The tree is never larger than the file it came from: each table, number and vector element is charged against
//! the file's length, so offsets that reach the same table many times run out and are refused. Strings may be
//! shared, as ONNX Runtime does, up to a multiple of that length.

use std::ops::Range;

use super::OrtFormatError;
use super::schema::{self, Field, TableSchema};
use super::tree::{Table, Value};

/// Tables below tables that a file may have, the same that ONNX Runtime's own verifier accepts.
const MAX_DEPTH: usize = 64;

/// Slots past the schema's last that a vtable may list (unset).
const SPARE_SLOTS: usize = 64;

/// Bytes of shared strings that a file may refer to, for each byte it has.
const STRING_SHARING: usize = 16;

const VERSION: &[u8] = b"6";

/// Reads the file's root table, and everything below it.
pub(super) fn read(bytes: &[u8]) -> Result<Table<'_>, OrtFormatError> {
    if bytes.get(4..8) != Some(b"ORTM") {
        return Err(OrtFormatError::NotOrt);
    }
    let strings = bytes.len().saturating_mul(STRING_SHARING);
    let mut reader = Reader { bytes, structure: bytes.len(), strings };
    let root = reader.follow(0)?;
    reader.check_version(root)?;
    reader.table(root, &schema::SESSION, 0)
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// Bytes of tables and vectors that may still be read.
    structure: usize,
    /// Bytes of strings that may still be read.
    strings: usize,
}

impl<'a> Reader<'a> {
    /// Looks at the version first: the schema holds for this one alone.
    fn check_version(&mut self, root: usize) -> Result<(), OrtFormatError> {
        let vtable = self.vtable(root, &schema::SESSION)?;
        let found = match self.slot(root, &vtable, schema::session::VERSION, &schema::SESSION)? {
            Some(at) => self.string(at)?,
            None => b"",
        };
        if found == VERSION {
            return Ok(());
        }
        let found = String::from_utf8_lossy(&found[..found.len().min(32)]).into_owned();
        Err(OrtFormatError::UnsupportedVersion { found })
    }

    fn table(&mut self, at: usize, schema: &'static TableSchema, depth: usize) -> Result<Table<'a>, OrtFormatError> {
        if depth >= MAX_DEPTH {
            return Err(OrtFormatError::TooDeep { limit: MAX_DEPTH });
        }
        self.charge(4)?;
        let vtable = self.vtable(at, schema)?;
        let mut table = Table { schema, fields: Vec::new() };
        for slot in 0..vtable.slots() {
            let Some(field_at) = self.slot(at, &vtable, slot, schema)? else { continue };
            let unknown = OrtFormatError::UnknownField { table: schema.name, slot };
            let Some(field) = schema.fields.get(slot) else { return Err(unknown) };
            self.charge(field.inline_size())?;
            let value = match field {
                Field::Scalar(size) => Value::Scalar(self.number(field_at, *size)?),
                Field::String => Value::String(self.string(field_at)?),
                Field::Scalars { size, align } => {
                    let range = self.vector(field_at, *size, *align)?;
                    Value::Scalars(self.slice("vector", range.start, range.len())?.into())
                }
                Field::Strings => {
                    let links = self.vector(field_at, 4, 4)?.step_by(4);
                    Value::Strings(links.map(|at| self.string(at)).collect::<Result<_, _>>()?)
                }
                Field::Data => Value::Data(self.vector(field_at, 1, 1)?),
                Field::Table(child) => Value::Table(self.child(field_at, child, depth)?),
                Field::Tables(child) => {
                    let links = self.vector(field_at, 4, 4)?.step_by(4);
                    Value::Tables(links.map(|at| self.child(at, child, depth)).collect::<Result<_, _>>()?)
                }
                Field::Union { tag, members } => {
                    let tag = table.scalar(*tag).unwrap_or(0);
                    let member = usize::try_from(tag).ok().and_then(|tag| members.get(tag.checked_sub(1)?));
                    let known = members.len();
                    let member = member.ok_or(OrtFormatError::UnknownKind { table: schema.name, tag, known })?;
                    Value::Table(self.child(field_at, member, depth)?)
                }
                Field::Retired => return Err(unknown),
            };
            table.fields.push((slot, value));
        }
        Ok(table)
    }

    /// The table that the offset at `at` leads to, below one at `depth`.
    fn child(&mut self, at: usize, schema: &'static TableSchema, depth: usize) -> Result<Table<'a>, OrtFormatError> {
        let to = self.follow(at)?;
        self.table(to, schema, depth + 1)
    }

    fn charge(&mut self, bytes: usize) -> Result<(), OrtFormatError> {
        let left = self.structure.checked_sub(bytes);
        self.structure = left.ok_or(OrtFormatError::Shared { len: self.bytes.len() })?;
        Ok(())
    }

    /// The vtable of the table at `at`.
    fn vtable(&self, at: usize, schema: &TableSchema) -> Result<Vtable, OrtFormatError> {
        let bad = || OrtFormatError::BadTable { table: schema.name, at };
        let back = i64::from(self.number(at, 4)? as u32 as i32);
        let start = i64::try_from(at).ok().and_then(|at| at.checked_sub(back)).ok_or_else(bad)?;
        let start = usize::try_from(start).map_err(|_| bad())?;
        let size = self.number(start, 2)? as usize;
        if size < 4 || !size.is_multiple_of(2) || size / 2 - 2 > schema.fields.len() + SPARE_SLOTS {
            return Err(bad());
        }
        let table_size = self.number(start.saturating_add(2), 2)? as usize;
        self.slice("vtable", start, size)?;
        self.slice("table", at, table_size)?;
        Ok(Vtable { start, size, table_size })
    }

    /// Where the table's slot lies in the file; `None` where it is not set.
    fn slot(
        &self,
        table_at: usize,
        vtable: &Vtable,
        slot: usize,
        schema: &TableSchema,
    ) -> Result<Option<usize>, OrtFormatError> {
        if slot >= vtable.slots() {
            return Ok(None);
        }
        let offset = self.number(vtable.start + 4 + 2 * slot, 2)? as usize;
        let size = schema.fields.get(slot).map_or(1, Field::inline_size);
        match offset {
            0 => Ok(None),
            4.. if offset + size <= vtable.table_size => Ok(Some(table_at + offset)),
            _ => Err(OrtFormatError::BadTable { table: schema.name, at: table_at }),
        }
    }

    /// The string that the offset at `at` leads to.
    fn string(&mut self, at: usize) -> Result<&'a [u8], OrtFormatError> {
        let range = self.elements(at, 1, 1)?;
        let bytes = self.slice("string", range.start, range.len())?;
        let left = self.strings.checked_sub(bytes.len());
        self.strings = left.ok_or(OrtFormatError::Shared { len: self.bytes.len() })?;
        Ok(bytes)
    }

    /// Where the vector that the offset at `at` leads to has its elements, of `size` bytes each; charged.
    fn vector(&mut self, at: usize, size: usize, align: usize) -> Result<Range<usize>, OrtFormatError> {
        let range = self.elements(at, size, align)?;
        self.charge(range.len())?;
        Ok(range)
    }

    /// The same, for strings also, and not charged.
    fn elements(&self, at: usize, size: usize, align: usize) -> Result<Range<usize>, OrtFormatError> {
        let prefix = self.follow(at)?;
        let len = (self.number(prefix, 4)? as usize).saturating_mul(size);
        let start = prefix + 4;
        self.slice("vector", start, len)?;
        // ONNX Runtime aligns an empty vector to its length prefix alone.
        if len > 0 && !start.is_multiple_of(align) {
            return Err(OrtFormatError::Misaligned { at: start, align });
        }
        Ok(start..start + len)
    }

    /// Where the offset at `at` leads to.
    fn follow(&self, at: usize) -> Result<usize, OrtFormatError> {
        let lost = OrtFormatError::OutOfBounds { what: "offset", at, len: self.bytes.len() };
        match self.number(at, 4)? as usize {
            0 => Err(lost),
            offset => at.checked_add(offset).filter(|&to| to < self.bytes.len()).ok_or(lost),
        }
    }

    /// The little-endian number of `size` bytes at `at`.
    fn number(&self, at: usize, size: usize) -> Result<u64, OrtFormatError> {
        if !at.is_multiple_of(size) {
            return Err(OrtFormatError::Misaligned { at, align: size });
        }
        let bytes = self.slice("number", at, size)?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn slice(&self, what: &'static str, at: usize, len: usize) -> Result<&'a [u8], OrtFormatError> {
        let end = at.checked_add(len);
        let slice = end.and_then(|end| self.bytes.get(at..end));
        slice.ok_or(OrtFormatError::OutOfBounds { what, at, len: self.bytes.len() })
    }
}

struct Vtable {
    start: usize,
    size: usize,
    table_size: usize,
}

impl Vtable {
    fn slots(&self) -> usize {
        self.size / 2 - 2
    }
}
