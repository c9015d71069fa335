//! [`TrustStore`]: the public keys of a directory, and the question that it is asked: may this artifact be used?
//!
//! All of the directory is read or nothing is trusted: a key that is broken, a file that is no key, a directory that
//! everybody may write is an error. Hidden files are not looked at.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::error::{AdmitError, SignatureError, TrustError};
use super::key_files::EVERYBODY_WRITES;
use super::keys::{KeyId, PublicKey};
use super::vouched::Vouched;
use crate::header::Header;
use crate::reader::Artifact;

/// What the files of public keys end with.
const EXTENSION: &str = "pub";

/// Public keys whose owners are trusted, as they were when the directory was read.
#[derive(Clone, Debug)]
pub struct TrustStore {
    keys: Vec<PublicKey>,
}

impl TrustStore {
    /// Reads the keys of `directory`: every file in it, `NAME.pub`.
    pub fn read(directory: &Path) -> Result<TrustStore, TrustError> {
        let failed = |source| TrustError::Read { path: directory.to_owned(), source };
        let mode = fs::metadata(directory).map_err(failed)?.permissions().mode() & 0o7777;
        if mode & EVERYBODY_WRITES != 0 {
            return Err(TrustError::Writable { path: directory.to_owned(), mode });
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(directory).map_err(failed)? {
            names.push(entry.map_err(failed)?.file_name());
        }
        // In one order, so that of several errors the same one is told.
        names.sort();
        let seen = names.iter().filter(|name| !name.as_bytes().starts_with(b"."));
        let keys: Vec<PublicKey> = seen.map(|name| key(&directory.join(name))).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(TrustError::Empty { path: directory.to_owned() });
        }
        Ok(TrustStore { keys })
    }

    /// Where the keys of this user are: `$XDG_CONFIG_HOME/blink/trust`, else `~/.config/blink/trust`.
    pub fn of_user() -> Result<PathBuf, TrustError> {
        of_user(&|name| std::env::var_os(name)).ok_or(TrustError::NoDirectory)
    }

    /// The keys of `directory`, all of which must be in order. Where none is named: those of this user, `None` where
    /// there are none.
    pub fn find(directory: Option<&Path>) -> Result<Option<TrustStore>, TrustError> {
        if let Some(directory) = directory {
            return TrustStore::read(directory).map(Some);
        }
        match TrustStore::of_user().and_then(|users| TrustStore::read(&users)) {
            Err(TrustError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(TrustError::NoDirectory | TrustError::Empty { .. }) => Ok(None),
            read => read.map(Some),
        }
    }

    /// Checks that a key of this store has signed the header that is `header` and the table that its hash covers.
    /// Sections are not hashed: whoever uses one compares it with the table of an artifact that [`Vouched::is_of`] knows.
    pub fn vouch(&self, header: &Header) -> Result<Vouched, SignatureError> {
        let signature = header.signature.ok_or(SignatureError::Unsigned)?;
        let mut called = self.keys.iter().filter(|key| key.id() == signature.key).peekable();
        if called.peek().is_none() {
            return Err(SignatureError::NotTrusted { found: signature.key });
        }
        if !called.any(|key| signature.check(key, &header.structure_hash).is_ok()) {
            return Err(SignatureError::Wrong { key: signature.key });
        }
        Ok(Vouched::new(signature.key, header.structure_hash))
    }

    /// Checks that a key of this store has signed `artifact`, and then every byte of it: the hash of each section, and
    /// that each gap is zeros. Nothing of the artifact is run.
    ///
    /// It speaks of the file that `artifact` is mapped from. Whoever starts a worker afterwards hands on the very
    /// descriptor: by the path, it might be another file.
    pub fn admit(&self, artifact: &Artifact) -> Result<Vouched, AdmitError> {
        let vouched = self.vouch(artifact.header())?;
        artifact.verify(|_| ())?;
        Ok(vouched)
    }

    /// The ids of its keys.
    pub fn keys(&self) -> impl Iterator<Item = KeyId> {
        self.keys.iter().map(PublicKey::id)
    }
}

fn key(path: &Path) -> Result<PublicKey, TrustError> {
    if path.extension() != Some(OsStr::new(EXTENSION)) {
        return Err(TrustError::Stray { path: path.to_owned() });
    }
    Ok(PublicKey::read(path)?)
}

fn of_user(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(base.join("blink").join("trust"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_keys_are_in_the_configuration_directory() {
        let with = |set: &[(&str, &str)]| {
            of_user(&|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into()))
        };
        let home = Some(PathBuf::from("/home/a/.config/blink/trust"));
        assert_eq!(with(&[("HOME", "/home/a")]), home);
        // The XDG rules: a relative path is to be ignored.
        assert_eq!(with(&[("XDG_CONFIG_HOME", "x"), ("HOME", "/home/a")]), home);
        assert_eq!(with(&[("XDG_CONFIG_HOME", "/x"), ("HOME", "/home/a")]), Some("/x/blink/trust".into()));
        assert_eq!((with(&[]), with(&[("HOME", "")])), (None, None));
    }
}
