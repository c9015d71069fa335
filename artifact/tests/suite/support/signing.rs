//! Keys that are the same in every run, and artifacts that they have signed.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use blink_artifact::signature::{SecretKey, sign};

use super::{parts, write};

/// The key that signs.
pub(crate) fn key() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

/// A key of somebody else's.
pub(crate) fn other_key() -> SecretKey {
    SecretKey::from_seed(&[8; 32])
}

/// A small artifact at `path` that nobody has signed.
pub(crate) fn unsigned(path: &Path) {
    write(path, 1, &parts()).unwrap();
}

/// A small artifact in `directory`, signed by [`key`].
pub(crate) fn signed(directory: &Path) -> PathBuf {
    let path = directory.join("signed.blink");
    unsigned(&path);
    sign(&path, &key(), |_| ()).unwrap();
    path
}

/// Gives a file, or a directory, a mode.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The mode of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
