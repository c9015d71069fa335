//! Tensors, their elements there already or not, and phases put into shared memory, as `record.rs` says they stand there.

use std::io::{self, ErrorKind};
use std::ops::Range;

use blink_tensors::{AlignedBuffer, DType, DataView, TensorView};

use super::record::count;
use super::{Place, SharedMemory};
use crate::timeline::Recorded;

/// Elements begin at multiples of this, as they do in every tensor that owns its elements.
const ALIGNMENT: usize = AlignedBuffer::ALIGNMENT;

/// A tensor that is yet to be put into shared memory.
#[derive(Clone, Copy, Debug)]
pub struct Unfilled<'a> {
    /// Name.
    pub name: &'a str,
    /// Element type.
    pub dtype: DType,
    /// Dims, outermost first.
    pub shape: &'a [usize],
    /// The elements of dtype string, as many as the shape says; `None` for every other dtype.
    pub strings: Option<&'a [String]>,
}

/// Writes tensors and phases into `memory`, from `start` on, and makes room where there is too little.
pub(crate) fn write(
    memory: &mut SharedMemory,
    start: usize,
    tensors: &[(&str, TensorView<'_>)],
    phases: &[Recorded],
) -> io::Result<Place> {
    let mut layout = Layout::new(start, tensors.len());
    for (name, view) in tensors {
        layout.tensor(name, view.dtype(), view.shape());
        match view.data() {
            DataView::Strings(strings) => strings.iter().for_each(|string| layout.table.text(string)),
            DataView::Bytes(bytes) => layout.elements(bytes.len())?,
        }
    }
    layout.phases(phases);
    let elements: Vec<_> = tensors.iter().filter_map(|(_, view)| view.bytes()).collect();
    layout.write(memory, |index, place| place.copy_from_slice(elements[index]))
}

/// As [`write`], of tensors whose elements `fill` puts where they belong: it gets the index of each, and its bytes.
/// Strings are there already, and it is not asked for them.
pub(crate) fn write_unfilled(
    memory: &mut SharedMemory,
    start: usize,
    tensors: &[Unfilled<'_>],
    mut fill: impl FnMut(usize, &mut [u8]),
) -> io::Result<Place> {
    let mut layout = Layout::new(start, tensors.len());
    let mut filled = Vec::with_capacity(tensors.len());
    for (index, &Unfilled { name, dtype, shape, strings }) in tensors.iter().enumerate() {
        layout.tensor(name, dtype, shape);
        let count = count(shape);
        let len = count.and_then(|count| dtype.byte_len(count));
        match (strings, len) {
            (Some(strings), _) if dtype == DType::String && count == Some(strings.len()) => {
                strings.iter().for_each(|string| layout.table.text(string));
            }
            (None, Some(len)) => {
                layout.elements(len)?;
                filled.push(index);
            }
            (strings, _) => {
                let given = strings.map_or("no strings".into(), |strings| format!("{} strings", strings.len()));
                let told = format!("'{name}' is {dtype}{shape:?} with {given}");
                return Err(io::Error::new(ErrorKind::InvalidInput, told));
            }
        }
    }
    layout.phases(&[]);
    layout.write(memory, |place, bytes| fill(filled[place], bytes))
}

/// A table being made, and where the elements that it tells of will stand.
struct Layout {
    table: Table,
    ranges: Vec<Range<usize>>,
    end: usize,
}

impl Layout {
    fn new(start: usize, tensors: usize) -> Layout {
        let mut table = Table::default();
        table.size(tensors);
        Layout { table, ranges: Vec::with_capacity(tensors), end: start }
    }

    fn tensor(&mut self, name: &str, dtype: DType, shape: &[usize]) {
        self.table.text(name);
        self.table.number(dtype.onnx_code() as u64);
        self.table.size(shape.len());
        shape.iter().for_each(|&dim| self.table.size(dim));
    }

    /// Room for the elements of the tensor that was told of last.
    fn elements(&mut self, len: usize) -> io::Result<()> {
        let at = aligned(self.end)?;
        self.table.size(at);
        self.end = at.checked_add(len).ok_or(ErrorKind::OutOfMemory)?;
        self.ranges.push(at..self.end);
        Ok(())
    }

    fn phases(&mut self, phases: &[Recorded]) {
        self.table.size(phases.len());
        for recorded in phases {
            let numbers = [recorded.phase as u64, recorded.begin, recorded.end];
            numbers.into_iter().for_each(|number| self.table.number(number));
        }
    }

    fn write(self, memory: &mut SharedMemory, mut fill: impl FnMut(usize, &mut [u8])) -> io::Result<Place> {
        let (offset, len) = (aligned(self.end)?, self.table.0.len());
        let end = offset.checked_add(len).ok_or(ErrorKind::OutOfMemory)?;
        memory.grow(end)?;
        for (index, range) in self.ranges.into_iter().enumerate() {
            fill(index, &mut memory.bytes_mut()[range]);
        }
        memory.bytes_mut()[offset..end].copy_from_slice(&self.table.0);
        Ok(Place { offset: offset as u64, len: len as u64, memory_len: memory.len() as u64 })
    }
}

fn aligned(at: usize) -> io::Result<usize> {
    at.checked_next_multiple_of(ALIGNMENT).ok_or_else(|| ErrorKind::OutOfMemory.into())
}

#[derive(Default)]
struct Table(Vec<u8>);

impl Table {
    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn size(&mut self, size: usize) {
        self.number(size as u64);
    }

    fn text(&mut self, text: &str) {
        self.size(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }
}
