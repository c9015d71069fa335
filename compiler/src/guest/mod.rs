//! Guests: a WebAssembly file in, what an artifact carries of it out.
//!
//! | file | step |
//! |---|---|
//! | `scan.rs` | what a file is, imports and exports; features that no guest may use |
//! | `check.rs` | whether this blink gives what it imports, and finds what it must export |
//! | `initialise.rs`, `initialise/` | its initialiser, run here in a sandbox; its memory becomes part of the program |
//! | `strip.rs` | sections and exports that nobody asks for, dropped |
//! | `optimise.rs` | `wasm-opt`, where that is asked for |
//! | `native.rs` | native code, by Cranelift |
//! | `here.rs` | native code of an artifact's guest for this host, into the cache |
//! | `needs.rs` | what it may ask of its host, for people |
//!
//! Every byte is untrusted until the last step: a guest is refused, never trusted to be well formed. That its imports
//! resolve is proved by linking it once it is in the artifact.

mod check;
mod error;
mod here;
mod initialise;
mod native;
mod needs;
mod optimise;
mod scan;
mod strip;

#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::Path;

use blink_artifact::manifest::{GuestKind, GuestRecord, GuestStep};
pub use error::GuestError;
pub use here::{make, make_ready};
pub use native::{fits_here, native};
pub use needs::{Needs, needs};
pub(crate) use optimise::optimise;

use crate::error::CompileError;
use crate::names;
use crate::request::GuestSource;
use crate::summary::GuestSummary;
use crate::surroundings::Surroundings;
use scan::Scan;

/// Largest guest that is read, in bytes.
pub(crate) const MAX_LEN: u64 = 256 << 20;

/// A guest that was read and found to be one.
pub(crate) struct Checked {
    name: String,
    wasm: Vec<u8>,
    scan: Scan,
}

/// A guest that can be written.
pub(crate) struct Prepared {
    pub(crate) record: GuestRecord,
    pub(crate) wasm: Vec<u8>,
    /// `None` where it is in a cache.
    pub(crate) code: Option<Vec<u8>>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
    bytes_before: u64,
}

/// Reads and checks a guest.
pub(crate) fn read(source: &GuestSource) -> Result<Checked, CompileError> {
    let wasm = read_file(&source.path)?;
    let name = source.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if !names::is_usable(&name) {
        return Err(GuestError::Name { name }.into());
    }
    let scan = check::check(&wasm)?;
    if source.optimise && scan.kind != GuestKind::Module {
        return Err(GuestError::OptimiseComponent.into());
    }
    Ok(Checked { name, wasm, scan })
}

/// Takes a guest through every step. Another program that is to work on it is asked of `surroundings`.
pub(crate) fn prepare(
    checked: Checked,
    source: &GuestSource,
    portable: bool,
    surroundings: &dyn Surroundings,
) -> Result<Prepared, CompileError> {
    let Checked { name, wasm, scan } = checked;
    let (bytes_before, source_hash) = (wasm.len() as u64, blake3::hash(&wasm).to_hex().to_string());
    let mut path = Steps { wasm, steps: Vec::new() };
    let mut notes = Vec::new();
    if scan.has_initialiser() {
        let initialised = initialise::initialise(&path.wasm, scan.kind, initialise::LIMITS)?;
        check::check(&initialised.wasm)?;
        notes.extend(initialised.said.iter().map(|line| format!("the guest's initialiser said: {line}")));
        path.to("initialise", initialised.wasm);
    }
    let stripped = strip::strip(&path.wasm, scan.kind)?;
    path.to("strip", stripped);
    if source.optimise {
        let optimised = surroundings.optimise_guest(&path.wasm)?;
        check::check(&optimised)?;
        path.to("optimise", optimised);
    }
    let (code, code_record) = match &source.cache {
        None => Some(native(&path.wasm, scan.kind, portable)?).unzip(),
        Some(cache) => {
            here::find_or_make(cache, &path.wasm, scan.kind)?;
            (None, None)
        }
    };
    let Steps { wasm, steps } = path;
    let record = GuestRecord { name, kind: scan.kind, code: code_record, source_hash, steps };
    Ok(Prepared { record, wasm, code, notes, bytes_before })
}

impl Prepared {
    /// What is told of it at the end.
    pub(crate) fn summary(&self) -> GuestSummary {
        GuestSummary {
            name: self.record.name.clone(),
            kind: self.record.kind,
            bytes_before: self.bytes_before,
            bytes_after: self.wasm.len() as u64,
            steps: self.record.steps.clone(),
            code_bytes: self.code.as_ref().map(|code| code.len() as u64),
        }
    }
}

/// A program, and what was done to it so far.
struct Steps {
    wasm: Vec<u8>,
    steps: Vec<GuestStep>,
}

impl Steps {
    /// A step has made `wasm` of it; one that changed nothing is no step.
    fn to(&mut self, name: &str, wasm: Vec<u8>) {
        if wasm != self.wasm {
            let (before, after) = (self.wasm.len() as u64, wasm.len() as u64);
            self.steps.push(GuestStep { name: name.to_owned(), before, after });
            self.wasm = wasm;
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, GuestError> {
    let unreadable = |source| GuestError::Unreadable { path: path.to_owned(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(GuestError::NotAFile { path: path.to_owned() });
    }
    let mut wasm = Vec::new();
    file.take(MAX_LEN + 1).read_to_end(&mut wasm).map_err(unreadable)?;
    match wasm.len() as u64 {
        found if found > MAX_LEN => Err(GuestError::TooLarge { path: path.to_owned() }),
        _ => Ok(wasm),
    }
}
