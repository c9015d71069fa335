//! Text to native code to a linked guest, and runs of it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use blink_artifact::manifest::GuestKind;
use blink_guest::{Code, Ended, Guest, Report, Request, Stdio, settings};
use memmap2::Mmap;
use wasmtime::{Config, Engine};

use super::models::Fakes;

/// The guest that `text` is.
pub(crate) fn link(kind: GuestKind, text: &str) -> Guest {
    let code = native(kind, text, &settings::compiling());
    Guest::link("guest", kind, &settings::record("native"), code).unwrap_or_else(|error| panic!("{error}"))
}

/// What an engine of these settings makes of `text`.
pub(crate) fn native(kind: GuestKind, text: &str, config: &Config) -> Code {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let engine = Engine::new(config).expect("an engine");
    let code = match kind {
        GuestKind::Module => engine.precompile_module(&wasm),
        GuestKind::Component | GuestKind::Http => engine.precompile_component(&wasm),
    };
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&code.expect("a valid program")).expect("room for it");
    // SAFETY: the file has no name, and nobody writes to it any more.
    let map = Arc::new(unsafe { Mmap::map(&file) }.expect("a mapping"));
    // SAFETY: an engine of this version wrote these bytes just now; they begin where the mapping does.
    unsafe { Code::of(map, |map| Some(&**map)) }.expect("there are bytes")
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) ended: Ended,
    pub(crate) report: Report,
    pub(crate) stdout: Vec<u8>,
    pub(crate) said: Vec<Vec<u8>>,
}

/// Runs `guest`, which reads whether it `is_bad` from stdin (a byte) or from there being a model of that name.
pub(crate) fn run(guest: &Guest, request: &Request, is_bad: bool) -> Done {
    let mut stdin = tempfile::tempfile().expect("a file");
    stdin.write_all(&[u8::from(is_bad)]).and_then(|()| stdin.seek(SeekFrom::Start(0))).expect("room for it");
    let mut stdout = tempfile::tempfile().expect("a file");
    let copy = |file: &File| file.try_clone().expect("a descriptor").into();
    let stdio = Stdio { stdin: stdin.into(), stdout: copy(&stdout), stderr: copy(&stdout) };
    let models = Fakes { is_bad, ..Fakes::default() };
    let said = Arc::clone(&models.said);
    let report = guest.run(Arc::new(models), request, stdio);
    let mut written = Vec::new();
    stdout.seek(SeekFrom::Start(0)).and_then(|_| stdout.read_to_end(&mut written)).expect("what was written");
    let said = said.lock().expect("no model panics").clone();
    Done { ended: report.ended.clone(), report, stdout: written, said }
}
