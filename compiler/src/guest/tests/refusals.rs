//! What cannot be a guest, and why.

use super::*;

/// The error of a file that is refused.
fn refused(wasm: &[u8]) -> GuestError {
    let error = checked(wasm).expect_err("it cannot be a guest");
    assert!(error.is_of_the_guest(), "{error}");
    error
}

#[test]
fn what_is_not_webassembly() {
    assert!(matches!(refused(b""), GuestError::Empty));
    for text in ["(module)", "  \n(component)", ";; a comment\n(module)"] {
        assert!(matches!(refused(text.as_bytes()), GuestError::Text), "{text}");
    }
    for bytes in [&b"\x7fELF"[..], b"\0", b"\0as", b"PK"] {
        assert!(matches!(refused(bytes), GuestError::NotWebAssembly { .. }), "{bytes:?}");
    }
    for (head, expected) in [(b"\x02\0\0\0", (2, 0)), (b"\x01\0\x01\0", (1, 1)), (b"\x0c\0\x01\0", (12, 1))] {
        let error = refused(&[b"\0asm", &head[..]].concat());
        assert!(matches!(error, GuestError::Version { version, layer } if (version, layer) == expected), "{error}");
    }
    assert!(matches!(refused(b"\0asm\x01\0"), GuestError::Invalid { .. }));
}

#[test]
fn what_is_cut_or_flipped() {
    for whole in [command("(func (result i32) i32.const 7)"), component("", "")] {
        for len in 8..whole.len() {
            // Between two sections, a cut leaves a valid file that lacks its last ones: maybe names alone.
            match checked(&whole[..len]) {
                Ok(_) => assert_eq!(whole[len], 0, "cut at {len}, before what is no custom section"),
                Err(GuestError::Invalid { .. } | GuestError::NoStart | GuestError::NoRun) => {}
                Err(error) => panic!("cut at {len}: {error}"),
            }
        }
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut flipped = whole.clone();
                flipped[at] ^= 1 << bit;
                // Some flips leave a guest. None may panic, in any step before it is compiled.
                if let Ok(kind) = checked(&flipped) {
                    strip::strip(&flipped, kind).unwrap();
                }
            }
        }
    }
}

#[test]
fn features_that_guests_do_not_have() {
    let shared = wasm(r#"(module (memory 1 1 shared) (func (export "_start")))"#);
    assert!(matches!(refused(&shared), GuestError::SharedMemory));
    let imported = r#"(module (import "wasi_snapshot_preview1" "m" (memory 1 1 shared)) (func (export "_start")))"#;
    let imported = wasm(imported);
    assert!(matches!(refused(&imported), GuestError::SharedMemory));
    let wide = wasm(r#"(module (memory i64 1) (func (export "_start")))"#);
    assert!(matches!(refused(&wide), GuestError::Memory64));
    let collected = wasm(r#"(module (type (struct (field i32))) (func (export "_start")))"#);
    assert!(matches!(refused(&collected), GuestError::GarbageCollection));
    let thrown = wasm(r#"(module (tag) (func (export "_start")))"#);
    assert!(matches!(refused(&thrown), GuestError::Exceptions));
    // As well where it is inside a component.
    assert!(matches!(refused(&component("(memory 1 1 shared)", "")), GuestError::SharedMemory));
    assert!(matches!(refused(&component("(memory i64 1)", "")), GuestError::Memory64));
}

#[test]
fn imports_of_a_module_that_nobody_gives() {
    let modules = [("env", "Emscripten"), ("wasi_unstable", "older WASI"), ("wbg", "JavaScript"), ("mine", "")];
    for (module, told) in modules {
        let error = refused(&command(&format!(r#"(import "{module}" "f" (func))"#)));
        let GuestError::ModuleImport { module: found, name, hint, known } = &error else { panic!("{error}") };
        assert_eq!((found.as_str(), name.as_str()), (module, "f"));
        assert!(hint.contains(told) && known.contains("wasi_ephemeral_nn"), "{error}");
    }
    let given = r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))"#;
    assert_eq!(checked(&command(given)).unwrap(), GuestKind::Module);
}

#[test]
fn imports_of_a_component_that_nobody_gives() {
    let import = |name: &str| checked(&component("", &format!(r#"(import "{name}" (instance))"#)));
    for given in ["wasi:cli/environment@0.2.0", "wasi:io/streams@0.2.12", "wasi:nn/graph@0.2.0-rc-2024-10-28"] {
        assert_eq!(import(given).unwrap(), GuestKind::Component, "{given}");
    }
    for other in [
        "wasi:cli/environment@0.3.0",
        "wasi:cli/environment",
        "wasi:nn/graph@0.2.0-rc-2024-06-25",
        "wasi:http/outgoing-handler@0.2.0",
        "wasi:keyvalue/store@0.2.0",
        "mine:own/thing@0.2.0",
        "plain",
    ] {
        let error = import(other).expect_err(other);
        assert!(matches!(&error, GuestError::ComponentImport { name, .. } if name == other), "{error}");
    }
}

#[test]
fn a_component_that_answers_http_requests() {
    let http = |more: &str| {
        let exports = r#"(export "wasi:http/incoming-handler@0.2.0" (instance $i))"#;
        checked(&wasm(&format!("(component {more} (instance $i) {exports})")))
    };
    assert_eq!(http("").unwrap(), GuestKind::Http);
    let both = r#"(export "wasi:cli/run@0.2.0" (instance $run))"#;
    assert_eq!(http(&format!("(instance $run) {both}")).unwrap(), GuestKind::Component, "it is a command too");
    for given in ["wasi:http/types@0.2.3", "wasi:http/outgoing-handler@0.2.0", "wasi:clocks/wall-clock@0.2.0"] {
        assert_eq!(http(&format!(r#"(import "{given}" (instance))"#)).unwrap(), GuestKind::Http, "{given}");
    }
    for other in ["wasi:http/types@0.3.0", "wasi:keyvalue/store@0.2.0"] {
        let error = http(&format!(r#"(import "{other}" (instance))"#)).expect_err(other);
        assert!(matches!(&error, GuestError::ComponentImport { known, .. } if known.contains("wasi:http")), "{error}");
    }
}

#[test]
fn programs_that_cannot_be_run() {
    assert!(matches!(refused(&wasm("(module)")), GuestError::NoStart));
    let memory = wasm(r#"(module (memory (export "_start") 1))"#);
    assert!(matches!(refused(&memory), GuestError::NoStart), "it is not a function");
    assert!(matches!(refused(&wasm("(component)")), GuestError::NoRun));
    let newer = wasm(r#"(component (instance $i) (export "wasi:cli/run@0.3.0" (instance $i)))"#);
    assert!(matches!(refused(&newer), GuestError::NoRun));
}
