//! Why a key, a directory of keys or a signature is refused: one enum for each.
//!
//! What clients of a server may read ([`SignatureError`]) names no path of the host.

use std::io;
use std::path::PathBuf;

use super::keys::KeyId;
use crate::error::OpenError;

/// Why a text or a file is not the key that it should be.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum KeyError {
    #[error("file cannot be read: {0}")]
    Read(io::Error),
    #[error("not a regular file: expected a key made by `blink keygen`")]
    NotAFile,
    #[error("file has more than {limit} bytes, expected a key: one line made by `blink keygen`")]
    TooLong { limit: u64 },
    #[error("not a key: expected one line `{expected} ID KEY`, as `blink keygen` makes it")]
    NotAKey { expected: &'static str },
    #[error("this is a key of another kind: found {found}, expected {expected}; the public key is the file NAME.pub")]
    Kind { found: &'static str, expected: &'static str },
    #[error("{what} has {found} digits, expected {expected}: the file was damaged; copy it again")]
    Length { what: &'static str, found: usize, expected: usize },
    #[error("{what} has a character that is no digit, expected 0 to 9 and a to f; copy the key again")]
    Digit { what: &'static str },
    #[error("id is {found}, and the key's is {expected}: one of them was damaged; copy the key again")]
    Id { found: KeyId, expected: KeyId },
    #[error("its digits are no public key of ed25519: copy the key again, or ask for another one")]
    NoKey,
    #[error("secret key can be read by others (mode {mode:04o}), expected 0600: `chmod 600` it, or make a new key")]
    Readable { mode: u32 },
    #[error("public key can be written by everybody (mode {mode:04o}): take that away with `chmod o-w`")]
    Writable { mode: u32 },
    #[error("kernel gave no random bytes: {0}")]
    Random(String),
}

/// A file that is not the key that it should be, or could not be made one.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum KeyFileError {
    #[error("{path}: {source}", path = path.display())]
    Key { path: PathBuf, source: KeyError },
    #[error("{path} is there already, and keys are never overwritten: name another file", path = path.display())]
    Exists { path: PathBuf },
    #[error("{path} cannot be written: {source}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Why there is no store of trusted keys. Nothing is trusted then.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TrustError {
    #[error("no trust directory is known: name one, or set XDG_CONFIG_HOME or HOME")]
    NoDirectory,
    #[error(
        "trust directory {path} cannot be read: {source}; put the public keys that you trust (NAME.pub) there, or name \
         another directory",
        path = path.display()
    )]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "trust directory {path} can be written by everybody (mode {mode:04o}): take that away with `chmod o-w`",
        path = path.display()
    )]
    Writable { path: PathBuf, mode: u32 },
    #[error(
        "trust directory {path} holds no key: put the public keys that you trust (NAME.pub) there",
        path = path.display()
    )]
    Empty { path: PathBuf },
    #[error(
        "{path} is in a trust directory and is no public key: expected NAME.pub; move it away",
        path = path.display()
    )]
    Stray { path: PathBuf },
    #[error("trust directory has a broken key: {0}")]
    Key(#[from] KeyFileError),
}

/// Why a signature is not one that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum SignatureError {
    #[error("artifact is not signed; sign it with `blink sign ARTIFACT --key SECRET`, where you trust it")]
    Unsigned,
    #[error("artifact is signed by key {found}, expected {expected}; ask for that key, or have it signed by this one")]
    OtherKey { found: KeyId, expected: KeyId },
    #[error("artifact is signed by key {found}, which is not trusted here; where it should be, add its public key")]
    NotTrusted { found: KeyId },
    #[error("signature is wrong: key {key} has not signed this artifact; get it again from whoever made it")]
    Wrong { key: KeyId },
}

/// Why an artifact is not admitted.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum AdmitError {
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Damaged(#[from] OpenError),
}

/// Why an artifact was not signed. It is as it was before.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SignError {
    #[error("{path}: {source}", path = path.display())]
    Open { path: PathBuf, source: OpenError },
    #[error("{path}: signed copy cannot be written: {source}", path = path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{path}: signed copy is not as it should be: {source}", path = path.display())]
    Copy { path: PathBuf, source: AdmitError },
}
