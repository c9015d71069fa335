//! Native code for this host, made by this user: into the cache, from where it is run.
//!
//! It is made of WebAssembly that nobody is trusted for: [`make`] is the one place where that of an artifact is compiled
//! because it is to be run.

use std::time::{Duration, Instant};

use blink_artifact::manifest::GuestKind;
use blink_artifact::signature::Vouched;
use blink_artifact::{Artifact, OpenError, SectionKind};
use blink_runtime::{CodeCache, CodeCacheError, NativeCode};

use super::GuestError;
use super::native::native;
use crate::error::CompileError;

/// Compiles the guest of `artifact` for this host into `cache`; gives how long that took.
pub fn make(artifact: &Artifact, cache: &CodeCache) -> Result<Duration, CompileError> {
    let begin = Instant::now();
    let damaged = |source| CompileError::Artifact { path: artifact.path().to_owned(), source };
    let none = || CompileError::Link(blink_runtime::GuestError::None { path: artifact.path().to_owned() });
    let record = artifact.manifest().guest.as_ref().ok_or_else(none)?;
    let (wasm, expected) = artifact.guest().map_err(damaged)?.zip(artifact.guest_hash()).ok_or_else(none)?;
    // What is hashed and compiled is this process's own copy: a file that is written to meanwhile would put the code of one
    // program under the name of another.
    let wasm = wasm.to_vec();
    if blake3::hash(&wasm) != *expected {
        return Err(damaged(OpenError::SectionHash { kind: SectionKind::Guest, model: None }));
    }
    let (code, _) = native(&wasm, record.kind, false)?;
    cache.store(expected, &code).map_err(GuestError::Cache)?;
    Ok(begin.elapsed())
}

/// Does so where a worker that may run what is `vouched` for would find no native code; `None`: it finds some.
pub fn make_ready(
    artifact: &Artifact,
    vouched: Option<&Vouched>,
    cache: &CodeCache,
) -> Result<Option<Duration>, CompileError> {
    match blink_runtime::native_code(artifact, vouched.map(Vouched::structure_hash), Some(cache)) {
        Ok(NativeCode::Own | NativeCode::Cached) => Ok(None),
        Ok(NativeCode::None) | Err(blink_runtime::GuestError::Cache(CodeCacheError::Damaged { .. })) => {
            make(artifact, cache).map(Some)
        }
        Err(blink_runtime::GuestError::Cache(error)) => Err(GuestError::Cache(error).into()),
        Err(error) => Err(CompileError::Link(error)),
    }
}

/// Puts the native code of `wasm` for this host into `cache`, where it is not there yet.
pub(super) fn find_or_make(cache: &CodeCache, wasm: &[u8], kind: GuestKind) -> Result<(), CompileError> {
    let hash = blake3::hash(wasm);
    match cache.find(hash.as_bytes()) {
        Ok(Some(_)) => return Ok(()),
        Ok(None) | Err(CodeCacheError::Damaged { .. }) => {}
        Err(error) => return Err(GuestError::Cache(error).into()),
    }
    let (code, _) = native(wasm, kind, false)?;
    cache.store(hash.as_bytes(), &code).map_err(GuestError::Cache)?;
    Ok(())
}
