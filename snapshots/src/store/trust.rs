//! Opening what lies in the store, and deciding whether it is trusted. Nothing is read before it is.
//!
//! An image becomes a process, so it must be a file that nobody but its owner could have written, in a directory where
//! nobody but its owner could have put it, and the owner must be whoever asks, or root. What was opened is asked, never
//! the name again.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::StoreError;
use crate::reason::{Distrust, Reason};

/// The bits of `st_mode` that tell permissions.
const PERMISSIONS: u32 = 0o7777;
/// Write permission of group and others.
const WRITABLE: u32 = 0o022;
/// The mode of every image.
pub(super) const IMAGE_MODE: u32 = 0o400;

/// Opens the directory of images; `None` where there is none.
pub(super) fn directory(path: &Path) -> Result<Option<File>, StoreError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match openat(CWD, path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::NOTDIR | Errno::LOOP) => return Err(untrusted(path, Distrust::NotADirectory)),
        Err(error) => return Err(StoreError::io("opened", path)(error.into())),
    };
    let metadata = file.metadata().map_err(StoreError::io("opened", path))?;
    owner(&metadata).map_err(|why| untrusted(path, why))?;
    match metadata.mode() & PERMISSIONS {
        mode if mode & WRITABLE != 0 => Err(untrusted(path, Distrust::Writable { mode })),
        _ => Ok(Some(file)),
    }
}

/// Opens the image at `path`, whose directory was opened as `directory`; `None` where there is none.
pub(super) fn image(directory: &File, path: &Path) -> Result<Option<(File, Metadata)>, StoreError> {
    // Opening a pipe must not wait for a writer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let name = path.file_name().unwrap_or_default();
    let file = match openat(directory, name, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(Errno::NOENT) => return Ok(None),
        // A symbolic link; a socket.
        Err(Errno::LOOP | Errno::NXIO) => return Err(untrusted(path, Distrust::NotAFile)),
        Err(error) => return Err(StoreError::io("opened", path)(error.into())),
    };
    let metadata = file.metadata().map_err(StoreError::io("opened", path))?;
    if !metadata.is_file() {
        return Err(untrusted(path, Distrust::NotAFile));
    }
    owner(&metadata).map_err(|why| untrusted(path, why))?;
    match metadata.mode() & PERMISSIONS {
        IMAGE_MODE => Ok(Some((file, metadata))),
        mode => Err(untrusted(path, Distrust::Mode { mode })),
    }
}

fn owner(metadata: &Metadata) -> Result<(), Distrust> {
    let (found, expected) = (metadata.uid(), geteuid().as_raw());
    if found == expected || found == 0 { Ok(()) } else { Err(Distrust::Owner { found, expected }) }
}

fn untrusted(path: &Path, why: Distrust) -> StoreError {
    StoreError::Refused(Reason::NotTrusted { path: path.to_owned(), why })
}

/// Removes the name `path` if `is_it` says of what it leads to that it is what was meant; whether it did.
///
/// Who publishes between the question and the removal loses that image, which costs normal starts until it is made again.
pub(super) fn unlink(path: &Path, is_it: impl FnOnce(&Metadata) -> bool) -> io::Result<bool> {
    let removed = std::fs::symlink_metadata(path)
        .and_then(|found| if is_it(&found) { std::fs::remove_file(path).map(|()| true) } else { Ok(false) });
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed,
    }
}
