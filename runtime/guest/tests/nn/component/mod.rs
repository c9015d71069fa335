//! The component interface, by the canonical ABI in hand-written text. What a guest gets, it lets the test know of by
//! the model `say`, so that the four interfaces of wasi-nn are all that it imports.

mod answers;
mod faults;
mod hostile;
mod limits;

use blink_artifact::manifest::GuestKind;
use blink_guest::{Ended, Guest, Request};

use crate::support::{Done, link, run};

/// A guest whose misbehaviour is `body`; `fields` stand beside it. Memory from 0x1000 to 0x100000 is theirs.
fn guest(fields: &str, body: &str) -> Guest {
    let (prelude, program) = (include_str!("prelude.wat"), include_str!("program.wat"));
    let names = "code words drop-error new dims ty data drop-tensor compute compute-again drop-context init load \
                 by-name drop-graph";
    let functions: String =
        names.split_whitespace().map(|name| format!("(export \"{name}\" (func ${name}))")).collect();
    let text = format!(
        "(component {prelude}
          (core module $Main {program} {fields} (func $bad {body}))
          (core instance $main (instantiate $Main
            (with \"libc\" (instance $libc)) (with \"nn\" (instance {functions}))))
          (func $run (result (result)) (canon lift (core func $main \"run\")))
          (instance $command (export \"run\" (func $run)))
          (export \"wasi:cli/run@0.2.0\" (instance $command)))"
    );
    link(GuestKind::Component, &text)
}

/// Runs the guest's misbehaviour, then its `$good`, which must be as right as ever.
fn misbehave(guest: &Guest, request: &Request) -> Done {
    let done = run(guest, request, true);
    let good = run(guest, &Request::default(), false);
    assert_eq!(good.ended, Ended::Exit(0), "after {:?}", done.ended);
    assert_eq!(good.said, output("sum", 1, &[1], &3f32.to_le_bytes()));
    done
}

/// What a guest has said, where it ended well.
fn said(done: Done) -> Vec<Vec<u8>> {
    assert_eq!(done.ended, Ended::Exit(0));
    done.said
}

/// What `$run` says of an output.
fn output(name: &str, ty: u8, dims: &[u32], data: &[u8]) -> Vec<Vec<u8>> {
    let dims = dims.iter().flat_map(|dim| dim.to_le_bytes()).collect();
    vec![name.into(), vec![ty], dims, data.to_vec()]
}

/// What `$tell` says of an error.
fn error(code: u8, words: &str) -> Vec<Vec<u8>> {
    vec![vec![code], words.into()]
}

const INVALID_ARGUMENT: u8 = 0;
const INVALID_ENCODING: u8 = 1;
const RUNTIME_ERROR: u8 = 3;
const UNSUPPORTED_OPERATION: u8 = 4;
const TOO_LARGE: u8 = 5;
const NOT_FOUND: u8 = 6;
const SECURITY: u8 = 7;

fn segment(at: u32, bytes: &[u8]) -> String {
    let bytes: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!("(data (i32.const {at}) \"{bytes}\")")
}

/// `(call $NAME ARGS...)` of numbers.
fn call(name: &str, arguments: &[u32]) -> String {
    let arguments: String = arguments.iter().map(|argument| format!("(i32.const {argument})")).collect();
    format!("(call ${name} {arguments})\n")
}

/// Dims and data of a tensor as segments at `at`, and the call that makes it.
fn tensor(at: u32, ty: u32, dims: &[u32], data: &[u8]) -> (String, String) {
    let count = |len: usize| u32::try_from(len).expect("a short list");
    let data_at = at + 4 * count(dims.len()) + 1;
    let dims_bytes: Vec<u8> = dims.iter().flat_map(|dim| dim.to_le_bytes()).collect();
    let fields = segment(at, &dims_bytes) + &segment(data_at, data);
    (fields, call("new", &[at, count(dims.len()), ty, data_at, count(data.len())]))
}
