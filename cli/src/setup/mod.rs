//! Setting up ONNX Runtime's library in the cache: the pinned build, fetched or given, and checked by its hash.
//!
//! | file | what it knows |
//! |---|---|
//! | `table` | which build each platform runs |
//! | `cuda` | the CUDA build: several wheels, many files |
//! | `wheel` | what a pin is |
//! | `fetch` | how the user's package client is asked for a wheel |
//! | `install` | how a library gets its place and its stamp |
//! | `place` | whose turn it is, and what is in place already |
//!
//! A setup that finds the pinned library in place does nothing. Setups that run at once take turns.

pub(crate) mod cuda;
mod fetch;
#[cfg(test)]
mod fixtures;
mod install;
mod place;
mod table;
mod wheel;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context;
use blink_runtime::library::{self, Library, LibraryError, ORT_VERSION};
use serde::Serialize;

use fetch::Client;
use install::Accept;
use place::Place;
use wheel::Wheel;

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
    find_client: impl FnOnce(&'static Wheel) -> Result<Client, fetch::FetchError>,
) -> anyhow::Result<Outcome> {
    let (wheel, library) = (&pinned.wheel, pinned.library());
    let there = |action| Outcome { path: target.to_owned(), sha256: library.sha256.to_owned(), pinned: true, action };
    let renew = request.force || (request.from.is_some() && request.allow_unverified);
    if let Some(action) = place::in_place(target, library, request.verify).filter(|_| !renew) {
        return Ok(there(action));
    }

    let place = Place::enter(target.parent().context("the cache has no directory for the library")?, request.progress)?;
    if !renew {
        // Whoever was here before may have done the work.
        if let Some(action) = place.settle(library, target, request.verify)? {
            return Ok(there(action));
        }
    }

    let staging = place.staging()?;
    let fetched;
    let source = match request.from {
        Some(source) => source,
        None => {
            let client = find_client(wheel)?;
            if request.progress {
                let megabytes = wheel.bytes.div_ceil(1_000_000);
                note!("fetching {wheel} ({megabytes} MB) with `{}` ...", client.name());
            }
            fetched = client.fetch(wheel, staging.path())?.source(library);
            &fetched
        }
    };
    let accept = if request.allow_unverified { Accept::Any } else { Accept::Pinned };
    let sha256 = install::install(source, (wheel, library), accept, staging.path(), target)?;
    let is_pinned = sha256 == library.sha256;
    if !is_pinned {
        note!("warning: installed a library that was not verified (sha256 {sha256})");
    }
    Ok(Outcome { path: target.to_owned(), sha256, pinned: is_pinned, action: Action::Installed })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
