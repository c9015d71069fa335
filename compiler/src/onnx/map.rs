//! A file mapped into memory, shared by reference counting.
//!
//! The file must not change while it is mapped: its bytes would change under the reader, and a truncated file
//! ends the process with SIGBUS. [`MappedFile::is_unchanged`] tells afterwards whether the promise was kept.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use memmap2::Mmap;

/// What tells one state of a file from another: device, inode, length in bytes, modification time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(u64, u64, u64, i64, i64);

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Stamp {
        Stamp(metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
    }
}

/// A whole file in memory, read-only.
pub(super) struct MappedFile {
    path: PathBuf,
    stamp: Stamp,
    bytes: Bytes,
}

impl MappedFile {
    /// Maps the regular file at `path`, which must be in the state `expected`.
    pub(super) fn open(path: &Path, expected: Stamp) -> io::Result<MappedFile> {
        let file = File::open(path)?;
        let changed = || io::Error::other("the file changed while it was opened");
        if Stamp::of(&file.metadata()?) != expected {
            return Err(changed());
        }
        // SAFETY: the mapping is private and read-only, and `Mmap` unmaps it once, when the last `Bytes` drops.
        // Rust's aliasing rules hold as long as nobody writes to the file. No system call can force that, so it
        // is the documented condition on the caller; the stamp, compared here and in `is_unchanged`, reports a
        // breach.
        let map = unsafe { Mmap::map(&file)? };
        let stamp = Stamp::of(&file.metadata()?);
        if stamp != expected || map.len() as u64 != stamp.2 {
            return Err(changed());
        }
        Ok(MappedFile { path: path.to_owned(), stamp, bytes: Bytes::from_owner(map) })
    }

    /// Where the file was opened.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes. Slices of them keep the mapping alive.
    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether the file at the path is still the one mapped, with the same length and modification time.
    pub(super) fn is_unchanged(&self) -> bool {
        self.path.metadata().is_ok_and(|metadata| Stamp::of(&metadata) == self.stamp)
    }
}

impl fmt::Debug for MappedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.path.display(), self.bytes.len())
    }
}
