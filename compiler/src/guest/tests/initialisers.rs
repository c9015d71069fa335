//! Initialisers: what they leave is in the program, and they are gone; what they may not do ends them.

use std::time::Duration;

use super::super::initialise::{self, Initialised, LIMITS, Limits};
use super::*;

/// A command with an initialiser that runs `body`, and `fields` beside.
fn with(fields: &str, body: &str) -> Vec<u8> {
    command(&format!(r#"{fields} (func $init (export "wizer-initialize") {body})"#))
}

fn initialise(wasm: &[u8], limits: Limits) -> Result<Initialised, GuestError> {
    let kind = checked(wasm)?;
    initialise::initialise(wasm, kind, limits)
}

/// The bytes of the first data segment of which some are `wanted`.
fn has_data(wasm: &[u8], wanted: &[u8]) -> bool {
    let mut found = false;
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::DataSection(segments) = payload.unwrap() {
            for segment in segments {
                found |= segment.unwrap().data.windows(wanted.len()).any(|bytes| bytes == wanted);
            }
        }
    }
    found
}

/// The starting value of the first global.
fn first_global(wasm: &[u8]) -> i32 {
    for payload in wasmparser::Parser::new(0).parse_all(wasm) {
        if let wasmparser::Payload::GlobalSection(globals) = payload.unwrap() {
            let global = globals.into_iter().next().unwrap().unwrap();
            match global.init_expr.get_operators_reader().read().unwrap() {
                wasmparser::Operator::I32Const { value } => return value,
                other => panic!("{other:?}"),
            }
        }
    }
    panic!("no global")
}

const WRITES: &str = "(i32.store (i32.const 1024) (i32.const 0x6b6e6c62)) (global.set $g (i32.const 42))";
const GLOBAL: &str = "(global $g (mut i32) (i32.const 0))";

#[test]
fn what_a_modules_initialiser_leaves_is_in_the_module() {
    let before = with(GLOBAL, WRITES);
    assert!(!has_data(&before, b"blnk") && exports(&before).contains(&"wizer-initialize".to_owned()));
    let Initialised { wasm: after, said } = initialise(&before, LIMITS).unwrap();
    assert!(has_data(&after, b"blnk"), "memory");
    assert_eq!((first_global(&after), said.len()), (42, 0));
    assert!(!exports(&after).contains(&"wizer-initialize".to_owned()));
    assert_eq!(checked(&after).unwrap(), GuestKind::Module);
    assert!(initialise(&before, LIMITS).unwrap().wasm == after, "the same again");
}

#[test]
fn what_a_components_initialiser_leaves_is_in_the_component() {
    // Inside, it may have the same name or another.
    for core in ["init", "wizer-initialize"] {
        let fields = format!(r#"(memory (export "memory") 1) {GLOBAL} (func (export "{core}") {WRITES})"#);
        let export =
            format!(r#"(func $init (canon lift (core func $i "{core}"))) (export "wizer-initialize" (func $init))"#);
        let before = component(&fields, &export);
        let Initialised { wasm: after, .. } = initialise(&before, LIMITS).unwrap();
        assert!(has_data(&after, b"blnk") && first_global(&after) == 42);
        assert_eq!(checked(&after).unwrap(), GuestKind::Component);
        assert!(!check::check(&after).unwrap().has_initialiser());
        assert!(initialise(&before, LIMITS).unwrap().wasm == after, "the same again");
    }
}

#[test]
fn time_and_randomness_are_the_same_in_every_run() {
    let imports = r#"(import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))"#;
    let body = "(drop (call $random (i32.const 64) (i32.const 64)))
        (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 256)))
        (drop (call $clock (i32.const 1) (i64.const 1) (i32.const 264)))";
    let run = || initialise(&with(imports, body), LIMITS).unwrap().wasm;
    let first = run();
    assert!(first == run());
    let plain = initialise(&with(imports, ""), LIMITS).unwrap().wasm;
    assert!(first != plain, "it did write something");
}

#[test]
fn what_it_writes_is_told() {
    let imports = r#"(import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (data (i32.const 16) "two\nlines\n") (data (i32.const 0) "\10\00\00\00\0a\00\00\00")"#;
    let body = "(drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))";
    assert_eq!(initialise(&with(imports, body), LIMITS).unwrap().said, ["two", "lines"]);
}

#[test]
fn an_initialiser_that_fails_says_why_and_where() {
    let error = |fields: &str, body: &str| initialise(&with(fields, body), LIMITS).err().expect("it fails");
    let trap = error("", "unreachable");
    assert!(
        matches!(&trap, GuestError::InitialiserTrap { message, .. }
        if message.contains("unreachable") && message.contains("in init")),
        "{trap}"
    );
    let exit = r#"(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))"#;
    let error_of = error(exit, "(call $exit (i32.const 3))");
    assert!(matches!(error_of, GuestError::InitialiserExit { code: 3 }), "{error_of}");
    let nn = r#"(import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))"#;
    let asks = error(nn, "(drop (call $compute (i32.const 0)))");
    assert!(matches!(&asks, GuestError::InitialiserTrap { hint, .. } if hint.contains("models")), "{asks}");
    let typed = command(r#"(func (export "wizer-initialize") (param i32))"#);
    assert!(matches!(initialise(&typed, LIMITS), Err(GuestError::Initialiser { .. })));
    let tables = error("(table $t 1 funcref)", "(table.set $t (i32.const 0) (ref.null func))");
    assert!(matches!(&tables, GuestError::Initialiser { message } if message.contains("table.set")), "{tables}");
}

#[test]
fn an_initialiser_is_limited_in_time_and_memory() {
    let short = Limits { time: Duration::from_millis(100), ..LIMITS };
    let looping = with("", "(loop $l br $l)");
    assert!(matches!(initialise(&looping, short), Err(GuestError::InitialiserTime { .. })));
    let small = Limits { memory: 1 << 20, ..LIMITS };
    let growing = with("", "(drop (memory.grow (i32.const 100)))");
    let error = initialise(&growing, small).err().expect("it grows too far");
    assert!(matches!(&error, GuestError::InitialiserTrap { message, .. } if message.contains("memory")), "{error}");
    assert!(initialise(&growing, LIMITS).is_ok());
}
