//! Keys as files. A secret key that others can read is refused, and no file is ever overwritten.
//!
//! Reading never waits, and never reads more than a key has: a pipe, a device or a large file is refused.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::{KeyError, KeyFileError};
use super::keys::{PublicKey, SecretKey};
use crate::map::open_file;

/// Most bytes of a key's file.
const MAX_LEN: u64 = 256;
/// Of a mode: what anybody but the owner may do.
const OTHERS: u32 = 0o077;
/// Of a mode: whether everybody may write.
pub(super) const EVERYBODY_WRITES: u32 = 0o002;

impl PublicKey {
    /// Reads the key that is kept at `path`. A file that everybody may write is refused.
    pub fn read(path: &Path) -> Result<PublicKey, KeyFileError> {
        let key = read(path).and_then(|(text, mode)| match mode & EVERYBODY_WRITES {
            0 => PublicKey::from_text(&text),
            _ => Err(KeyError::Writable { mode }),
        });
        key.map_err(|source| KeyFileError::Key { path: path.to_owned(), source })
    }

    /// The file of the public half, beside that of the secret one.
    pub fn path_beside(secret: &Path) -> PathBuf {
        let mut path = secret.as_os_str().to_owned();
        path.push(".pub");
        path.into()
    }
}

impl SecretKey {
    /// Reads the key that is kept at `path`. A file that anybody but its owner may read is refused.
    pub fn read(path: &Path) -> Result<SecretKey, KeyFileError> {
        let key = read(path).and_then(|(text, mode)| match mode & OTHERS {
            0 => SecretKey::from_text(&text),
            _ => Err(KeyError::Readable { mode }),
        });
        key.map_err(|source| KeyFileError::Key { path: path.to_owned(), source })
    }

    /// Keeps the key at `path` (mode 0600) and its public half at `path` with `.pub` after it. Where one of them is
    /// there already, neither is written.
    pub fn write(&self, path: &Path) -> Result<PathBuf, KeyFileError> {
        let public = PublicKey::path_beside(path);
        create(&public, 0o644, &self.public().to_text())?;
        match create(path, 0o600, &self.to_text()) {
            Ok(()) => Ok(public),
            Err(error) => {
                // It was made just now, and is of no use. A failure is told of by the next `keygen`.
                let _ = fs::remove_file(&public);
                Err(error)
            }
        }
    }
}

/// The text at `path` and its mode.
fn read(path: &Path) -> Result<(String, u32), KeyError> {
    let file = open_file(path).map_err(KeyError::Read)?;
    let metadata = file.metadata().map_err(KeyError::Read)?;
    if !metadata.is_file() {
        return Err(KeyError::NotAFile);
    }
    let mut bytes = Vec::new();
    file.take(MAX_LEN + 1).read_to_end(&mut bytes).map_err(KeyError::Read)?;
    if bytes.len() as u64 > MAX_LEN {
        return Err(KeyError::TooLong { limit: MAX_LEN });
    }
    // What is no text is no key, and is told so by its first word.
    Ok((String::from_utf8_lossy(&bytes).into_owned(), metadata.permissions().mode() & 0o7777))
}

/// Makes a file that was not there.
fn create(path: &Path, mode: u32, text: &str) -> Result<(), KeyFileError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let mut file = file.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_owned() },
        _ => KeyFileError::Write { path: path.to_owned(), source },
    })?;
    let written: io::Result<()> = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|source| {
        // Half a key is none.
        let _ = fs::remove_file(path);
        KeyFileError::Write { path: path.to_owned(), source }
    })
}
