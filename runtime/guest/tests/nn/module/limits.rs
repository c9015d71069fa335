//! What modules may make the host hold.

use blink_guest::{Limit, LimitExceeded, Limits};

use super::*;

/// Does `call` over and over, for as long as it returns 0.
fn forever(call: &str) -> String {
    format!("(loop $again (br_if $again (i32.eqz {call})))")
}

fn past(limit: Limit, allowed: u64) -> Ended {
    Ended::Limit(LimitExceeded { limit, allowed })
}

fn small() -> Request {
    Request { limits: Limits { tensors: 100, tensor_bytes: 10_000, ..Limits::default() }, ..Request::default() }
}

#[test]
fn contexts_and_graphs_without_end_end_the_guest() {
    let opened = "(drop (call $open (i32.const 0x100) (i32.const 3)))";
    let contexts = guest("", &(opened.to_owned() + &forever("(call $init (i32.const 0) (i32.const 24))")));
    assert_eq!(misbehave(&contexts, &Request::default()).ended, past(Limit::Tensors, 4096));
    assert_eq!(misbehave(&contexts, &small()).ended, past(Limit::Tensors, 100));
    let graphs = guest("", &forever("(call $load_by_name (i32.const 0x100) (i32.const 3) (i32.const 24))"));
    assert_eq!(misbehave(&graphs, &Request::default()).ended, past(Limit::Tensors, 4096));
}

#[test]
fn ten_thousand_contexts_are_there_where_they_may_be() {
    let calls = "(local $left i32) (local.set $left (i32.const 9999))
        (drop (call $open (i32.const 0x100) (i32.const 3)))
        (loop $again
            (drop (call $init (i32.const 0) (i32.const 24)))
            (drop (call $set_input (i32.load (i32.const 24)) (i32.const 0) (i32.const 0x200)))
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $again (local.get $left)))"
        .to_owned()
        + &put("set_input", &[9999, 1, 0x220])
        + &put("compute", &[9999])
        + &put("compute", &[10_000]);
    let guest = guest("", &calls);
    let limits = Limits { tensors: 30_000, ..Limits::default() };
    assert_eq!(numbers(&misbehave(&guest, &Request { limits, ..Request::default() })), [0, 0, 1]);
    assert_eq!(misbehave(&guest, &Request::default()).ended, past(Limit::Tensors, 4096));
}

#[test]
fn tensors_are_counted_by_their_bytes() {
    let fields = tensor(0x2000, 1, &[1000], &[0; 4000]);
    let opened = "(drop (call $open (i32.const 0x100) (i32.const 3)))".to_owned();
    let third = "(drop (call $init (i32.const 0) (i32.const 24)))".to_owned() + &put("set_input", &[1, 0, 0x2000]);
    // The same memory again, however often.
    let twice = put("set_input", &[0, 0, 0x2000]) + &put("set_input", &[0, 1, 0x2000]);
    let calls = opened + &twice + &twice + &twice + &third;
    let done = misbehave(&guest(&fields, &calls), &small());
    assert_eq!((done.ended, done.stdout), (past(Limit::TensorBytes, 10_000), vec![0; 24]));
}

#[test]
fn outputs_count_until_the_next_run() {
    let fields = segment(0x1000, b"large");
    let opened = "(drop (call $open (i32.const 0x1000) (i32.const 5)))".to_owned();
    let calls = opened
        + &put("compute", &[0])
        + &put("compute", &[0])
        + "(drop (call $init (i32.const 0) (i32.const 24)))"
        + &put("compute", &[1]);
    let guest = guest(&fields, &calls);
    let limits = Limits { tensor_bytes: 3 << 19, ..Limits::default() };
    let done = misbehave(&guest, &Request { limits, ..Request::default() });
    assert_eq!((done.ended, done.stdout), (past(Limit::TensorBytes, 3 << 19), vec![0; 8]));
    assert_eq!(numbers(&misbehave(&guest, &Request::default())), [0, 0, 0]);
}

#[test]
fn models_that_a_guest_brings_count_for_as_long_as_they_are() {
    let list = [0x1100u32, 7].map(u32::to_le_bytes).concat();
    let fields = segment(0x1000, &list) + &segment(0x1100, b"a model");
    let calls = forever("(call $load (i32.const 0x1000) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 24))");
    let limits = Limits { tensor_bytes: 700, ..Limits::default() };
    let done = misbehave(&guest(&fields, &calls), &Request { load: true, limits, ..Request::default() });
    assert_eq!(done.ended, past(Limit::TensorBytes, 700));
}
