//! A file, opened once and mapped read-only through that one descriptor.
#![allow(unsafe_code)]

use std::fs::File;
use std::ops::Deref;
use std::path::Path;

use memmap2::{Advice, Mmap};

use crate::error::OpenError;

/// A read-only mapping of a whole regular file.
#[derive(Debug)]
pub struct MappedFile {
    map: Mmap,
}

impl MappedFile {
    /// Opens `path` and maps all of it. Nothing is read.
    pub fn open(path: &Path) -> Result<MappedFile, OpenError> {
        let file = File::open(path).map_err(|source| OpenError::Io { path: path.to_owned(), source })?;
        MappedFile::of(&file, path)
    }

    /// Maps all of `file`; `path` is only what errors call it.
    pub fn of(file: &File, path: &Path) -> Result<MappedFile, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(OpenError::NotAFile { path: path.to_owned() });
        }
        if metadata.len() == 0 {
            return Err(OpenError::Empty);
        }
        // SAFETY: the mapping is private and read-only. The format's first assumption about its medium is that a
        // mapped artifact is replaced, never changed in place; the writer keeps it, and leaves the file read-only.
        let map = unsafe { Mmap::map(file) }.map_err(io)?;
        Ok(MappedFile { map })
    }

    /// Asks the kernel to keep `len` bytes from `offset` in huge pages. A hint: a kernel or a file system that
    /// cannot is no error, the pages are then small.
    pub fn prefer_huge_pages(&self, offset: usize, len: usize) {
        #[cfg(target_os = "linux")]
        let _ = self.map.advise_range(Advice::HugePage, offset, len);
        #[cfg(not(target_os = "linux"))]
        let _ = (offset, len, Advice::Normal);
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}
