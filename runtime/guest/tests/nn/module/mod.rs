//! The module interface. A guest here is a list of calls; each number that it gets, it writes to stdout.

mod answers;
mod hostile;
mod limits;

use blink_artifact::manifest::GuestKind;
use blink_guest::{Ended, Guest, Request};

use crate::support::{Done, link, run};

/// The imports, and what each guest has: `$put` writes a number, `$say` bytes of memory, `$open` makes a context of a
/// model whose name stands at an address. `$good` adds 1 and 2.
const PRELUDE: &str = r#"
  (import "wasi_ephemeral_nn" "load" (func $load (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "load_by_name" (func $load_by_name (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "init_execution_context" (func $init (param i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $set_input (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "get_output" (func $get_output (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 16 64)
  (data (i32.const 0x100) "add")
  (data (i32.const 0x140) "\01\00\00\00")                          ;; dims [1]
  (data (i32.const 0x150) "\00\00\80\3f")                          ;; 1.0
  (data (i32.const 0x160) "\00\00\00\40")                          ;; 2.0
  (data (i32.const 0x200) "\40\01\00\00\01\00\00\00\01\00\00\00\50\01\00\00\04\00\00\00")
  (data (i32.const 0x220) "\40\01\00\00\01\00\00\00\01\00\00\00\60\01\00\00\04\00\00\00")
  (func $say (param $at i32) (param $len i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $len))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $put (param $number i32)
    (i32.store (i32.const 16) (local.get $number))
    (call $say (i32.const 16) (i32.const 4)))
  (func $open (param $name i32) (param $len i32) (result i32)
    (if (call $load_by_name (local.get $name) (local.get $len) (i32.const 24)) (then (unreachable)))
    (if (call $init (i32.load (i32.const 24)) (i32.const 24)) (then (unreachable)))
    (i32.load (i32.const 24)))
  (func $good (local $context i32)
    (local.set $context (call $open (i32.const 0x100) (i32.const 3)))
    (call $put (call $set_input (local.get $context) (i32.const 0) (i32.const 0x200)))
    (call $put (call $set_input (local.get $context) (i32.const 1) (i32.const 0x220)))
    (call $put (call $compute (local.get $context)))
    (call $put (call $get_output (local.get $context) (i32.const 0) (i32.const 0x300) (i32.const 4) (i32.const 32)))
    (call $put (i32.load (i32.const 32)))
    (call $say (i32.const 0x300) (i32.const 4)))
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (i32.const 1))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (if (i32.load8_u (i32.const 16)) (then (call $bad)) (else (call $good))))
"#;

/// A guest whose misbehaviour is `body`; `fields` stand beside it. From 0x1000 on, memory is theirs.
fn guest(fields: &str, body: &str) -> Guest {
    link(GuestKind::Module, &format!("(module {PRELUDE} {fields} (func $bad {body}))"))
}

/// Runs the guest's misbehaviour, then its `$good`, which must be as right as ever.
fn misbehave(guest: &Guest, request: &Request) -> Done {
    let done = run(guest, request, true);
    let good = run(guest, &Request::default(), false);
    assert_eq!(good.ended, Ended::Exit(0), "after {:?}", done.ended);
    assert_eq!(numbers(&good), [0, 0, 0, 0, 4, 3f32.to_bits()]);
    assert_eq!(good.report.used.computes, 1);
    done
}

/// What a guest has put, where it ended well.
fn numbers(done: &Done) -> Vec<u32> {
    assert_eq!(done.ended, Ended::Exit(0));
    done.stdout.as_chunks().0.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
}

/// A tensor at `at` in memory, as a data segment: its head, then its dims, then its data, none of them aligned.
fn tensor(at: u32, ty: u8, dims: &[u32], data: &[u8]) -> String {
    let (dims_at, data_at) = (at + 21, at + 23 + 4 * u32::try_from(dims.len()).unwrap());
    let count = |len: usize| u32::try_from(len).unwrap();
    let mut bytes: Vec<u8> = Vec::new();
    for number in [dims_at, count(dims.len()), 0xabcd_ef00 | u32::from(ty), data_at, count(data.len())] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.push(0);
    bytes.extend(dims.iter().flat_map(|dim| dim.to_le_bytes()));
    bytes.extend([0, 0]);
    bytes.extend(data);
    segment(at, &bytes)
}

fn segment(at: u32, bytes: &[u8]) -> String {
    let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(data (i32.const {at}) \"{bytes}\")")
}

/// `(call $put (call $NAME ARGS...))`.
fn put(name: &str, arguments: &[u32]) -> String {
    let arguments: String = arguments.iter().map(|argument| format!("(i32.const {argument})")).collect();
    format!("(call $put (call ${name} {arguments}))\n")
}
