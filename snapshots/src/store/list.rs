//! Every image of a store, the useless ones too, each with what is to be said of it.

use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::{Key, Store, StoreError, judge, key, trust};
use crate::reason::Reason;

/// One image, or what has the name of one.
#[derive(Debug)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// What it is of; `None` where it is not trusted, or damaged in that place.
    pub key: Option<Key>,
    /// Length in bytes. Holes count.
    pub bytes: u64,
    /// When it was made.
    pub modified: SystemTime,
    /// Whether a worker could be restored from it here.
    pub verdict: Result<(), Reason>,
    identity: [i128; 4],
}

/// What tells a file from one that gets its name later.
pub(super) fn identity(metadata: &Metadata) -> [i128; 4] {
    [metadata.dev().into(), metadata.ino().into(), metadata.mtime().into(), metadata.mtime_nsec().into()]
}

impl Entry {
    /// Removes it, unless its name has gone to another since; whether it did.
    pub(super) fn unlink(&self) -> io::Result<bool> {
        trust::unlink(&self.path, |there| identity(there) == self.identity)
    }
}

impl Store {
    /// Every image, by path. Files whose names no key has are not ours, and are not listed.
    pub fn list(&self) -> Result<Vec<Entry>, StoreError> {
        let Some(directory) = trust::directory(&self.directory)? else { return Ok(Vec::new()) };
        let failed = || StoreError::io("read", &self.directory);
        let mut entries = Vec::new();
        for file in std::fs::read_dir(&self.directory).map_err(failed())? {
            let path = self.directory.join(file.map_err(failed())?.file_name());
            if path.file_name().is_some_and(|name| key::is_file_name(name.as_bytes())) {
                entries.extend(entry(&directory, path)?);
            }
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(entries)
    }
}

/// What is at `path`; `None` where it has gone meanwhile.
fn entry(directory: &std::fs::File, path: PathBuf) -> Result<Option<Entry>, StoreError> {
    let (key, verdict, metadata) = match trust::image(directory, &path) {
        Ok(None) => return Ok(None),
        Ok(Some((file, metadata))) => (judge::key(&file, &path), judge::judge(&file, &path), metadata),
        Err(error) => match std::fs::symlink_metadata(&path) {
            Ok(metadata) => (None, Err(error.into()), metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("read", &path)(error)),
        },
    };
    let modified = metadata.modified().map_err(StoreError::io("read", &path))?;
    Ok(Some(Entry { key, bytes: metadata.len(), modified, verdict, identity: identity(&metadata), path }))
}
