//! Guests in the text format, through every step; each refusal is its own.

mod initialisers;
mod refusals;
mod steps;

use blink_artifact::manifest::GuestKind;

use super::{GuestError, check, strip};

/// Text to WebAssembly.
fn wasm(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A command around `fields`.
fn command(fields: &str) -> Vec<u8> {
    wasm(&format!("(module {fields} (memory (export \"memory\") 1) (func $main (export \"_start\")))"))
}

/// A component that exports `wasi:cli/run`, whose core module has `fields`, with `more` of its own.
fn component(fields: &str, more: &str) -> Vec<u8> {
    wasm(&format!(
        r#"(component
            (core module $m {fields} (func (export "run") (result i32) i32.const 0))
            (core instance $i (instantiate $m))
            (func $run (result (result)) (canon lift (core func $i "run")))
            (component $c
                (import "import-func-run" (func $f (result (result))))
                (export "run" (func $f)))
            (instance $cli (instantiate $c (with "import-func-run" (func $run))))
            (export "wasi:cli/run@0.2.3" (instance $cli))
            {more})"#
    ))
}

/// What a file is checked to be.
fn checked(wasm: &[u8]) -> Result<GuestKind, GuestError> {
    check::check(wasm).map(|scan| scan.kind)
}

/// The names that a module exports.
fn exports(wasm: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::ExportSection(exports) = payload.unwrap() {
            names.extend(exports.into_iter().map(|export| export.unwrap().name.to_owned()));
        }
    }
    names
}

/// The names of every custom section, nested ones included.
fn custom_sections(wasm: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::CustomSection(section) = payload.unwrap() {
            names.push(section.name().to_owned());
        }
    }
    names
}

/// A module without what nobody asks for.
fn stripped(wasm: &[u8], kind: GuestKind) -> Vec<u8> {
    let stripped = strip::strip(wasm, kind).unwrap();
    assert_eq!(checked(&stripped).unwrap(), kind, "it is a guest still");
    assert_eq!(strip::strip(&stripped, kind).unwrap(), stripped, "there is nothing left to strip");
    stripped
}
