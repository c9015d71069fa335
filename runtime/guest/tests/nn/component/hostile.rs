//! Hostile components: each call is answered by an error in words or ends the guest, and nothing else is touched.

use std::time::Duration;

use blink_guest::{Limit, LimitExceeded, Limits};

use super::*;

/// Runs `add` with this tensor, made in place of `a`.
fn with(new: (String, String)) -> Vec<Vec<u8>> {
    let (fields, new) = new;
    let body = format!(
        "(call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) {new})
         (call $name (i32.const 0x20c) (i32.const 0x111) (i32.const 1) (call $two))
         (call $run (call $open (i32.const 0x100) (i32.const 3)) (i32.const 0x200) (i32.const 2))"
    );
    said(misbehave(&guest(&fields, &body), &Request::default()))
}

#[test]
fn tensors_that_are_not_what_they_say_are_refused() {
    let refused = |found: &str| error(INVALID_ARGUMENT, &format!("input 'a' {found}: the model takes a f32[n]"));
    let rank = |rank: usize| error(INVALID_ARGUMENT, &format!("tensor has rank {rank}: expected at most 32"));
    let short = refused("does not fit: f32 tensor of shape [2] needs 8 bytes, found 7");
    assert_eq!(with(tensor(0x2000, 1, &[2], &[0; 7])), short);
    let long = refused("does not fit: f32 tensor of shape [4294967295] needs 17179869180 bytes, found 4");
    assert_eq!(with(tensor(0x2000, 1, &[u32::MAX], &[0; 4])), long);
    assert_eq!(with(tensor(0x2000, 1, &[], &[0; 4])), refused("got dims []"));
    assert_eq!(with(tensor(0x2000, 1, &[1, 1], &[0; 4])), refused("got dims [1, 1]"));
    assert_eq!(with(tensor(0x2000, 1, &[1; 33], &[0; 4])), rank(33));
    assert_eq!(with(tensor(0x2000, 1, &[1; 255], &[0; 4])), rank(255));
    assert_eq!(with(tensor(0x2000, 0, &[2], &[0; 4])), refused("got f16"));
    assert_eq!(with(tensor(0x2000, 3, &[2], &[0; 4])), refused("got bf16"));
}

#[test]
fn a_bool_is_0_or_1() {
    let (fields, new) = tensor(0x2000, 4, &[2], &[1, 2]);
    let body = format!(
        "(call $name (i32.const 0x200) (i32.const 0x112) (i32.const 1) {new})
         (call $run (call $open (i32.const 0x1000) (i32.const 4)) (i32.const 0x200) (i32.const 1))"
    );
    let done = misbehave(&guest(&(fields + &segment(0x1000, b"bool")), &body), &Request::default());
    let words = "input 'x' got an element of 2, neither 0 nor 1: the model takes x bool of any rank";
    assert_eq!(said(done), error(INVALID_ARGUMENT, words));
}

#[test]
fn dims_that_overflow_are_refused() {
    for dims in [&[u32::MAX; 32][..], &[1 << 31, 1 << 31, 4]] {
        let (fields, new) = tensor(0x2000, 1, dims, &[]);
        let body = format!(
            "(call $name (i32.const 0x200) (i32.const 0x112) (i32.const 1) {new})
             (call $run (call $open (i32.const 0x1000) (i32.const 3)) (i32.const 0x200) (i32.const 1))"
        );
        let guest = guest(&(fields + &segment(0x1000, b"f32")), &body);
        let words = format!(
            "input 'x' does not fit: shape {dims:?} has more elements than memory can hold: the model takes x f32 of \
             any rank"
        );
        assert_eq!(said(misbehave(&guest, &Request::default())), error(INVALID_ARGUMENT, &words));
    }
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let body = |count: u32, name: u32, len: u32| {
        format!(
            "(call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) (call $one))
             (call $name (i32.const 0x20c) (i32.const {name}) (i32.const {len}) (call $two))
             (call $name (i32.const 0x218) (i32.const 0x112) (i32.const 1) (call $two))
             (call $run (call $open (i32.const 0x100) (i32.const 3)) (i32.const 0x200) (i32.const {count}))"
        )
    };
    let fields = segment(0x1000, b"02-118446744073709551616") + &segment(0x2000, &[b'q'; 5000]);
    let refused = |count, name, len, words: &str| {
        let done = misbehave(&guest(&fields, &body(count, name, len)), &Request::default());
        assert_eq!(said(done), error(INVALID_ARGUMENT, words));
    };
    refused(1, 0x111, 1, "input 'b' is missing: the model takes b f32[n]");
    refused(0, 0x111, 1, "input 'a' is missing: the model takes a f32[n]");
    refused(3, 0x111, 1, "got 3 inputs: the model takes 2: a, b");
    refused(2, 0x110, 1, "input 'a' is given twice");
    refused(2, 0x1000, 1, "input 'a' is given twice");
    refused(2, 0x112, 1, "input 'x' is unknown: the model takes a, b");
    refused(2, 0x1001, 1, "input '2' is unknown: the model takes a, b");
    refused(2, 0x1002, 2, "input '-1' is unknown: the model takes a, b");
    refused(2, 0x1004, 20, "input '18446744073709551616' is unknown: the model takes a, b");
    refused(2, 0x111, 0, "input '' is unknown: the model takes a, b");
    let short = format!("input '{}...' is unknown: the model takes a, b", "q".repeat(64));
    refused(2, 0x2000, 5000, &short);
}

#[test]
fn values_without_a_name_for_their_dtype_are_refused_by_name() {
    for dtype in ["i8", "u16", "u32", "f8e5m2", "i4", "string"] {
        let body = format!(
            "(call $name (i32.const 0x200) (i32.const 0x112) (i32.const 1) (call $one))
             (call $run (call $open (i32.const 0x1000) (i32.const {})) (i32.const 0x200) (i32.const 1))",
            dtype.len()
        );
        let words = format!("value 'y' is of dtype {dtype}, for which this interface has no name");
        let done = misbehave(&guest(&segment(0x1000, dtype.as_bytes()), &body), &Request::default());
        assert_eq!(said(done), error(UNSUPPORTED_OPERATION, &words));
    }
}

#[test]
fn models_that_are_not_there_and_models_that_fail_are_told() {
    let fields = segment(0x1000, b"../add\0") + &segment(0x1010, b"fail");
    let body = "(call $by-name (i32.const 0x1000) (i32.const 7) (i32.const 0x20))
        (call $tell (i32.load (i32.const 0x24)))
        (call $run (call $open (i32.const 0x1010) (i32.const 4)) (i32.const 0) (i32.const 0))";
    let expected =
        [error(NOT_FOUND, r"model '../add\0' is not in this artifact"), error(RUNTIME_ERROR, "kernel says no")];
    assert_eq!(said(misbehave(&guest(&fields, body), &Request::default())), expected.concat());
}

#[test]
fn what_breaks_the_canonical_abi_ends_the_guest() {
    let used = "(local $tensor i32) (local.set $tensor (call $one))
        (call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) (local.get $tensor))
        (call $name (i32.const 0x20c) (i32.const 0x111) (i32.const 1) (local.get $tensor))
        (call $run (call $open (i32.const 0x100) (i32.const 3)) (i32.const 0x200) (i32.const 2))";
    let gone = "(local $tensor i32) (local.set $tensor (call $one))
        (call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) (local.get $tensor))
        (call $compute (call $open (i32.const 0x100) (i32.const 3)) (i32.const 0x200) (i32.const 1) (i32.const 0x20))
        (drop (call $ty (local.get $tensor)))";
    let dropped = "(local $context i32) (local.set $context (call $open (i32.const 0x100) (i32.const 3)))
        (call $drop-context (local.get $context))
        (call $run (local.get $context) (i32.const 0x200) (i32.const 0))";
    let again = "(call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) (call $one))
        (call $name (i32.const 0x20c) (i32.const 0x111) (i32.const 1) (call $two))
        (call $compute-again (call $open (i32.const 0x100) (i32.const 3))
            (i32.const 0x200) (i32.const 2) (i32.const 32))";
    let other = "(call $drop-tensor (call $open (i32.const 0x100) (i32.const 3)))";
    let cases = [
        (used.to_owned(), "unknown handle index"),
        (gone.to_owned(), "handle index 1 used with the wrong type"),
        (dropped.to_owned(), "unknown handle index"),
        (again.to_owned(), "cannot leave component instance"),
        (other.to_owned(), "handle index"),
        ("(drop (call $ty (i32.const -1)))".into(), "unknown handle index"),
        (call("by-name", &[0x2000, 2, 0x20]), "utf-8"),
        (call("by-name", &[0xffff_ffff, 2, 0x20]), "out of bounds"),
        (call("by-name", &[0x100, 3, 0xffff_fff0]), "out of bounds"),
        (call("by-name", &[0x100, 3, 0x21]), "not aligned"),
        (format!("(drop {})", call("new", &[0x140, 0x4000_0000, 1, 0x150, 4])), "out of bounds"),
        (format!("(drop {})", call("new", &[0x140, 1, 1, 0x150, 0xffff_ffff])), "out of bounds"),
        (format!("(drop {})", call("new", &[0x141, 1, 1, 0x150, 4])), "not aligned"),
        (format!("(drop {})", call("new", &[0x140, 1, 7, 0x150, 4])), "unexpected discriminant: 7"),
    ];
    for (body, words) in cases {
        let done = misbehave(&guest(&segment(0x2000, b"\xff\xfe"), &body), &Request::default());
        let Ended::Trap { message, .. } = done.ended else { panic!("{body} ended with {:?}", done.ended) };
        assert!(message.contains(words), "{body}: {message}");
        assert!(done.said.is_empty());
    }
}

#[test]
fn a_run_that_does_not_end_is_ended() {
    let body = "(call $run (call $open (i32.const 0x1000) (i32.const 4)) (i32.const 0) (i32.const 0))";
    let limits = Limits { time: Some(Duration::from_millis(50)), ..Limits::default() };
    let done = misbehave(&guest(&segment(0x1000, b"wait"), body), &Request { limits, ..Request::default() });
    assert_eq!(done.ended, Ended::Limit(LimitExceeded { limit: Limit::Time, allowed: 50 }));
    assert_eq!(done.report.used.computes, 1);
}
