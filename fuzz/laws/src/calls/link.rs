//! Text to a linked guest.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use blink_artifact::manifest::GuestKind;
use blink_guest::{Code, Guest, Stdio, settings};
use memmap2::Mmap;
use wasmtime::Engine;

/// The guest that `text` is.
pub(super) fn guest(kind: GuestKind, text: &str) -> Guest {
    let wasm = wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    let engine = Engine::new(&settings::compiling()).expect("an engine");
    let code = match kind {
        GuestKind::Module => engine.precompile_module(&wasm),
        GuestKind::Component | GuestKind::Http => engine.precompile_component(&wasm),
    };
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&code.expect("a valid program")).expect("room for it");
    // SAFETY: the file has no name, and nobody writes to it any more.
    let map = Arc::new(unsafe { Mmap::map(&file) }.expect("a mapping"));
    // SAFETY: an engine of this version wrote these bytes just now; they begin where the mapping does.
    let code = unsafe { Code::of(map, |map| Some(&**map)) }.expect("there are bytes");
    Guest::link("guest", kind, &settings::record("native"), code).unwrap_or_else(|error| panic!("{error}"))
}

/// Streams that lead nowhere.
pub(super) fn nowhere() -> Stdio {
    let null = || File::options().read(true).write(true).open("/dev/null").expect("it is there").into();
    Stdio { stdin: null(), stdout: null(), stderr: null() }
}
