//! Anonymous memory straight from the kernel: private, zeroed, in huge pages where that pays.
#![allow(unsafe_code)]

use std::io;
use std::ptr;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

const PAGE: usize = 4096;
const HUGE_PAGE: usize = 2 << 20;

/// A mapped range of memory, owned by this value.
#[derive(Debug)]
pub(crate) struct Region {
    /// The mapping, alignment slack included.
    mapped: (usize, usize),
    /// The part to use.
    start: usize,
    len: usize,
}

impl Region {
    /// Maps at least `len` bytes. From one huge page on, the range starts and ends on huge-page boundaries and asks
    /// for huge pages; below, it is made of ordinary pages.
    pub(crate) fn map(len: usize) -> io::Result<Region> {
        let unit = if len >= HUGE_PAGE { HUGE_PAGE } else { PAGE };
        let len = len.max(1).checked_next_multiple_of(unit).ok_or(io::ErrorKind::OutOfMemory)?;
        let slack = if unit == HUGE_PAGE { HUGE_PAGE - PAGE } else { 0 };
        let mapped_len = len.checked_add(slack).ok_or(io::ErrorKind::OutOfMemory)?;
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::NORESERVE);
        // SAFETY: a new anonymous mapping at an address the kernel chooses replaces nothing.
        let base = unsafe { mmap_anonymous(ptr::null_mut(), mapped_len, protection, flags) }?;
        let start = (base as usize).next_multiple_of(unit);
        #[cfg(target_os = "linux")]
        if unit == HUGE_PAGE {
            // SAFETY: the range lies inside the mapping made above. A kernel without huge pages refuses the advice,
            // and the pages are then ordinary ones.
            let _ = unsafe { madvise(start as *mut _, len, Advice::LinuxHugepage) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (madvise, Advice::Normal);
        Ok(Region { mapped: (base as usize, mapped_len), start, len })
    }

    pub(crate) fn start(&self) -> usize {
        self.start
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Gives the pages that lie wholly within a part back to the kernel: they are zeros again. A hint.
    pub(crate) fn discard(&self, offset: usize, len: usize) {
        let end = offset.saturating_add(len).min(self.len) / PAGE * PAGE;
        let start = offset.next_multiple_of(PAGE);
        #[cfg(target_os = "linux")]
        if start < end {
            // SAFETY: the range lies inside the mapping, and the caller says that nothing in it is lent.
            let _ = unsafe { madvise((self.start + start) as *mut _, end - start, Advice::LinuxDontNeed) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = (start, end);
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: the mapping was made in `map` and belongs to this value, which gives out numbers and no references.
        // Whoever made a pointer of one keeps to `TensorArena::alloc`. Failure would mean that it was not mapped,
        // and there is nothing to undo then.
        let _ = unsafe { munmap(self.mapped.0 as *mut _, self.mapped.1) };
    }
}
