//! Hostile modules: each call is answered by its number or ends the guest with words, and nothing else is touched.

use std::time::Duration;

use blink_guest::{Limit, LimitExceeded, Limits};

use super::*;

const OPENED: &str = "(drop (call $open (i32.const 0x100) (i32.const 3)))";

/// `set_input` of `add`'s first input with this tensor.
fn set(ty: u8, dims: &[u32], data: &[u8]) -> Vec<u32> {
    let calls = OPENED.to_owned() + &put("set_input", &[0, 0, 0x2000]) + &put("compute", &[0]);
    let guest = guest(&tensor(0x2000, ty, dims, data), &calls);
    numbers(&misbehave(&guest, &Request::default()))
}

#[test]
fn tensors_that_are_not_what_they_say_are_refused() {
    assert_eq!(set(1, &[2], &[0; 8]), [0, 1], "the other input is missing");
    assert_eq!(set(1, &[2], &[0; 7]), [1, 1], "too short");
    assert_eq!(set(1, &[2], &[0; 9]), [1, 1], "too long");
    assert_eq!(set(1, &[u32::MAX], &[0; 4]), [1, 1], "too short by far");
    assert_eq!(set(1, &[], &[0; 4]), [1, 1], "rank 0");
    assert_eq!(set(1, &[1, 1], &[0; 4]), [1, 1], "rank 2");
    assert_eq!(set(1, &[u32::MAX; 32], &[]), [1, 1], "dims overflowing");
    assert_eq!(set(1, &[1 << 31, 1 << 31, 4], &[]), [1, 1], "dims that wrap to nothing");
    assert_eq!(set(1, &[1; 33], &[0; 4]), [1, 1], "rank 33");
    assert_eq!(set(1, &[1; 255], &[0; 4]), [1, 1], "rank 255");
    assert_eq!(set(0, &[2], &[0; 4]), [1, 1], "another dtype");
    assert_eq!(set(6, &[2], &[0; 8]), [1, 1], "no dtype");
    assert_eq!(set(255, &[2], &[0; 8]), [1, 1], "no dtype");
}

#[test]
fn the_words_of_the_last_refusal_are_in_the_report() {
    let refused = |fields: &str, calls: &str| {
        let done = misbehave(&guest(fields, calls), &Request::default());
        assert_eq!(numbers(&done).last(), Some(&1));
        done.report.refused.expect("words")
    };
    let set = OPENED.to_owned() + &put("set_input", &[7, 0, 0x200]) + &put("set_input", &[0, 0, 0x2000]);
    let short = "input 'a' does not fit: f32 tensor of shape [2] needs 8 bytes, found 7: the model takes a f32[n]";
    assert_eq!(refused(&tensor(0x2000, 1, &[2], &[0; 7]), &set), short);
    let rank = "tensor has rank 255: expected at most 32";
    assert_eq!(refused(&tensor(0x2000, 1, &[1; 255], &[0; 4]), &set), rank);
    let ty = "tensor type 9 is unknown: expected 0 (f16), 1 (f32), 2 (f64), 3 (u8), 4 (i32) or 5 (i64)";
    assert_eq!(refused(&tensor(0x2000, 9, &[1], &[0; 4]), &set), ty);
    let context = "execution context 7 is unknown";
    assert_eq!(refused("", &(OPENED.to_owned() + &put("compute", &[7]))), context);
    assert_eq!(run(&guest("", OPENED), &Request::default(), true).report.refused, None);
}

#[test]
fn fixed_dims_and_bools_are_checked() {
    let calls = |name: &str| {
        format!("(drop (call $open (i32.const 0x1000) (i32.const {})))", name.len())
            + &put("set_input", &[0, 0, 0x2000])
            + &put("set_input", &[0, 0, 0x2400])
    };
    let fields =
        segment(0x1000, b"pair") + &tensor(0x2000, 1, &[3, 2], &[0; 24]) + &tensor(0x2400, 1, &[2, 3], &[0; 24]);
    assert_eq!(numbers(&misbehave(&guest(&fields, &calls("pair")), &Request::default())), [1, 0]);
    let fields = segment(0x1000, b"bool") + &tensor(0x2000, 3, &[2], &[1, 2]) + &tensor(0x2400, 3, &[2], &[0, 1]);
    assert_eq!(numbers(&misbehave(&guest(&fields, &calls("bool")), &Request::default())), [1, 0]);
}

#[test]
fn numbers_that_nothing_has_are_refused() {
    let calls = put("compute", &[0])
        + &put("init", &[0, 24])
        + OPENED
        + &put("init", &[1, 24])
        + &put("init", &[u32::MAX, 24])
        + &put("set_input", &[1, 0, 0x200])
        + &put("set_input", &[u32::MAX, 0, 0x200])
        + &put("set_input", &[0, 2, 0x200])
        + &put("set_input", &[0, u32::MAX, 0x200])
        + &put("get_output", &[1, 0, 0x300, 4, 32])
        + &put("get_output", &[0, 1, 0x300, 4, 32])
        + &put("get_output", &[0, u32::MAX, 0x300, 4, 32])
        + &put("compute", &[u32::MAX]);
    assert_eq!(numbers(&misbehave(&guest("", &calls), &Request::default())), [1; 12]);
}

#[test]
fn names_that_nothing_has_are_refused() {
    let fields = segment(0x1000, b"\xff\xfe") + &segment(0x1010, b"ad\0") + &segment(0x1020, b"../add");
    let calls = put("load_by_name", &[0x1000, 2, 24])
        + &put("load_by_name", &[0x1010, 3, 24])
        + &put("load_by_name", &[0x1020, 6, 24])
        + &put("load_by_name", &[0x1000, 0, 24])
        + &put("load_by_name", &[0, 16 << 16, 24]);
    assert_eq!(numbers(&misbehave(&guest(&fields, &calls), &Request::default())), [1, 8, 8, 8, 1]);
}

#[test]
fn outputs_are_there_after_a_run_alone_and_in_a_buffer_that_holds_them() {
    let fields = segment(0x1000, b"fail");
    let calls = OPENED.to_owned()
        + &put("get_output", &[0, 0, 0x300, 4, 32])
        + &put("set_input", &[0, 0, 0x200])
        + &put("set_input", &[0, 1, 0x220])
        + &put("compute", &[0])
        + &put("get_output", &[0, 0, 0x300, 3, 32])
        + &put("get_output", &[0, 0, 0x300, 0, 32])
        + &put("get_output", &[0, 0, 0x300, 4, 32])
        + "(drop (call $open (i32.const 0x1000) (i32.const 4)))"
        + &put("compute", &[1]);
    assert_eq!(numbers(&misbehave(&guest(&fields, &calls), &Request::default())), [5, 0, 0, 0, 7, 7, 0, 5]);
}

#[test]
fn a_run_that_fails_takes_the_outputs_of_the_one_before() {
    let fields = tensor(0x2000, 1, &[2], &[0; 8]);
    let calls = OPENED.to_owned()
        + &put("set_input", &[0, 0, 0x200])
        + &put("set_input", &[0, 1, 0x220])
        + &put("compute", &[0])
        + &put("set_input", &[0, 1, 0x2000])
        + &put("compute", &[0])
        + &put("get_output", &[0, 0, 0x300, 4, 32]);
    assert_eq!(numbers(&misbehave(&guest(&fields, &calls), &Request::default())), [0, 0, 0, 0, 1, 5]);
}

/// Memory is 16 pages: it ends at 0x100000.
#[test]
fn pointers_past_the_end_of_memory_end_the_guest() {
    const END: u32 = 16 << 16;
    let head = |dims: u32, rank: u32, data: u32, len: u32| {
        let fields = segment(0x2000, &[dims, rank, 1, data, len].map(u32::to_le_bytes).concat());
        (fields, put("set_input", &[0, 0, 0x2000]))
    };
    let plain = |name, arguments: &[u32]| (String::new(), put(name, arguments));
    let part = |pointer: u32, len: u32| {
        (segment(0x2000, &[pointer, len].map(u32::to_le_bytes).concat()), put("load", &[0x2000, 1, 1, 0, 32]))
    };
    let cases = [
        (plain("load_by_name", &[END, 1, 24]), "1048576+1"),
        (plain("load_by_name", &[0xffff_ffff, 2, 24]), "4294967295+2"),
        (plain("load_by_name", &[0x100, 0xffff_ffff, 24]), "256+4294967295"),
        (plain("load_by_name", &[0x100, 3, END - 3]), "1048573+4"),
        (plain("init", &[0, 0xffff_fffe]), "4294967294+4"),
        (plain("set_input", &[0, 0, END - 19]), "1048557+20"),
        (head(END, 1, 0x150, 4), "1048576+4"),
        (head(0x140, 0xffff_ffff, 0x150, 4), "320+17179869180"),
        (head(0x140, 1, END - 3, 4), "1048573+4"),
        (head(0x140, 1, 0x150, 0xffff_ffff), "336+4294967295"),
        (plain("get_output", &[0, 0, END - 1, 2, 32]), "1048575+2"),
        (plain("get_output", &[0, 0, 0x300, 0xffff_ffff, 32]), "768+4294967295"),
        (plain("get_output", &[0, 0, 0x300, 4, 0xffff_ffff]), "4294967295+4"),
        (plain("load", &[END - 7, 1, 1, 0, 32]), "1048569+8"),
        (plain("load", &[0x2000, 1, 1, 0, END]), "1048576+4"),
        (part(END, 1), "1048576+1"),
        (part(0x100, 0xffff_ffff), "256+4294967295"),
    ];
    let allowed = Request { load: true, ..Request::default() };
    for ((fields, call), pointer) in cases {
        let done = misbehave(&guest(&fields, &(OPENED.to_owned() + &call)), &allowed);
        let Ended::Trap { message, backtrace } = done.ended else { panic!("{call} ended with {:?}", done.ended) };
        assert!(message.starts_with(&format!("pointer {pointer} passes the end of memory")), "{message}");
        assert!(backtrace.iter().any(|line| line.contains("bad")), "{backtrace:?}");
        assert!(done.stdout.is_empty());
    }
}

#[test]
fn a_module_without_a_memory_is_told_so() {
    let text = r#"(module
        (import "wasi_ephemeral_nn" "compute" (func $compute (param i32) (result i32)))
        (import "wasi_ephemeral_nn" "load_by_name" (func $load_by_name (param i32 i32 i32) (result i32)))
        (memory 1)
        (func (export "_start")
            (if (i32.ne (call $compute (i32.const 0)) (i32.const 3)) (then (unreachable)))
            (if (i32.ne (call $load_by_name (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 3))
                (then (unreachable)))))"#;
    assert_eq!(run(&link(GuestKind::Module, text), &Request::default(), true).ended, Ended::Exit(0));
}

#[test]
fn a_run_that_does_not_end_is_ended() {
    let fields = segment(0x1000, b"wait");
    let calls = "(drop (call $open (i32.const 0x1000) (i32.const 4)))".to_owned() + &put("compute", &[0]);
    let limits = Limits { time: Some(Duration::from_millis(50)), ..Limits::default() };
    let done = misbehave(&guest(&fields, &calls), &Request { limits, ..Request::default() });
    assert_eq!(done.ended, Ended::Limit(LimitExceeded { limit: Limit::Time, allowed: 50 }));
    assert_eq!(done.report.used.computes, 1);
    assert!(done.stdout.is_empty());
}
