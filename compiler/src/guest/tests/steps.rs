//! Stripping, optimising by another program, native code, and what a guest needs.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use blink_runtime::CodeCache;

use super::super::here::find_or_make;
use super::super::{native, needs, optimise};
use super::*;

#[test]
fn what_nobody_asks_for_is_dropped_from_a_module() {
    let before = wasm(
        r#"(module $mine
            (@custom ".debug_info" "long") (@custom "producers" "somebody")
            (memory (export "memory") 1) (global (export "__heap_base") i32 (i32.const 7))
            (func $helper (export "helper")) (func $main (export "_start") call $helper)
            (@custom ".debug_line" (after last) "longer"))"#,
    );
    let after = stripped(&before, GuestKind::Module);
    assert_eq!(exports(&after), ["memory", "_start"]);
    assert_eq!(custom_sections(&after), ["name"], "names are for backtraces");
    assert!(after.len() < before.len());
}

#[test]
fn a_component_keeps_what_its_parts_refer_to() {
    let fields = r#"(@custom ".debug_info" "long") (memory (export "memory") 1) (func $other (export "other"))"#;
    let before = component(fields, r#"(@custom "producers" "somebody")"#);
    let after = stripped(&before, GuestKind::Component);
    assert_eq!(exports(&after), exports(&before));
    assert!(custom_sections(&before).contains(&"producers".to_owned()));
    assert!(!custom_sections(&after).iter().any(|name| name.starts_with(".debug") || name == "producers"));
}

#[test]
fn native_code_is_the_same_each_time_and_says_what_it_is_for() {
    for (wasm, kind) in [(command(""), GuestKind::Module), (component("", ""), GuestKind::Component)] {
        let (code, record) = native(&wasm, kind, false).unwrap();
        assert!(native(&wasm, kind, false).unwrap().0 == code);
        assert_eq!(record, blink_guest::settings::record("native"));
        let (portable, record) = native(&wasm, kind, true).unwrap();
        assert!(record.target.ends_with("+portable") && portable != code);
        assert!(native::fits_here(&record));
    }
    let error = native(b"\0asm\x01\0\0\0\x01", GuestKind::Module, false).unwrap_err();
    assert!(matches!(error, crate::CompileError::Guest(GuestError::Native { .. })), "{error}");
}

#[test]
fn needs_are_read_off_the_imports() {
    let imports = r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "path_open" (func))
        (import "wasi_ephemeral_nn" "compute" (func (param i32) (result i32)))"#;
    let found = needs(&command(imports)).unwrap();
    assert_eq!(found.interfaces, ["wasi_snapshot_preview1", "wasi_ephemeral_nn"]);
    assert_eq!(found.capabilities, ["models", "stdout and stderr", "directories"]);
    let imports = r#"(import "wasi:clocks/wall-clock@0.2.3" (instance)) (import "wasi:sockets/tcp@0.2.3" (instance))"#;
    let found = needs(&component("", imports)).unwrap();
    assert_eq!(found.interfaces, ["wasi:clocks/wall-clock@0.2.3", "wasi:sockets/tcp@0.2.3"]);
    assert_eq!(found.capabilities, ["clocks", "network"]);
}

#[test]
fn native_code_in_a_cache_is_made_once_and_again_where_it_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::at(folder.path().join("guests"));
    let guest = command("");
    let hash = *blake3::hash(&guest).as_bytes();
    find_or_make(&cache, &guest, GuestKind::Module).unwrap();
    assert!(cache.find(&hash).unwrap().is_some());
    let path = std::fs::read_dir(cache.directory()).unwrap().next().unwrap().unwrap().path();
    let made = || std::fs::metadata(&path).unwrap().ino();
    let first = made();
    find_or_make(&cache, &guest, GuestKind::Module).unwrap();
    assert_eq!(made(), first, "it was there already");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, "something else").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o400)).unwrap();
    find_or_make(&cache, &guest, GuestKind::Module).unwrap();
    assert!(cache.find(&hash).unwrap().is_some());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
    let error = find_or_make(&cache, &guest, GuestKind::Module).unwrap_err();
    assert!(matches!(error, crate::CompileError::Guest(GuestError::Cache(_))), "others could have written it: {error}");
}

/// A program in `folder` that does what `script` says. Its arguments are those of `wasm-opt`.
fn program(folder: &Path, script: &str) -> std::path::PathBuf {
    let path = folder.join("wasm-opt");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[test]
fn another_program_optimises_or_its_failure_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let before = command("(func $unused)");
    let run = |script: &str, time| optimise::run(&program(folder.path(), script), &before, time);
    let long = Duration::from_secs(60);
    // The three last arguments are the file, `-o`, and the file to write.
    let last = r#"while [ $# -gt 3 ]; do shift; done"#;
    assert_eq!(run(&format!(r#"{last}; cat "$1" > "$3""#), long).unwrap(), before);
    let error = run("echo it is too hard >&2; exit 3", long).unwrap_err();
    let GuestError::OptimiserFailed { message, .. } = &error else { panic!("{error}") };
    assert!(message.contains('3') && message.contains("it is too hard"), "{message}");
    assert!(matches!(run("exit 0", long), Err(GuestError::OptimiserRun { .. })), "it wrote nothing");
    let error = run("exec sleep 600", Duration::from_millis(50)).unwrap_err();
    assert!(matches!(error, GuestError::OptimiserTime { .. }), "{error}");
    let missing = optimise::run(&folder.path().join("absent"), &before, long).unwrap_err();
    assert!(matches!(missing, GuestError::OptimiserMissing { .. }) && !missing.is_of_the_guest(), "{missing}");
}
