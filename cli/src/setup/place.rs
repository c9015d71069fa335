//! The directory that libraries are installed in: one setup at a time works there, each in a directory of its own.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::Context;
use tempfile::TempDir;

use super::Action;
use super::install;
use super::wheel::Member;
use crate::output::note;

/// How the names of the directories begin that setups work in.
const STAGING: &str = ".setup-";

/// A directory that is this setup's to change, until the value is dropped.
pub(super) struct Place<'a> {
    directory: &'a Path,
    /// `None` where the file system has no locks.
    lock: Option<File>,
}

impl Place<'_> {
    /// Makes the directory, and waits until no other setup works there.
    pub(super) fn enter(directory: &Path, progress: bool) -> anyhow::Result<Place<'_>> {
        let made = DirBuilder::new().recursive(true).mode(0o755).create(directory);
        let lock = made.and_then(|()| lock(directory, progress)).with_context(|| unusable(directory))?;
        Ok(Place { directory, lock })
    }

    /// An empty directory to work in, on the same file system. What killed setups have left is removed.
    pub(super) fn staging(&self) -> anyhow::Result<TempDir> {
        if self.lock.is_some() {
            remove_leftovers(self.directory);
        }
        let made = tempfile::Builder::new().prefix(STAGING).tempdir_in(self.directory);
        made.with_context(|| unusable(self.directory))
    }

    /// As [`in_place`], and a library without a stamp is read, and stamped where it is the pinned one.
    pub(super) fn settle(&self, member: &Member, target: &Path, verify: bool) -> anyhow::Result<Option<Action>> {
        if !target.exists() {
            return Ok(None);
        }
        let found = in_place(target, member, verify).or_else(|| in_place(target, member, true));
        match found {
            Some(Action::Verified) => {
                install::write_stamp(target, member.sha256).with_context(|| unusable(self.directory))?;
            }
            Some(_) => {}
            None => note!("replacing {}, which is not the pinned library", target.display()),
        }
        Ok(found)
    }
}

fn unusable(directory: &Path) -> String {
    format!("cannot use the cache directory {}: set BLINK_CACHE_DIR to another", directory.display())
}

/// Whether the pinned library stands at `target`: by its size and stamp, or by its bytes where they are to be read.
pub(super) fn in_place(target: &Path, member: &Member, verify: bool) -> Option<Action> {
    fs::metadata(target).ok().filter(|file| file.is_file() && file.len() == member.bytes)?;
    let (found, action) = match verify {
        true => (install::hash_file(target).ok()?, Action::Verified),
        false => (install::read_stamp(target)?, Action::Present),
    };
    (found == member.sha256).then_some(action)
}

/// Waits for other setups of the same directory to end; `None` where the file system has no locks, and a setup goes
/// on without one, since each works in a directory of its own.
fn lock(directory: &Path, progress: bool) -> io::Result<Option<File>> {
    let file = File::create(directory.join(".lock"))?;
    let locked = match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            if progress {
                note!("waiting for another setup ...");
            }
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    match locked {
        Ok(()) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes what setups that were killed left behind. Only the holder of the lock may.
fn remove_leftovers(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(STAGING) {
            // What cannot be removed now is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
