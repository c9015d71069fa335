//! Where weights may stand in a weights section, the same for both encodings (`docs/format.md`).

use std::io::{self, Write};

/// Alignment of a weight: a cache line, which also suits every vector instruction.
const ALIGNMENT: u64 = 64;
/// Alignment of weights of [`LARGE`] bytes and more: a page.
const LARGE_ALIGNMENT: u64 = 4096;
const LARGE: u64 = 1 << 20;
/// Zeros after the last weight: vector kernels read past the end.
const TAIL: u64 = 64;

/// The first place from `start` on where a weight of `len` bytes may stand.
pub(crate) fn place(start: u64, len: u64) -> u64 {
    start.next_multiple_of(if len >= LARGE { LARGE_ALIGNMENT } else { ALIGNMENT })
}

/// Length of a section whose last weight ends at `end`; 0 where there is none.
pub(crate) fn section_len(end: u64) -> u64 {
    if end == 0 { 0 } else { end.next_multiple_of(ALIGNMENT) + TAIL }
}

/// Writes `len` zeros.
pub(crate) fn zeros(len: u64, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    io::copy(&mut io::Read::take(io::repeat(0), len), out).map(drop)
}
