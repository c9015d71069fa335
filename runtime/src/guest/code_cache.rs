//! [`CodeCache`]: native code of guests, made on this host for this host. One file for each guest and kind of engine.
//!
//! What is in it will be executed, so it must be a file that nobody but its owner could have written, as for snapshots.
//! A file is the code and then its BLAKE3. It gets its name when it is whole, and is never changed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use blink_artifact::{MappedFile, OpenError};
use blink_guest::{Code, settings};
use blink_snapshots::store::{StoreError, open_trusted};

use crate::host;
use crate::library::{LibraryError, guests_dir};

/// Bytes of the hash after the code.
const HASH_LEN: usize = 32;

/// Why cached code cannot be used, or kept.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CodeCacheError {
    #[error(transparent)]
    NotTrusted(#[from] StoreError),
    #[error("{path}: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: OpenError },
    #[error("{path} is damaged: remove it, and it is made again", path = path.display())]
    Damaged { path: PathBuf },
    #[error("{path} cannot be written: {source}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// A directory of native code.
#[derive(Clone, Debug)]
pub struct CodeCache {
    directory: PathBuf,
}

impl CodeCache {
    /// The one in the user's cache directory.
    pub fn of_user() -> Result<CodeCache, LibraryError> {
        Ok(CodeCache::at(guests_dir()?))
    }

    /// The one in `directory`, which need not exist yet.
    pub fn at(directory: impl Into<PathBuf>) -> CodeCache {
        CodeCache { directory: directory.into() }
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What the code of the guest with this BLAKE3 is called here: another version, other settings and another CPU give
    /// another name.
    fn file_name(guest: &[u8; 32]) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(guest);
        for part in [settings::WASMTIME, &settings::hash(), &host::features_fingerprint()] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        format!("{}.cwasm", &hasher.finalize().to_hex()[..32])
    }

    /// Where the code of the guest with this BLAKE3 is, or would be.
    pub fn path(&self, guest: &[u8; 32]) -> PathBuf {
        self.directory.join(CodeCache::file_name(guest))
    }

    /// The code of the guest whose WebAssembly has this BLAKE3; `None` where there is none.
    pub fn find(&self, guest: &[u8; 32]) -> Result<Option<Code>, CodeCacheError> {
        let path = self.path(guest);
        let Some(file) = open_trusted(&path)? else { return Ok(None) };
        let mapped =
            MappedFile::of(&file, &path).map_err(|source| CodeCacheError::Unreadable { path: path.clone(), source })?;
        let code = mapped
            .split_last_chunk::<HASH_LEN>()
            .filter(|(code, hash)| blake3::hash(code).as_bytes() == *hash)
            .map(|(code, _)| code.len());
        let Some(len) = code else { return Err(CodeCacheError::Damaged { path }) };
        Ok(in_file(mapped, len))
    }

    /// Keeps `code`, which was made of the guest with this BLAKE3.
    pub fn store(&self, guest: &[u8; 32], code: &[u8]) -> Result<PathBuf, CodeCacheError> {
        let path = self.path(guest);
        let write = |source| CodeCacheError::Write { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory).map_err(write)?;
        let temporary = self.directory.join(format!(".{}.tmp", std::process::id()));
        // Left by a process of the same number that was killed.
        let _ = fs::remove_file(&temporary);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&temporary).map_err(write)?;
        let named = fill(file, code).and_then(|()| fs::rename(&temporary, &path));
        named.inspect_err(|_| _ = fs::remove_file(&temporary)).map_err(write)?;
        Ok(path)
    }
}

fn fill(mut file: File, code: &[u8]) -> io::Result<()> {
    file.write_all(code)?;
    file.write_all(blake3::hash(code).as_bytes())?;
    file.sync_all()
}

/// The first `len` bytes of a mapped file, as code.
#[allow(unsafe_code)]
fn in_file(mapped: MappedFile, len: usize) -> Option<Code> {
    // SAFETY: only `store` writes such files, with what the engine's compiler made; the file is private to its owner, its
    // hash was right a moment ago, and it begins at a page.
    unsafe { Code::of(Arc::new(mapped), |mapped| mapped.get(..len)) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_kept_is_found_while_it_is_whole_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let cache = CodeCache::at(directory.path().join("a/b"));
        assert!(cache.find(&[1; 32]).unwrap().is_none());
        let path = cache.store(&[1; 32], b"code").unwrap();
        assert!(cache.find(&[1; 32]).unwrap().is_some() && cache.find(&[2; 32]).unwrap().is_none());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(cache.find(&[1; 32]), Err(CodeCacheError::NotTrusted(_))));
        let mut bytes = fs::read(&path).unwrap();
        bytes[0] ^= 1;
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(matches!(cache.find(&[1; 32]), Err(CodeCacheError::Damaged { .. })));
        cache.store(&[1; 32], b"code").unwrap();
        assert!(cache.find(&[1; 32]).unwrap().is_some(), "it is made again in place of the damaged one");
    }
}
