//! A module's memory, by the pointers that it gives. One that passes its end is a fault of the module's, which ends it.
//!
//! Pointers need no alignment.

use std::ops::Range;

/// `len` bytes from `pointer` on.
pub(super) fn bytes(memory: &[u8], pointer: u32, len: u64) -> wasmtime::Result<&[u8]> {
    Ok(&memory[range(memory, pointer, len)?])
}

/// The same, to write to.
pub(super) fn bytes_mut(memory: &mut [u8], pointer: u32, len: u64) -> wasmtime::Result<&mut [u8]> {
    let range = range(memory, pointer, len)?;
    Ok(&mut memory[range])
}

/// As many numbers at `pointer` as the array has places.
pub(super) fn numbers<const N: usize>(memory: &[u8], pointer: u32) -> wasmtime::Result<[u32; N]> {
    let mut numbers = [0; N];
    let bytes = bytes(memory, pointer, 4 * N as u64)?;
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = u32::from_le_bytes(*bytes);
    }
    Ok(numbers)
}

/// Writes `number` to `pointer`.
pub(super) fn write(memory: &mut [u8], pointer: u32, number: u32) -> wasmtime::Result<()> {
    bytes_mut(memory, pointer, 4)?.copy_from_slice(&number.to_le_bytes());
    Ok(())
}

fn range(memory: &[u8], pointer: u32, len: u64) -> wasmtime::Result<Range<usize>> {
    let end = u64::from(pointer).checked_add(len).filter(|&end| end <= memory.len() as u64);
    let range = end.and_then(|end| Some(usize::try_from(pointer).ok()?..usize::try_from(end).ok()?));
    range.ok_or_else(|| {
        let size = memory.len();
        wasmtime::Error::msg(format!("pointer {pointer}+{len} passes the end of memory, which has {size} bytes"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_where_memory_does() {
        let memory = [1, 0, 0, 0, 2, 0, 0, 0, 9];
        assert_eq!(numbers(&memory, 0).unwrap(), [1, 2]);
        assert_eq!(numbers(&memory, 5).unwrap(), [9 << 24]);
        assert!(numbers::<1>(&memory, 6).is_err());
        assert!(bytes(&memory, 9, 0).unwrap().is_empty());
        for (pointer, len) in [(10, 0), (9, 1), (u32::MAX, 1), (0, u64::MAX), (u32::MAX, u64::MAX)] {
            assert!(bytes(&memory, pointer, len).is_err(), "{pointer}+{len}");
        }
    }
}
