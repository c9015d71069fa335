//! Which native code of a guest is run, and the guest made of it.
#![allow(unsafe_code)]

use std::path::PathBuf;
use std::sync::Arc;

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
    #[error(transparent)]
    Cache(#[from] CodeCacheError),
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl GuestError {
    /// Whether native code that fits this host would help.
    pub fn wants_code(&self) -> bool {
        matches!(self, GuestError::Link(LinkError::Foreign { .. } | LinkError::Host { .. }))
    }
}

/// Links the guest of `artifact`: with its own native code where that is for this engine and host, else with what `cache`
/// has. The hash of what is to be executed is checked here.
pub fn link(artifact: &Arc<Artifact>, cache: Option<&CodeCache>) -> Result<Guest, GuestError> {
    let path = || artifact.path().to_owned();
    let Some(record) = &artifact.manifest().guest else { return Err(GuestError::None { path: path() }) };
    let damaged = |source| GuestError::Damaged { path: path(), source };
    let own = match &record.code {
        Some(code) if !settings::fits(code) => Err(LinkError::Foreign { found: code.clone() }),
        code => {
            artifact.native_code().map_err(damaged)?;
            match code.as_ref().zip(own_code(artifact)) {
                Some((code, own)) => Guest::link(&record.name, record.kind, code, own),
                None => Err(LinkError::Host { message: "artifact carries none".into() }),
            }
        }
    };
    match (own, cache) {
        (Err(error @ (LinkError::Foreign { .. } | LinkError::Host { .. })), Some(cache)) => {
            let hash = artifact.guest_hash().ok_or_else(|| GuestError::None { path: path() })?;
            match cache.find(hash)? {
                Some(code) => Ok(Guest::link(&record.name, record.kind, &settings::record("cached"), code)?),
                None => Err(error.into()),
            }
        }
        (own, _) => Ok(own?),
    }
}

/// The artifact's own code, whose hash has been checked.
fn own_code(artifact: &Arc<Artifact>) -> Option<Code> {
    // SAFETY: the code section is what the compiler wrote: its hash is the one in the table, which the structure hash
    // covers. Who made the artifact is trusted as far as this host trusts files it runs (docs/architecture.md, 'Where
    // trust is decided'). It begins at a page, in a read-only mapping that the artifact keeps.
    unsafe { Code::of(Arc::clone(artifact), |artifact| artifact.native_code_unchecked()) }
}
