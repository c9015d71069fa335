//! Writes a [`Table`] tree as a flatbuffer, front to back: tables first, strings behind them, weights last.
//!
//! Offsets only lead forward. Equal vtables are one, equal strings are one. Every number lies on a multiple of
//! its size, counted from the first byte, as the flatbuffers verifier demands.

use std::collections::{BTreeMap, HashMap};

use super::schema::Field;
use super::tree::{Table, Value};
use super::weights::Region;
use super::{MAX_TOTAL, OrtFormatError};

/// Writes `session`, whose data lies in `ort`, as the head of a flatbuffer that `region` follows; `weights_start`
/// says where, given the head's length.
pub(super) fn write(
    session: &Table<'_>,
    ort: &[u8],
    region: &Region,
    weights_start: impl Fn(u64) -> u64,
) -> Result<Vec<u8>, OrtFormatError> {
    let out = b"\0\0\0\0ORTM".to_vec();
    let mut writer = Writer { ort, region, out, vtables: HashMap::new(), strings: BTreeMap::new(), moved: Vec::new() };
    let root = writer.table(session);
    writer.link(0, root);
    writer.write_strings();

    let weights_start = weights_start(writer.out.len() as u64);
    let total = weights_start + region.len;
    if total > MAX_TOTAL {
        return Err(OrtFormatError::TooLarge { total, limit: MAX_TOTAL });
    }
    for (at, offset) in std::mem::take(&mut writer.moved) {
        writer.link(at, (weights_start + offset) as usize - 4);
    }
    Ok(writer.out)
}

struct Writer<'w, 'a> {
    ort: &'w [u8],
    region: &'w Region,
    out: Vec<u8>,
    /// Where each vtable written so far lies.
    vtables: HashMap<Vec<u8>, usize>,
    /// Each string, with the places that lead to it.
    strings: BTreeMap<&'a [u8], Vec<usize>>,
    /// Places that lead to moved data, with the data's offset in the region.
    moved: Vec<(usize, u64)>,
}

impl<'a> Writer<'_, 'a> {
    /// Writes `table` and all below it; gives where it starts.
    fn table(&mut self, table: &Table<'a>) -> usize {
        let (places, size) = places(table);
        let vtable = self.vtable(table, &places, size);
        // The widest numbers stand first, right behind the four bytes that lead to the vtable.
        self.pad(table.fields.iter().map(|(slot, _)| inline_size(table, *slot)).fold(4, usize::max), 4);
        let start = self.out.len();
        self.out.extend_from_slice(&((start - vtable) as u32).to_le_bytes());
        self.out.resize(start + size, 0);
        for ((slot, value), place) in table.fields.iter().zip(places) {
            self.value(table, *slot, value, start + place);
        }
        start
    }

    /// Writes what the slot, which lies at `at`, holds or leads to.
    fn value(&mut self, table: &Table<'a>, slot: usize, value: &Value<'a>, at: usize) {
        match value {
            Value::Scalar(bits) => {
                let size = inline_size(table, slot);
                self.out[at..at + size].copy_from_slice(&bits.to_le_bytes()[..size]);
            }
            Value::String(string) => self.strings.entry(string).or_default().push(at),
            Value::Strings(strings) => {
                for (link, string) in self.offsets(at, strings.len()).zip(strings) {
                    self.strings.entry(string).or_default().push(link);
                }
            }
            Value::Scalars(bytes) => {
                if let Some(Field::Scalars { size, align }) = table.schema.fields.get(slot) {
                    self.vector(at, bytes.len() / size, *align);
                    self.out.extend_from_slice(bytes);
                }
            }
            Value::Data(range) => match self.region.offset(range.start) {
                Some(offset) => self.moved.push((at, offset)),
                None => {
                    self.vector(at, range.len(), 1);
                    self.out.extend_from_slice(self.ort.get(range.clone()).unwrap_or_default());
                }
            },
            Value::Table(child) => {
                let child = self.table(child);
                self.link(at, child);
            }
            Value::Tables(children) => {
                for (link, child) in self.offsets(at, children.len()).zip(children) {
                    let child = self.table(child);
                    self.link(link, child);
                }
            }
        }
    }

    /// Where the table's vtable lies, written now if it is the first of its kind.
    fn vtable(&mut self, table: &Table<'_>, places: &[usize], size: usize) -> usize {
        let slots = table.fields.last().map_or(0, |(slot, _)| slot + 1);
        let mut words = vec![0u16; 2 + slots];
        words[0] = 2 * words.len() as u16;
        words[1] = size as u16;
        for ((slot, _), place) in table.fields.iter().zip(places) {
            words[2 + slot] = *place as u16;
        }
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        if let Some(at) = self.vtables.get(&bytes) {
            return *at;
        }
        self.pad(2, 0);
        let at = self.out.len();
        self.out.extend_from_slice(&bytes);
        self.vtables.insert(bytes, at);
        at
    }

    /// Starts a vector of `count` elements aligned to `align`, to which the offset at `at` leads.
    fn vector(&mut self, at: usize, count: usize, align: usize) {
        self.pad(align.max(4), 4);
        self.link(at, self.out.len());
        self.out.extend_from_slice(&(count as u32).to_le_bytes());
    }

    /// Writes a vector of `count` offsets, unset as yet; gives where each one lies.
    fn offsets(&mut self, at: usize, count: usize) -> impl Iterator<Item = usize> + use<> {
        self.vector(at, count, 4);
        let start = self.out.len();
        self.out.resize(start + 4 * count, 0);
        (start..start + 4 * count).step_by(4)
    }

    fn write_strings(&mut self) {
        for (string, links) in std::mem::take(&mut self.strings) {
            self.pad(4, 0);
            let start = self.out.len();
            self.out.extend_from_slice(&(string.len() as u32).to_le_bytes());
            self.out.extend_from_slice(string);
            self.out.push(0);
            links.iter().for_each(|link| self.link(*link, start));
        }
    }

    /// Makes the offset at `at` lead to `to`.
    fn link(&mut self, at: usize, to: usize) {
        self.out[at..at + 4].copy_from_slice(&((to - at) as u32).to_le_bytes());
    }

    /// Adds zeros until what comes `ahead` bytes from the end lies on a multiple of `align`.
    fn pad(&mut self, align: usize, ahead: usize) {
        let end = (self.out.len() + ahead).next_multiple_of(align) - ahead;
        self.out.resize(end, 0);
    }
}

/// Where each set slot lies, counted from the table's start, widest first; and the table's size.
fn places(table: &Table<'_>) -> (Vec<usize>, usize) {
    let mut places = vec![0; table.fields.len()];
    let mut size = 4;
    for width in [8, 4, 2, 1] {
        for (place, (slot, _)) in places.iter_mut().zip(&table.fields) {
            if inline_size(table, *slot) == width {
                *place = size;
                size += width;
            }
        }
    }
    (places, size)
}

fn inline_size(table: &Table<'_>, slot: usize) -> usize {
    table.schema.fields.get(slot).map_or(4, Field::inline_size)
}
