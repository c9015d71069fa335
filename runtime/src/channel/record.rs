//! [`Record`]: tensors by name in shared memory, and the phases of a start.
//!
//! The elements come first, each tensor's at a multiple of 64 bytes, then the table, which a packet points to. All
//! numbers have 8 bytes, little-endian; a text is its length and its UTF-8:
//!
//! | table | |
//! |---|---|
//! | tensors | their number, then for each: name, dtype (its ONNX code), rank, dims, where the elements begin |
//! | strings | in place of where they begin: the texts themselves |
//! | phases | their number, then for each: its place among all phases, begin, end |
//!
//! Elements are used where they stand. The table is copied before it is read, so that what was checked stays so.

use std::io::{self, ErrorKind};

use blink_tensors::{DType, TensorView};

use super::reader::{Reader, damaged};
use super::{ChannelError, Place, SharedMemory};
use crate::timeline::{Phase, Recorded};

/// What a table says, checked against the memory it was read from.
#[derive(Debug, Default)]
pub(crate) struct Record {
    entries: Vec<Entry>,
    /// Phases of the worker's start.
    pub(crate) phases: Vec<Recorded>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    dtype: DType,
    shape: Vec<usize>,
    elements: Elements,
}

#[derive(Debug)]
enum Elements {
    /// From here on; dtype and shape say how many bytes.
    At(usize),
    Strings(Vec<String>),
}

/// Writes a text into `memory` at `start`.
pub(crate) fn write_text(memory: &mut SharedMemory, start: usize, text: &str) -> io::Result<Place> {
    write_bytes(memory, start, &[text.as_bytes()])
}

/// Writes `parts`, one after another, into `memory` at `start`.
pub(crate) fn write_bytes(memory: &mut SharedMemory, start: usize, parts: &[&[u8]]) -> io::Result<Place> {
    let mut end = start;
    for part in parts {
        let begin = end;
        end = end.checked_add(part.len()).ok_or(ErrorKind::OutOfMemory)?;
        memory.grow(end)?;
        memory.bytes_mut()[begin..end].copy_from_slice(part);
    }
    Ok(Place { offset: start as u64, len: (end - start) as u64, memory_len: memory.len() as u64 })
}

/// The text at `place`. What is not UTF-8 is shown as such.
pub(crate) fn read_text(memory: &mut SharedMemory, place: Place) -> Result<String, ChannelError> {
    Ok(String::from_utf8_lossy(&read_bytes(memory, place)?).into_owned())
}

/// A copy of the bytes at `place`, once the memory is mapped as far as the other side says it goes.
pub(crate) fn read_bytes(memory: &mut SharedMemory, place: Place) -> Result<Vec<u8>, ChannelError> {
    memory.follow(place.memory_len).map_err(ChannelError::Memory)?;
    let range = || {
        let start = usize::try_from(place.offset).ok()?;
        memory.bytes().get(start..start.checked_add(usize::try_from(place.len).ok()?)?)
    };
    let Place { offset, len, .. } = place;
    Ok(range().ok_or(ChannelError::Place { offset, len, memory: memory.len() })?.to_vec())
}

impl Record {
    /// Reads the table at `place`, and checks that every tensor lies in the memory.
    pub(crate) fn read(memory: &mut SharedMemory, place: Place) -> Result<Record, ChannelError> {
        let table = read_bytes(memory, place)?;
        let mut reader = Reader::new(&table);
        let mut record = Record::default();
        for _ in 0..reader.number()? {
            record.entries.push(Entry::read(&mut reader, memory.bytes())?);
        }
        for _ in 0..reader.number()? {
            let phase = Phase::ALL.get(reader.size()?).ok_or(damaged("a phase is not known"))?;
            record.phases.push(Recorded { phase: *phase, begin: reader.number()?, end: reader.number()? });
        }
        if reader.is_at_end() { Ok(record) } else { Err(damaged("it goes on after its end")) }
    }

    /// Number of tensors.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Name and tensor at `index`, in the memory that the record was read from. `None` past the end.
    pub(crate) fn get<'a>(&'a self, index: usize, memory: &'a SharedMemory) -> Option<(&'a str, TensorView<'a>)> {
        let entry = self.entries.get(index)?;
        // Checked when it was read; memory does not shrink.
        Some((&entry.name, entry.view(memory.bytes())?))
    }

    /// All tensors by name.
    pub(crate) fn tensors<'a>(&'a self, memory: &'a SharedMemory) -> Vec<(&'a str, TensorView<'a>)> {
        (0..self.len()).filter_map(|index| self.get(index, memory)).collect()
    }
}

impl Entry {
    fn read(reader: &mut Reader<'_>, memory: &[u8]) -> Result<Entry, ChannelError> {
        let name = reader.text()?.to_owned();
        let code = i32::try_from(reader.number()?).ok();
        let dtype = code.and_then(DType::from_onnx_code).ok_or(damaged("a dtype is not known"))?;
        let mut shape = Vec::new();
        for _ in 0..reader.number()? {
            shape.push(reader.size()?);
        }
        let elements = if dtype == DType::String {
            let mut strings = Vec::new();
            for _ in 0..count(&shape).ok_or(damaged("a shape passes the address space"))? {
                strings.push(reader.text()?.to_owned());
            }
            Elements::Strings(strings)
        } else {
            Elements::At(reader.size()?)
        };
        let entry = Entry { name, dtype, shape, elements };
        entry.view(memory).ok_or(damaged("elements lie outside the memory"))?;
        Ok(entry)
    }

    /// The tensor, where its elements lie in `memory`.
    fn view<'a>(&'a self, memory: &'a [u8]) -> Option<TensorView<'a>> {
        match &self.elements {
            Elements::Strings(strings) => TensorView::strings(&self.shape, strings).ok(),
            Elements::At(start) => {
                let len = self.dtype.byte_len(count(&self.shape)?)?;
                let bytes = memory.get(*start..start.checked_add(len)?)?;
                TensorView::new(self.dtype, &self.shape, bytes).ok()
            }
        }
    }
}

/// Elements of a tensor of this shape; `None` where they pass the address space.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |product, &dim| product.checked_mul(dim))
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
