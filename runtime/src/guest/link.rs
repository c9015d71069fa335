//! Which native code of a guest is run, and the guest made of it.
//!
//! An artifact's own native code is run where a trusted key has signed it, and nowhere else; the code in its place was
//! made on this host of the artifact's WebAssembly, and is in the [`CodeCache`]. Nobody is asked here who is trusted:
//! whoever starts a worker has asked, and tells what was signed by its hash.
#![allow(unsafe_code)]

use std::path::PathBuf;
use std::sync::Arc;

use blink_artifact::manifest::GuestRecord;
use blink_artifact::{Artifact, OpenError};
use blink_guest::{Code, Guest, LinkError, settings};

use super::code_cache::{CodeCache, CodeCacheError};

/// Why an artifact's guest cannot be run.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum GuestError {
    #[error("{path} has no guest: compile it with `--guest PROGRAM.wasm`, or give inputs with `--input`", path = path.display())]
    None { path: PathBuf },
    #[error("{path}: {source}", path = path.display())]
    Damaged { path: PathBuf, source: OpenError },
    #[error("{path}: its native code is not run, as no key that is trusted here has signed it", path = path.display())]
    NotTrusted { path: PathBuf },
    #[error(transparent)]
    Cache(#[from] CodeCacheError),
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl GuestError {
    /// Whether native code in the cache would help, made of the artifact's WebAssembly.
    pub fn wants_code(&self) -> bool {
        matches!(
            self,
            GuestError::NotTrusted { .. } | GuestError::Link(LinkError::Foreign { .. } | LinkError::Host { .. })
        )
    }
}

/// Which native code [`link()`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeCode {
    /// The artifact's own.
    Own,
    /// That in the cache.
    Cached,
    /// None: some must be made first.
    None,
}

/// Which native code [`link()`] would take, as far as that is known without linking: of its own code, one that was made for
/// a CPU with other features is found there only. Nothing is executed.
pub fn native_code(
    artifact: &Artifact,
    signed: Option<&[u8; 32]>,
    cache: Option<&CodeCache>,
) -> Result<NativeCode, GuestError> {
    let none = || GuestError::None { path: artifact.path().to_owned() };
    let record = artifact.manifest().guest.as_ref().ok_or_else(none)?;
    if judge(artifact, record, signed).is_ok() {
        return Ok(NativeCode::Own);
    }
    let hash = artifact.guest_hash().ok_or_else(none)?;
    let cached = cache.map(|cache| cache.find(hash)).transpose()?.flatten();
    Ok(if cached.is_some() { NativeCode::Cached } else { NativeCode::None })
}

/// Links the guest of `artifact`, whose structure hash was checked as it was opened. `signed` is the structure hash that a
/// trusted key has signed: where it is this artifact's, and its own native code is for this engine and host, that code is
/// taken. Else it is what `cache` has. The hash of what is to be executed is checked here.
pub fn link(
    artifact: &Arc<Artifact>,
    signed: Option<&[u8; 32]>,
    cache: Option<&CodeCache>,
) -> Result<Guest, GuestError> {
    let path = || artifact.path().to_owned();
    let Some(record) = &artifact.manifest().guest else { return Err(GuestError::None { path: path() }) };
    let own = judge(artifact, record, signed).and_then(|()| {
        artifact.native_code().map_err(|source| GuestError::Damaged { path: path(), source })?;
        match record.code.as_ref().zip(own_code(artifact)) {
            Some((code, own)) => Ok(Guest::link(&record.name, record.kind, code, own)?),
            None => Err(no_code()),
        }
    });
    match (own, cache) {
        (Err(error), Some(cache)) if error.wants_code() => {
            let hash = artifact.guest_hash().ok_or_else(|| GuestError::None { path: path() })?;
            match cache.find(hash)? {
                Some(code) => Ok(Guest::link(&record.name, record.kind, &settings::record("cached"), code)?),
                None => Err(error),
            }
        }
        (own, _) => own,
    }
}

/// Whether the artifact's own native code may be run here.
fn judge(artifact: &Artifact, record: &GuestRecord, signed: Option<&[u8; 32]>) -> Result<(), GuestError> {
    let code = record.code.as_ref().ok_or_else(no_code)?;
    if !settings::fits(code) {
        return Err(LinkError::Foreign { found: code.clone() }.into());
    }
    match signed {
        Some(signed) if *signed == artifact.header().structure_hash => Ok(()),
        _ => Err(GuestError::NotTrusted { path: artifact.path().to_owned() }),
    }
}

fn no_code() -> GuestError {
    LinkError::Host { message: "artifact carries none".into() }.into()
}

/// The artifact's own code, whose hash has been checked, and which a trusted key has signed.
fn own_code(artifact: &Arc<Artifact>) -> Option<Code> {
    // SAFETY: the code section is what whoever has signed the artifact says that the engine's compiler wrote. Only `link`
    // calls this, after `judge`: the structure hash of this mapping, checked when it was opened, is one that a trusted key
    // has signed; it covers the table, and the section's hash is the one in the table. Whoever has such a key is trusted
    // with this (docs/security.md, 'Native code'). It begins at a page, in a read-only mapping that the artifact keeps.
    unsafe { Code::of(Arc::clone(artifact), |artifact| artifact.native_code_unchecked()) }
}
