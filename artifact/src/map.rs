//! A file, opened once and mapped read-only through that one descriptor.
//!
//! Opening never waits: not for the other end of a pipe, not for a terminal. What is not a regular file is refused.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use memmap2::{Advice, Mmap, MmapOptions};
use rustix::fs::OFlags;

use crate::error::OpenError;

/// A read-only mapping of a whole regular file.
#[derive(Debug)]
pub struct MappedFile {
    map: Mmap,
    id: FileId,
}

/// Which file something was mapped from, as it was then. Artifacts are replaced by others, never written to in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
    len: u64,
    /// Seconds and nanoseconds of its last change.
    changed: (i64, i64),
}

/// Opens `path` for reading, once: whatever is asked of the file from then on is asked of this descriptor. Links are
/// followed, as whoever names a file means what they lead to.
pub fn open_file(path: &Path) -> io::Result<File> {
    // Without NONBLOCK, opening a pipe would wait for a writer. On a regular file it changes nothing.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

impl MappedFile {
    /// Opens `path` and maps all of it. Nothing is read.
    pub fn open(path: &Path) -> Result<MappedFile, OpenError> {
        let file = open_file(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        MappedFile::of(&file, path)
    }

    /// Maps all of `file`; `path` is what errors carry.
    pub fn of(file: &File, path: &Path) -> Result<MappedFile, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(OpenError::NotAFile { path: path.to_owned() });
        }
        if metadata.len() == 0 {
            return Err(OpenError::Empty);
        }
        let len = usize::try_from(metadata.len()).map_err(|_| io(io::ErrorKind::FileTooLarge.into()))?;
        // SAFETY: the mapping is read-only, and as long as the file was a moment ago. The format's first assumption
        // about its medium is that a mapped artifact is replaced, never changed or cut in place; the writer keeps
        // it, and leaves the file read-only.
        let map = unsafe { MmapOptions::new().len(len).map(file) }.map_err(io)?;
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        let id = FileId { device: metadata.dev(), inode: metadata.ino(), len: metadata.len(), changed };
        Ok(MappedFile { map, id })
    }

    /// Which file it is.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// Asks the kernel to keep `len` bytes from `offset` in huge pages. A hint: a kernel or a file system that
    /// cannot is no error, the pages are then small. A range that is not in the file is ignored.
    pub fn prefer_huge_pages(&self, offset: usize, len: usize) {
        if self.map.get(offset..).is_none_or(|rest| len > rest.len()) {
            return;
        }
        #[cfg(target_os = "linux")]
        let _ = self.map.advise_range(Advice::HugePage, offset, len);
        #[cfg(not(target_os = "linux"))]
        let _ = Advice::Normal;
    }
}

impl MappedFile {
    /// Reads `len` bytes from `offset` into memory, where they are not there already: returns when they are. What is
    /// not in the file, and kernels that cannot (before Linux 5.14), read nothing.
    pub fn read_ahead(&self, offset: usize, len: usize) {
        let len = len.min(self.map.len().saturating_sub(offset));
        #[cfg(target_os = "linux")]
        if len > 0 {
            // Not an error: whoever needs the bytes reads them then.
            let _ = self.map.advise_range(Advice::PopulateRead, offset, len);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = len;
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}
