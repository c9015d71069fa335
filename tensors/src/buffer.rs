//! Bytes on a 64-byte boundary, which is what ONNX Runtime's kernels want of a tensor.
//!
//! The memory is owned by one value, and written once: with zeros, or with what it is made of.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// A fixed-length byte buffer aligned to 64 bytes.
pub struct AlignedBuffer {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the buffer owns its memory exclusively; `&self` gives only shared reads.
unsafe impl Send for AlignedBuffer {}
// SAFETY: as above.
unsafe impl Sync for AlignedBuffer {}

impl AlignedBuffer {
    /// Alignment of the first byte.
    pub const ALIGNMENT: usize = 64;

    /// A zeroed buffer of `len` bytes. Aborts, as `Vec` does, when memory is out or `len` passes `isize::MAX`.
    pub fn zeroed(len: usize) -> AlignedBuffer {
        // SAFETY: zeros are bytes.
        unsafe { Self::allocated(len, alloc_zeroed) }
    }

    /// A buffer of what `allocate` gives.
    ///
    /// # Safety
    /// The memory must be written before it is read.
    unsafe fn allocated(len: usize, allocate: unsafe fn(Layout) -> *mut u8) -> AlignedBuffer {
        let layout = Self::layout(len);
        if len == 0 {
            return AlignedBuffer { start: NonNull::dangling(), len };
        }
        // SAFETY: the layout's size is not zero.
        let start = unsafe { allocate(layout) };
        let start = NonNull::new(start).unwrap_or_else(|| handle_alloc_error(layout));
        AlignedBuffer { start, len }
    }

    fn layout(len: usize) -> Layout {
        Layout::from_size_align(len, Self::ALIGNMENT).expect("a tensor's length fits isize")
    }
}

impl From<&[u8]> for AlignedBuffer {
    fn from(bytes: &[u8]) -> AlignedBuffer {
        // SAFETY: all of it is written next, before there is a reference to it.
        unsafe {
            let buffer = AlignedBuffer::allocated(bytes.len(), alloc);
            buffer.start.copy_from_nonoverlapping(NonNull::from(bytes).cast(), bytes.len());
            buffer
        }
    }
}

impl Clone for AlignedBuffer {
    fn clone(&self) -> AlignedBuffer {
        AlignedBuffer::from(&**self)
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `start` is valid for `len` initialised bytes (dangling only where len is 0).
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` makes the access exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for AlignedBuffer {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: allocated with this same layout.
            unsafe { dealloc(self.start.as_ptr(), Self::layout(self.len)) }
        }
    }
}
