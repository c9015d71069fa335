//! What components may make the host hold, and that what they drop is given back.

use blink_guest::{Limit, LimitExceeded, Limits};

use super::*;

/// Does `body` `times` over.
fn repeat(times: u32, body: &str) -> String {
    format!(
        "(global.set $left (i32.const {times}))
         (loop $again {body}
           (global.set $left (i32.sub (global.get $left) (i32.const 1))) (br_if $again (global.get $left)))"
    )
}

fn limited(tensors: u64, tensor_bytes: u64) -> Request {
    Request { limits: Limits { tensors, tensor_bytes, ..Limits::default() }, ..Request::default() }
}

fn ends(body: &str, request: &Request, limit: Limit, allowed: u64) {
    let done = misbehave(&guest("", body), request);
    assert_eq!(done.ended, Ended::Limit(LimitExceeded { limit, allowed }), "{body}");
}

#[test]
fn a_million_tensors_end_the_guest_unless_it_drops_them() {
    let kept = repeat(1 << 20, "(drop (call $one))");
    ends(&kept, &Request::default(), Limit::Tensors, 4096);
    ends(&kept, &limited(10, 1 << 20), Limit::Tensors, 10);
    // Dims count as well.
    ends(&kept, &limited(100, 8 * 50), Limit::TensorBytes, 400);
    let dropped = repeat(1 << 20, "(call $drop-tensor (call $one))");
    assert_eq!(misbehave(&guest("", &dropped), &limited(1, 8)).ended, Ended::Exit(0));
}

#[test]
fn graphs_contexts_and_errors_count() {
    let graphs = repeat(10_000, "(call $by-name (i32.const 0x100) (i32.const 3) (i32.const 0x20))");
    ends(&graphs, &Request::default(), Limit::Tensors, 4096);
    let contexts = repeat(10_000, "(drop (call $open (i32.const 0x100) (i32.const 3)))");
    ends(&contexts, &Request::default(), Limit::Tensors, 4096);
    let errors = repeat(10_000, "(call $by-name (i32.const 0) (i32.const 0) (i32.const 0x20))");
    ends(&errors, &Request::default(), Limit::Tensors, 4096);
    ends(&errors, &limited(100, 1), Limit::TensorBytes, 1);
}

#[test]
fn ten_thousand_contexts_are_there_where_they_may_be() {
    let body = repeat(10_000, "(drop (call $open (i32.const 0x100) (i32.const 3)))") + "(call $good)";
    let done = misbehave(&guest("", &body), &limited(10_100, 1 << 20));
    assert_eq!(said(done), output("sum", 1, &[1], &3f32.to_le_bytes()));
}

#[test]
fn a_run_takes_its_inputs_and_gives_outputs_that_count() {
    let run = "(call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) (call $one))
        (call $name (i32.const 0x20c) (i32.const 0x111) (i32.const 1) (call $two))
        (call $compute (local.get $context) (i32.const 0x200) (i32.const 2) (i32.const 0x20))";
    let context = "(local $context i32) (local.set $context (call $open (i32.const 0x100) (i32.const 3)))";
    let dropped = format!(
        "{context} {}",
        repeat(1000, &format!("{run} (call $drop-tensor (i32.load offset=8 (i32.load (i32.const 0x24))))"))
    );
    assert_eq!(misbehave(&guest("", &dropped), &limited(4, 32)).ended, Ended::Exit(0));
    ends(&format!("{context} {}", repeat(1000, run)), &limited(100, 1 << 20), Limit::Tensors, 100);
    ends(&format!("{context} {}", repeat(1000, run)), &limited(10_000, 400), Limit::TensorBytes, 400);
    // A run that fails has taken them too.
    let failing = format!(
        "{context} {}",
        repeat(
            1000,
            "(call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) (call $one))
             (call $compute (local.get $context) (i32.const 0x200) (i32.const 1) (i32.const 0x20))
             (call $drop-error (i32.load (i32.const 0x24)))"
        )
    );
    assert_eq!(misbehave(&guest("", &failing), &limited(4, 100)).ended, Ended::Exit(0));
}
