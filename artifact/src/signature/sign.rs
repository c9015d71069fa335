//! [`sign()`]: a signed copy takes the place of an artifact, all at once. The artifact itself is never written to.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::{AdmitError, SignError};
use super::keys::{KeyId, SecretKey};
use crate::header::SIGNATURE;
use crate::publish::PendingFile;
use crate::reader::Artifact;
use crate::writer::CHUNK;

/// What signing has done.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The file, without symbolic links.
    pub path: PathBuf,
    /// The key that has signed.
    pub key: KeyId,
    /// Whose signature was there before.
    pub replaced: Option<KeyId>,
}

/// Signs the artifact at `path` once every byte of it was checked. All other bytes stay; a signature that was there is
/// replaced. Who has the file mapped keeps it as it was. A link is followed, and stays.
///
/// `progress` hears up to which byte of the file it has come while it is checked.
pub fn sign(path: &Path, key: &SecretKey, progress: impl FnMut(u64)) -> Result<Signed, SignError> {
    let open = |source| SignError::Open { path: path.to_owned(), source };
    let write = |source| SignError::Write { path: path.to_owned(), source };
    let artifact = Artifact::read(path).map_err(open)?;
    artifact.verify(progress).map_err(open)?;
    let place = fs::canonicalize(path).map_err(write)?;
    let mode = fs::metadata(&place).map_err(write)?.permissions().mode();
    let pending = PendingFile::create(&place).map_err(write)?;
    copy(&artifact, key, pending.file(), path)?;
    check(&pending, &artifact, key).map_err(|source| SignError::Copy { path: path.to_owned(), source })?;
    // Readable for those who could read it, and for nobody to write.
    pending.publish(mode & 0o444).map_err(write)?;
    let replaced = artifact.header().signature.map(|signature| signature.key);
    Ok(Signed { path: place, key: key.public().id(), replaced })
}

/// Writes all of `artifact` into `file`, with another signature block.
fn copy(artifact: &Artifact, key: &SecretKey, file: &File, path: &Path) -> Result<(), SignError> {
    let open = |source| SignError::Open { path: path.to_owned(), source };
    let write = |source| SignError::Write { path: path.to_owned(), source };
    let len = artifact.header().file_len;
    // In the chunks in which a writer writes: see there.
    for offset in (0..len).step_by(CHUNK) {
        let part = artifact.bytes(offset..len.min(offset + CHUNK as u64)).map_err(open)?;
        file.write_all_at(&part, offset).map_err(write)?;
    }
    let block = key.sign(&artifact.header().structure_hash).encode();
    file.write_all_at(&block, SIGNATURE.start as u64).map_err(write)
}

/// Checks the copy as a reader would. It has no name, so nobody else can cut it.
fn check(pending: &PendingFile, artifact: &Artifact, key: &SecretKey) -> Result<(), AdmitError> {
    let copy = Artifact::from_file(pending.file(), artifact.path())?;
    copy.verify_signature(key.public())?;
    copy.verify(|_| ())?;
    Ok(())
}
