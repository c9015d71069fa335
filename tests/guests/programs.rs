//! Programs in WebAssembly's text: a good one that asks the model `one`, and beside it whatever a test is about.

use super::support::Folder;
use super::support::folder::Blink;
use super::support::models::{X, Y, one};

/// A module that without arguments asks the model `one` and writes its answer, and with any calls `$hostile`: the body
/// `hostile`, with two locals of each number type. `more` are fields of the module.
///
/// Memory: 64 KiB; a tensor of `one`'s input at 64, everything from 1024 on is free.
pub(crate) fn module(more: &str, hostile: &str) -> Vec<u8> {
    let data: String = X.iter().flat_map(|x| x.to_le_bytes()).map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wasi_ephemeral_nn" "load" (func $load (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "load_by_name" (func $load_by_name (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "init_execution_context" (func $init_execution_context (param i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "set_input" (func $set_input (param i32 i32 i32) (result i32)))
  (import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
  (import "wasi_ephemeral_nn" "get_output" (func $get_output (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "one")
  ;; The tensor: dims, type, elements.
  (data (i32.const 16) "\02\00\00\00\03\00\00\00")
  (data (i32.const 32) "\10\00\00\00\02\00\00\00\01\00\00\00\40\00\00\00\18\00\00\00")
  (data (i32.const 64) "{data}")
  (func $must (param i32) local.get 0 (if (then local.get 0 call $proc_exit)))
  ;; Asks the graph whose number is at 256.
  (func $ask
    (call $must (call $init_execution_context (i32.load (i32.const 256)) (i32.const 260)))
    (call $must (call $set_input (i32.load (i32.const 260)) (i32.const 0) (i32.const 32)))
    (call $must (call $compute (i32.load (i32.const 260))))
    (call $must (call $get_output (i32.load (i32.const 260)) (i32.const 0) (i32.const 512) (i32.const 64)
      (i32.const 264)))
    (i32.store (i32.const 268) (i32.const 512))
    (i32.store (i32.const 272) (i32.load (i32.const 264)))
    (call $must (call $fd_write (i32.const 1) (i32.const 268) (i32.const 1) (i32.const 276))))
  (func $good
    (call $must (call $load_by_name (i32.const 0) (i32.const 3) (i32.const 256)))
    (call $ask))
  {more}
  (func $hostile (local $i i32) (local $j i32) (local $k i64) (local $l i64) {hostile})
  (func (export "_start")
    (call $must (call $args_sizes_get (i32.const 1024) (i32.const 1028)))
    (if (i32.gt_u (i32.load (i32.const 1024)) (i32.const 1)) (then (call $hostile)) (else (call $good))))
)"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// What the good part writes.
pub(crate) fn answer() -> Vec<u8> {
    Y.iter().flat_map(|y| y.to_le_bytes()).collect()
}

/// A folder with `one.onnx` and `guest.blink`: that model, and this guest.
pub(crate) fn compiled(guest: &[u8]) -> Folder {
    let folder = Folder::new();
    folder.model("one.onnx", &one());
    compile(&folder, guest).ok();
    folder
}

/// `blink compile` of `one.onnx` and this guest, to `guest.blink`.
pub(crate) fn compile(folder: &Folder, guest: &[u8]) -> Blink {
    folder.write("guest.wasm", guest);
    folder.blink("compile one.onnx --guest guest.wasm -o guest.blink")
}
