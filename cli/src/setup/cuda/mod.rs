//! Setting up the CUDA build of ONNX Runtime, and NVIDIA's libraries beside it.
//!
//! | file | what it knows |
//! |---|---|
//! | `table` | which wheels, and which files of them |
//! | `given` | which wheel a file is that the user gave |
//! | `room` | whether the disk has room for what is missing |
//!
//! The wheels come one after the other, and the files of each stand in place, whole and stamped, before the next is
//! asked for: a setup that was stopped goes on where it was. What is in place already is not fetched again.

mod given;
mod room;
mod table;

use std::env::consts;
use std::path::{Path, PathBuf};

use anyhow::Context;
use blink_runtime::library;
use clap::ValueEnum;
use serde::Serialize;

use given::Given;

use super::Action;
use super::fetch::{Client, FetchError, Fetched};
use super::install::{self, Accept};
use super::place::{self, Place};
use super::wheel::{Member, Wheel};
use crate::output::note;

/// Where NVIDIA's libraries are to come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Nvidia {
    /// Fetched, and put beside ONNX Runtime.
    #[default]
    Fetch,
    /// The machine's own, found by its loader.
    System,
}

/// What is asked of a setup for CUDA.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Request<'a> {
    /// The wheels to install; the pinned ones are fetched where none is given, and only then.
    pub(crate) from: &'a [PathBuf],
    /// Where NVIDIA's libraries are to come from.
    pub(crate) nvidia: Nvidia,
    /// Install even what is in place.
    pub(crate) force: bool,
    /// Hash what is in place, whatever its stamp says.
    pub(crate) verify: bool,
    /// Take libraries with any hash.
    pub(crate) allow_unverified: bool,
    /// Say on stderr what takes time.
    pub(crate) progress: bool,
}

/// One file that stands in the cache after a setup.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Installed {
    pub(crate) path: PathBuf,
    pub(crate) sha256: String,
    /// Whether it is the pinned build.
    pub(crate) pinned: bool,
    pub(crate) action: Action,
}

/// Why the CUDA build was not set up.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub(crate) enum CudaError {
    #[error("device cuda is for linux x86_64, and this is {os} {arch}: run `blink setup --device cpu`")]
    Platform { os: &'static str, arch: &'static str },
    #[error("{path} is not a wheel that can be read: give a whole wheel of {}", given::list(expected))]
    NotAWheel { path: PathBuf, expected: Vec<&'static Wheel>, source: std::io::Error },
    #[error("{path} is none of the wheels that are needed: give one of {}", given::list(expected))]
    UnknownWheel { path: PathBuf, expected: Vec<&'static Wheel> },
    #[error("{first} and {second} are both wheels of {wheel}: give one of them")]
    GivenTwice { first: PathBuf, second: PathBuf, wheel: &'static Wheel },
    #[error(
        "still missing: {}; give each with --from, or run `blink setup --device cuda` to fetch them",
        given::list(missing)
    )]
    NotGiven { missing: Vec<&'static Wheel> },
    #[error(
        "not enough room in {directory}: {needed} MB are needed and {free} MB are free: free some, or set \
         BLINK_CACHE_DIR to a directory on another disk"
    )]
    NoRoom { directory: PathBuf, needed: u64, free: u64 },
}

/// Sets the CUDA build up in the cache as `request` asks; the library itself is the first file of the answer.
pub(crate) fn setup(request: Request) -> anyhow::Result<Vec<Installed>> {
    supported(consts::OS, consts::ARCH)?;
    setup_at(&library::cuda_dir()?, wheels(request.nvidia), request, Client::find)
}

/// Whether a file of the CUDA build is, by its size and stamp, the pinned one. `directory` is where it stands.
pub(crate) fn is_pinned(directory: &Path, file_name: &str) -> bool {
    let mut members = table::WHEELS.iter().flat_map(|wheel| wheel.members);
    let member = members.find(|member| member.file_name() == file_name);
    member.is_some_and(|member| place::in_place(&directory.join(file_name), member, false).is_some())
}

/// Whether this machine's platform has a CUDA build.
pub(crate) fn is_published() -> bool {
    supported(consts::OS, consts::ARCH).is_ok()
}

fn supported(os: &'static str, arch: &'static str) -> Result<(), CudaError> {
    if (os, arch) == ("linux", "x86_64") { Ok(()) } else { Err(CudaError::Platform { os, arch }) }
}

fn wheels(nvidia: Nvidia) -> &'static [Wheel] {
    match nvidia {
        Nvidia::Fetch => table::WHEELS,
        Nvidia::System => &table::WHEELS[..1],
    }
}

/// One file of a setup: what it is, where it goes, and what became of it.
struct Piece {
    wheel: &'static Wheel,
    member: &'static Member,
    target: PathBuf,
    done: Option<Installed>,
}

impl Piece {
    fn settle(&mut self, action: Option<Action>) {
        self.done = action.map(|action| self.installed(self.member.sha256.to_owned(), action));
    }

    fn installed(&self, sha256: String, action: Action) -> Installed {
        let pinned = sha256 == self.member.sha256;
        Installed { path: self.target.clone(), sha256, pinned, action }
    }
}

fn setup_at(
    directory: &Path,
    wheels: &'static [Wheel],
    request: Request,
    find_client: impl FnOnce(&'static Wheel) -> Result<Client, FetchError>,
) -> anyhow::Result<Vec<Installed>> {
    let given = Given::new(request.from, wheels)?;
    // Only what can be installed again is: without a wheel at hand there is nothing to put in a file's place.
    let renews = |wheel| match request.from {
        [] => request.force,
        _ => (request.force || request.allow_unverified) && given.get(wheel).is_some(),
    };
    let members = wheels.iter().flat_map(|wheel| wheel.members.iter().map(move |member| (wheel, member)));
    let mut pieces: Vec<_> = members
        .map(|(wheel, member)| Piece { wheel, member, target: directory.join(member.file_name()), done: None })
        .collect();
    for piece in pieces.iter_mut().filter(|piece| !renews(piece.wheel)) {
        piece.settle(place::in_place(&piece.target, piece.member, request.verify));
    }
    if pieces.iter().any(|piece| piece.done.is_none()) {
        let place = Place::enter(directory, request.progress)?;
        for piece in pieces.iter_mut().filter(|piece| piece.done.is_none() && !renews(piece.wheel)) {
            // Whoever was here before may have done the work.
            piece.settle(place.settle(piece.member, &piece.target, request.verify)?);
        }
        install_missing(directory, &place, &given, &mut pieces, request, find_client)?;
    }
    pieces.into_iter().map(|piece| piece.done.context("a file was not installed")).collect()
}

/// Installs every piece that is not done, wheel by wheel.
fn install_missing(
    directory: &Path,
    place: &Place,
    given: &Given,
    pieces: &mut [Piece],
    request: Request,
    find_client: impl FnOnce(&'static Wheel) -> Result<Client, FetchError>,
) -> anyhow::Result<()> {
    let mut wanted: Vec<&'static Wheel> = Vec::new();
    let mut bytes = 0;
    for piece in pieces.iter().filter(|piece| piece.done.is_none()) {
        if !wanted.iter().any(|wheel| std::ptr::eq(*wheel, piece.wheel)) {
            wanted.push(piece.wheel);
        }
        bytes += piece.member.bytes;
    }
    let Some(first) = wanted.first() else { return Ok(()) };
    let staging = place.staging()?;
    let client = if request.from.is_empty() {
        room::check(directory, bytes, &wanted)?;
        let client = find_client(first)?;
        let fetched = room::megabytes(wanted.iter().map(|wheel| wheel.bytes).sum());
        let (installed, name) = (room::megabytes(bytes), client.name());
        note!("fetching {fetched} MB with `{name}` to install {installed} MB in {} ...", directory.display());
        Some(client)
    } else {
        room::check(directory, bytes, &[])?;
        None
    };

    let (mut missing, count) = (Vec::new(), wanted.len());
    for (at, wheel) in wanted.into_iter().enumerate() {
        let work = tempfile::tempdir_in(&staging).with_context(|| format!("cannot work in {}", directory.display()))?;
        let source = match (&client, given.get(wheel)) {
            (Some(client), _) => {
                if request.progress {
                    note!("{} of {count}: fetching {wheel} ({} MB) ...", at + 1, room::megabytes(wheel.bytes));
                }
                client.fetch(wheel, work.path())?
            }
            (None, Some(path)) => Fetched::Wheel(path.to_owned()),
            (None, None) => {
                missing.push(wheel);
                continue;
            }
        };
        let accept = if request.allow_unverified { Accept::Any } else { Accept::Pinned };
        for piece in pieces.iter_mut().filter(|piece| piece.done.is_none() && std::ptr::eq(piece.wheel, wheel)) {
            let source = source.source(piece.member);
            let sha256 = install::install(&source, (wheel, piece.member), accept, work.path(), &piece.target)?;
            let installed = piece.installed(sha256, Action::Installed);
            if !installed.pinned {
                let Installed { path, sha256, .. } = &installed;
                note!("warning: installed {}, which was not verified (sha256 {sha256})", path.display());
            }
            piece.done = Some(installed);
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(CudaError::NotGiven { missing }.into()) }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
