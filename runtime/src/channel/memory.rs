//! [`SharedMemory`]: memory that launcher and worker both map. It grows and never shrinks.
//!
//! It has no name and goes with the last process that holds it. On Linux it is sealed against shrinking, so no peer
//! can take pages away from under a mapping; elsewhere it is an unlinked file. It is mapped when it is first used.
#![allow(unsafe_code)]

use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::high;
use crate::timeline::now;

/// It grows in steps of this many bytes. They are address space; memory comes with the first touch.
const STEP: usize = 1 << 20;

/// Memory shared with one other process.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    file: OwnedFd,
    /// Where it is mapped, for `len` bytes; dangling where `len` is 0.
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: the mapping is owned by this value alone, in this process.
unsafe impl Send for SharedMemory {}
// SAFETY: as above; `&self` gives only shared reads.
unsafe impl Sync for SharedMemory {}

impl SharedMemory {
    /// New memory, of no bytes yet.
    pub(crate) fn new() -> io::Result<SharedMemory> {
        nameless().map(SharedMemory::of)
    }

    /// The memory behind a descriptor that the other process made.
    pub(crate) fn of(file: OwnedFd) -> SharedMemory {
        SharedMemory { file, start: NonNull::dangling(), len: 0 }
    }

    /// Its descriptor, to be given to the other process.
    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Bytes that are mapped here.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Makes room for at least `len` bytes, and maps it.
    pub(crate) fn grow(&mut self, len: usize) -> io::Result<()> {
        if len <= self.len {
            return Ok(());
        }
        let found = self.file_len()?;
        if len > found {
            let len = len.checked_next_multiple_of(STEP).ok_or(io::ErrorKind::OutOfMemory)?;
            extend(self.file.as_fd(), len)?;
            return self.map(len);
        }
        self.map(found)
    }

    /// Maps what the other process has made of it, which it says is `len` bytes. Refuses what is not there.
    pub(crate) fn follow(&mut self, len: u64) -> io::Result<()> {
        if len <= self.len as u64 {
            return Ok(());
        }
        let found = self.file_len()?;
        if len > found as u64 {
            let told = format!("it has {found} bytes, the other side says {len}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, told));
        }
        self.map(found)
    }

    fn file_len(&self) -> io::Result<usize> {
        usize::try_from(rustix::fs::fstat(&self.file)?.st_size).map_err(io::Error::other)
    }

    /// Maps the first `len` bytes, which are there, in place of what was mapped.
    fn map(&mut self, len: usize) -> io::Result<()> {
        // SAFETY: a new mapping at an address that the kernel chooses.
        let start = unsafe {
            mmap(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED, &self.file, 0)
        }?;
        self.unmap();
        self.start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        self.len = len;
        Ok(())
    }

    fn unmap(&mut self) {
        if self.len > 0 {
            // SAFETY: mapped in `map` with this length; `&mut self` says that nobody borrows from it.
            let _ = unsafe { munmap(self.start.as_ptr().cast(), self.len) };
            self.len = 0;
        }
    }

    /// Its bytes, as far as they are mapped.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for `len` bytes, all of them in the file, which does not shrink. The other process writes
        // only when it is its turn (`channel/mod.rs`); both are builds of one source.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    /// Its bytes, to be written to in this process's turn.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and `&mut self` makes the access exclusive in this process.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        self.unmap();
    }
}

/// A file of no bytes that has no name, open for reading and writing: in memory, where the system has such.
pub fn nameless() -> io::Result<OwnedFd> {
    #[cfg(target_os = "linux")]
    if let Ok(file) = sealed() {
        return Ok(file);
    }
    unlinked()
}

/// The same on a disk.
fn unlinked() -> io::Result<OwnedFd> {
    // Where a file of that name is there already, this fails: it is not taken.
    let path = std::env::temp_dir().join(format!("blink-{}-{}", std::process::id(), now()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    high(file.into())
}

/// Nameless memory that cannot shrink, and cannot be unsealed.
#[cfg(target_os = "linux")]
fn sealed() -> io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know the flag; later ones may demand it.
    let file = memfd_create("blink", flags | MemfdFlags::NOEXEC_SEAL).or_else(|_| memfd_create("blink", flags))?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::SEAL)?;
    high(file)
}

/// Makes the file `len` bytes long. On a disk they are taken now: when the disk is full, this fails, and no write does.
fn extend(file: BorrowedFd<'_>, len: usize) -> io::Result<()> {
    rustix::fs::ftruncate(file, len as u64)?;
    if !is_sealed(file) {
        rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, len as u64)?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
fn is_sealed(file: BorrowedFd<'_>) -> bool {
    rustix::fs::fcntl_get_seals(file).is_ok_and(|seals| seals.contains(rustix::fs::SealFlags::SHRINK))
}

#[cfg(not(target_os = "linux"))]
fn is_sealed(_: BorrowedFd<'_>) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same memory as another process has it.
    fn other_side(memory: &SharedMemory) -> SharedMemory {
        SharedMemory::of(memory.descriptor().try_clone_to_owned().unwrap())
    }

    fn both_see_what_one_writes(mut here: SharedMemory) {
        let mut there = other_side(&here);
        assert_eq!((here.len(), here.bytes().len()), (0, 0));
        here.grow(5).unwrap();
        assert_eq!(here.len(), STEP);
        here.bytes_mut()[..5].copy_from_slice(b"hello");
        there.follow(5).unwrap();
        assert_eq!(&there.bytes()[..6], b"hello\0");

        there.grow(STEP + 1).unwrap();
        there.bytes_mut()[STEP] = 7;
        here.follow(there.len() as u64).unwrap();
        assert_eq!((here.bytes()[STEP], &here.bytes()[..5]), (7, &b"hello"[..]));
        here.grow(STEP + 2).unwrap();
        assert_eq!(here.len(), 2 * STEP, "what has room does not grow");
    }

    #[test]
    fn memory_grows_on_both_sides() {
        both_see_what_one_writes(SharedMemory::new().unwrap());
        both_see_what_one_writes(SharedMemory::of(unlinked().unwrap()));
    }

    #[test]
    fn what_is_not_there_is_not_mapped() {
        let mut here = SharedMemory::new().unwrap();
        here.grow(1).unwrap();
        let mut there = other_side(&here);
        for len in [STEP as u64 + 1, u64::MAX] {
            assert_eq!(there.follow(len).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
        assert!(here.grow(usize::MAX).is_err());
        assert!(here.grow(1 << 62).is_err());
        assert_eq!(here.len(), STEP, "it is still usable");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_does_not_shrink() {
        let mut here = SharedMemory::new().unwrap();
        here.grow(1).unwrap();
        assert!(rustix::fs::ftruncate(here.descriptor(), 0).is_err());
        let flags = rustix::io::fcntl_getfd(here.descriptor()).unwrap();
        assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
    }
}
