//! `blink compile --guest`, and what `blink inspect` shows of a guest. What a guest does is tested elsewhere.

use std::os::unix::fs::PermissionsExt;

use crate::support::{Folder, models};

/// A command with a name, debug information, an export that nobody needs, and an initialiser.
const GUEST: &str = r#"(module $app
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (@custom ".debug_info" "a lot of it")
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\06\00\00\00") (data (i32.const 16) "hello\n")
    (global $state (mut i32) (i32.const 0))
    (func $helper (export "helper"))
    (func $initialise (export "wizer-initialize")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))
        (global.set $state (i32.const 3)))
    (func $main (export "_start") (call $exit (global.get $state))))"#;

fn with_guest(text: &str) -> Folder {
    let folder = Folder::new();
    folder.model("one.onnx", &models::one());
    folder.write("app.wasm", wat::parse_str(text).expect("WebAssembly"));
    folder
}

#[test]
fn a_guest_is_initialised_stripped_and_compiled() {
    let folder = with_guest(GUEST);
    let said = folder.blink("compile one.onnx --guest app.wasm --format json").ok();
    assert!(said.stderr.contains("hello"), "what the initialiser says is told: {}", said.stderr);
    let summary = said.json("blink.compile/2");
    // It is called after the guest.
    assert_eq!((&summary["output"], &summary["guest"]["name"]), (&"app.blink".into(), &"app".into()));
    let guest = &summary["guest"];
    assert_eq!((&guest["kind"], &guest["bytes_before"]), (&"module".into(), &folder.read("app.wasm").len().into()));
    let steps: Vec<_> = guest["steps"].as_array().expect("a list").iter().map(|step| step["name"].clone()).collect();
    assert_eq!(steps, ["initialise", "strip"]);
    assert!(guest["code_bytes"].as_u64().expect("native code") > 0);
    let stages: Vec<_> = summary["seconds"].as_array().expect("a list").iter().map(|stage| stage[0].clone()).collect();
    assert_eq!(stages, ["read", "optimise", "try", "guest", "write", "prove"]);

    let inspected = folder.blink("inspect app.blink --format json").ok().quiet().json("blink.inspect/1");
    assert_eq!(inspected["format_version"], 2);
    let kinds: Vec<_> =
        inspected["sections"].as_array().expect("a list").iter().map(|row| row["kind"].clone()).collect();
    assert_eq!(kinds, ["manifest", "golden", "guest", "code", "graph"]);
    let shown = &inspected["guest"];
    assert_eq!((&shown["steps"], &shown["bytes"]), (&guest["steps"], &guest["bytes_after"]));
    assert_eq!((&shown["code"]["bytes"], &shown["code"]["fits_here"]), (&guest["code_bytes"], &true.into()));
    assert_eq!(shown["interfaces"], serde_json::json!(["wasi_snapshot_preview1"]));
    assert_eq!(shown["capabilities"], serde_json::json!(["stdout and stderr"]));
    let said = folder.blink("inspect app.blink").ok().quiet();
    for fact in ["guest     app, a module", "initialise", "strip", "wasi_snapshot_preview1", "fits here", "wasmtime"] {
        assert!(said.text().contains(fact), "'{fact}' is not in {}", said.text());
    }
    folder.blink("verify app.blink").ok();
}

#[test]
fn a_guest_gives_the_same_bytes_each_time() {
    let (here, there) = (with_guest(GUEST), with_guest(GUEST));
    for options in ["", " --target portable"] {
        for folder in [&here, &there] {
            folder.blink(&format!("compile one.onnx --guest app.wasm --prepack on -o out.blink{options}")).ok();
        }
        assert!(here.read("out.blink") == there.read("out.blink"), "{options}");
    }
    let shown = here.blink("inspect out.blink --format json").ok().json("blink.inspect/1");
    assert!(shown["guest"]["code"]["target"].as_str().is_some_and(|target| target.ends_with("+portable")), "{shown}");
}

#[test]
fn an_artifact_without_a_guest_stays_of_version_1() {
    let folder = with_guest(GUEST);
    folder.blink("compile one.onnx").ok();
    let shown = folder.blink("inspect one.blink --format json").ok().json("blink.inspect/1");
    assert_eq!((&shown["format_version"], &shown["guest"]), (&1.into(), &serde_json::Value::Null));
    // A guest is not taken over with an artifact's models, and that is said.
    folder.blink("compile one.onnx --guest app.wasm -o app.blink").ok();
    let said = folder.blink("compile app.blink -o alone.blink").ok();
    assert!(said.stderr.contains("guest") && said.stderr.contains("left out"), "{}", said.stderr);
    assert!(folder.read("alone.blink") == folder.read("one.blink"));
}

#[test]
fn guests_that_cannot_be_compiled() {
    let folder = with_guest(GUEST);
    let compile = |file: &str| folder.blink(&format!("compile one.onnx -o out.blink --guest {file}"));
    compile("absent.wasm").refused(7).names(&["absent.wasm"]);
    std::fs::create_dir(folder.path("folder.wasm")).expect("it is ours");
    compile("folder.wasm").refused(7).names(&["not a regular file"]);
    let texts = [
        (r#"(module (memory (export "memory") 1))"#, "_start"),
        (r#"(module (import "env" "puts" (func)) (func (export "_start")))"#, "Emscripten"),
        (r#"(module (memory 1 1 shared) (func (export "_start")))"#, "shared memory"),
        (r#"(module (func (export "_start")) (func (export "wizer-initialize") unreachable))"#, "initialiser"),
        // Named as WASI's, with a name that WASI does not have: linking finds it.
        (r#"(module (import "wasi_snapshot_preview1" "fd_fly" (func)) (func (export "_start")))"#, "fd_fly"),
    ];
    for (text, fact) in texts {
        folder.write("bad.wasm", wat::parse_str(text).expect("WebAssembly"));
        compile("bad.wasm").refused(7).names(&[fact]);
    }
    for (bytes, fact) in [(&b""[..], "empty"), (b"(module)", "text"), (b"\x7fELF", "7f")] {
        folder.write("bad.wasm", bytes);
        compile("bad.wasm").refused(7).names(&[fact]);
    }
    folder.blink("compile --guest app.wasm").run().misused().names(&["MODEL.onnx"]);
    folder.blink("compile one.onnx --optimise-guest").run().misused().names(&["--guest"]);
    folder.blink("compile one.onnx --guest app.wasm -o app.wasm").refused(2).names(&["app.wasm", "-o"]);
    assert_eq!(folder.names(), ["app.wasm", "bad.wasm", "folder.wasm", "one.onnx"]);
}

#[test]
fn another_program_optimises_a_guest_on_request() {
    let folder = with_guest(GUEST);
    let compile =
        |output: &str| folder.blink(&format!("compile one.onnx --guest app.wasm --optimise-guest -o {output}"));
    compile("out.blink").env("WASM_OPT", folder.path("absent")).refused(1).names(&["absent", "binaryen", "WASM_OPT"]);
    // It is given a file and `-o` and a file at its end; this one only adds an empty custom section.
    let script = "#!/bin/sh\nwhile [ $# -gt 3 ]; do shift; done\n(cat \"$1\"; printf '\\000\\005\\004mine') > \"$3\"\n";
    folder.write("wasm-opt", script);
    std::fs::set_permissions(folder.path("wasm-opt"), std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    compile("out.blink").env("WASM_OPT", folder.path("wasm-opt")).ok();
    let shown = folder.blink("inspect out.blink --format json").ok().json("blink.inspect/1");
    let step = &shown["guest"]["steps"][2];
    assert_eq!(step["name"], "optimise");
    assert_eq!(step["after"].as_u64(), step["before"].as_u64().map(|before| before + 7));
}
