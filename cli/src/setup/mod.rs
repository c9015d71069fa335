//! Setting up ONNX Runtime's library in the cache: the pinned build, fetched or given, and checked by its hash.
//!
//! | file | what it knows |
//! |---|---|
//! | `table` | which build each platform runs |
//! | `fetch` | how the user's package client is asked for it |
//! | `install` | how a library gets its place and its stamp |
//!
//! A setup that finds the pinned library in place does nothing. Setups that run at once take turns.

mod fetch;
#[cfg(test)]
mod fixtures;
mod install;
mod table;

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, IsTerminal};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use blink_runtime::library::{self, Library, LibraryError, ORT_VERSION};
use serde::Serialize;

use fetch::Client;
use install::Accept;

use crate::output::note;
pub(crate) use install::hash_file;
pub(crate) use table::Pinned;

/// What is asked of a setup.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request<'a> {
    /// The wheel or library to install; the pinned wheel is fetched where there is none.
    pub(crate) from: Option<&'a Path>,
    /// Install even where the pinned library is in place.
    pub(crate) force: bool,
    /// Hash the library in place, whatever its stamp says.
    pub(crate) verify: bool,
    /// Take a library with any hash.
    pub(crate) allow_unverified: bool,
    /// Say on stderr what takes time.
    pub(crate) progress: bool,
}

/// What a setup did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// Put a library in place.
    Installed,
    /// Nothing: size and stamp are those of the pinned library.
    Present,
    /// Nothing: the library in place has the pinned hash.
    Verified,
}

/// The library that stands in the cache after a setup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    /// Whether it is the pinned build.
    pub(crate) pinned: bool,
    pub(crate) action: Action,
}

/// The library to load: the one that is found, else the pinned one, set up first.
pub(crate) fn ensure() -> anyhow::Result<Library> {
    match library::find() {
        Err(LibraryError::NotFound { .. }) => {
            setup(Request { progress: io::stderr().is_terminal(), ..Request::default() })?;
            Ok(library::find()?)
        }
        found => Ok(found?),
    }
}

/// Sets the library up in the cache as `request` asks.
pub(crate) fn setup(request: Request) -> anyhow::Result<Outcome> {
    let pinned = Pinned::for_host().with_context(|| {
        let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
        format!(
            "no build of ONNX Runtime is pinned for {os} {arch}: set ORT_DYLIB_PATH to one of version {ORT_VERSION}"
        )
    })?;
    setup_at(&library::cached_path()?, pinned, request, Client::find)
}

fn setup_at(
    target: &Path,
    pinned: &'static Pinned,
    request: Request,
    find_client: impl FnOnce(&Pinned) -> Result<Client, fetch::FetchError>,
) -> anyhow::Result<Outcome> {
    let renew = request.force || (request.from.is_some() && request.allow_unverified);
    if let Some(done) = in_place(target, pinned, request.verify).filter(|_| !renew) {
        return Ok(done);
    }

    let directory = target.parent().context("the cache has no directory for the library")?;
    let unusable = || format!("cannot use the cache directory {}: set BLINK_CACHE_DIR to another", directory.display());
    DirBuilder::new().recursive(true).mode(0o755).create(directory).with_context(unusable)?;
    let lock = lock(directory, request.progress).with_context(unusable)?;
    if !renew && target.exists() {
        // Whoever held the lock before may have done the work.
        let done = in_place(target, pinned, request.verify).or_else(|| in_place(target, pinned, true));
        if let Some(done) = done {
            if done.action == Action::Verified {
                install::write_stamp(target, &done.sha256).with_context(unusable)?;
            }
            return Ok(done);
        }
        note!("replacing {}, which is not the pinned library", target.display());
    }

    if lock.is_some() {
        remove_leftovers(directory);
    }
    let staging = tempfile::Builder::new().prefix(STAGING).tempdir_in(directory).with_context(unusable)?;
    let fetched;
    let source = match request.from {
        Some(source) => source,
        None => {
            let client = find_client(pinned)?;
            if request.progress {
                let megabytes = pinned.wheel_bytes.div_ceil(1_000_000);
                note!("fetching onnxruntime {ORT_VERSION} ({megabytes} MB) with `{}` ...", client.name());
            }
            fetched = client.fetch(pinned, staging.path())?;
            &fetched
        }
    };
    let accept = if request.allow_unverified { Accept::Any } else { Accept::Pinned };
    let sha256 = install::install(source, pinned, accept, staging.path(), target)?;
    let is_pinned = sha256 == pinned.library_sha256;
    if !is_pinned {
        note!("warning: installed a library that was not verified (sha256 {sha256})");
    }
    Ok(Outcome { path: target.to_owned(), sha256, pinned: is_pinned, action: Action::Installed })
}

/// The pinned library, where it stands in place: by its size and stamp, or by its bytes where they are to be read.
fn in_place(target: &Path, pinned: &Pinned, verify: bool) -> Option<Outcome> {
    let file = fs::metadata(target).ok().filter(|file| file.is_file() && file.len() == pinned.library_bytes);
    let (found, action) = match file {
        None => return None,
        Some(_) if verify => (hash_file(target).ok()?, Action::Verified),
        Some(_) => (install::read_stamp(target)?, Action::Present),
    };
    let path = target.to_owned();
    (found == pinned.library_sha256).then_some(Outcome { path, sha256: found, pinned: true, action })
}

/// How the names of the directories begin that setups work in.
const STAGING: &str = ".setup-";

/// Waits for other setups of the same cache to end; `None` where the file system has no locks, and a setup goes on
/// without one, since each works in a directory of its own.
fn lock(directory: &Path, progress: bool) -> io::Result<Option<File>> {
    let file = File::create(directory.join(".lock"))?;
    let locked = match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            if progress {
                note!("waiting for another setup ...");
            }
            file.lock()
        }
        Err(TryLockError::Error(error)) => Err(error),
        Ok(()) => Ok(()),
    };
    match locked {
        Ok(()) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes what setups that were killed left behind. Only the holder of the lock may.
fn remove_leftovers(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(STAGING) {
            // What cannot be removed now is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
