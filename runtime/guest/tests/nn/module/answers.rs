//! Right answers: every dtype, several inputs and outputs, many contexts, what is left out, what a guest brings.

use blink_guest::Request;

use super::*;

/// Opens `name` as context 0.
fn open(name: &str) -> (String, String) {
    let fields = segment(0x1000, name.as_bytes());
    (fields, format!("(drop (call $open (i32.const 0x1000) (i32.const {})))", name.len()))
}

#[test]
fn every_dtype_of_the_interface_passes_unchanged() {
    for (number, dtype, size) in
        [(0, "f16", 2), (1, "f32", 4), (2, "f64", 8), (3, "u8", 1), (4, "i32", 4), (5, "i64", 8), (3, "bool", 1)]
    {
        let data: Vec<u8> = (0..6 * size).map(|byte| if dtype == "bool" { byte & 1 } else { 250 - byte }).collect();
        let (fields, opened) = open(dtype);
        let fields = fields + &tensor(0x2001, number, &[3, 1, 2], &data);
        let calls = put("set_input", &[0, 0, 0x2001])
            + &put("compute", &[0])
            + &put("get_output", &[0, 0, 0x3003, 100, 0x4002])
            + "(call $say (i32.const 0x4002) (i32.const 4))
               (call $say (i32.const 0x3003) (i32.load (i32.const 0x4002)))";
        let done = run(&guest(&fields, &(opened + &calls)), &Request::default(), true);
        assert_eq!(done.ended, Ended::Exit(0), "{dtype}");
        let mut expected = vec![0; 12];
        expected.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        expected.extend(data);
        assert_eq!(done.stdout, expected, "{dtype}");
    }
}

#[test]
fn dtypes_without_a_name_are_refused_and_the_other_output_is_there() {
    for dtype in ["bf16", "i8", "u16", "f8e5m2", "i4", "string"] {
        let (fields, opened) = open(dtype);
        let fields = fields + &tensor(0x2000, 3, &[1], &[0]);
        let calls = put("set_input", &[0, 0, 0x2000]) + &put("get_output", &[0, 0, 0x3000, 100, 0x4000]);
        let done = run(&guest(&fields, &(opened + &calls)), &Request::default(), true);
        assert_eq!(numbers(&done), [6, 6], "{dtype}");
    }
}

#[test]
fn an_optional_input_may_be_left_out_and_set_later() {
    let (fields, opened) = open("first");
    let fields = fields + &tensor(0x2000, 1, &[1], &2f32.to_le_bytes()) + &tensor(0x2100, 1, &[], &3f32.to_le_bytes());
    let read = put("get_output", &[0, 0, 0x3000, 4, 0x4000])
        + &put("get_output", &[0, 1, 0x3004, 1, 0x4000])
        + "(call $put (i32.load (i32.const 0x3000))) (call $put (i32.load8_u (i32.const 0x3004)))";
    let calls = put("set_input", &[0, 1, 0x2000])
        + &put("compute", &[0])
        + &read
        + &put("set_input", &[0, 0, 0x2100])
        + &put("compute", &[0])
        + &read;
    let done = run(&guest(&fields, &(opened + &calls)), &Request::default(), true);
    assert_eq!(numbers(&done), [0, 0, 0, 0, 2f32.to_bits(), 0, 0, 0, 0, 0, 5f32.to_bits(), 1]);
    assert_eq!(done.report.used.computes, 2);
    assert!(done.report.used.compute_ns > 0);
}

#[test]
fn contexts_of_a_graph_know_nothing_of_each_other() {
    let fields = tensor(0x2000, 1, &[1], &10f32.to_le_bytes());
    let calls = "(drop (call $open (i32.const 0x100) (i32.const 3))) (drop (call $init (i32.const 0) (i32.const 24)))"
        .to_owned()
        + &put("set_input", &[0, 0, 0x200])
        + &put("set_input", &[0, 1, 0x220])
        + &put("set_input", &[1, 0, 0x2000])
        + &put("compute", &[0])
        + &put("compute", &[1])
        + &put("set_input", &[1, 1, 0x2000])
        + &put("compute", &[1])
        + &put("get_output", &[0, 0, 0x3000, 4, 0x4000])
        + &put("get_output", &[1, 0, 0x3004, 4, 0x4000])
        + "(call $put (i32.load (i32.const 0x3000))) (call $put (i32.load (i32.const 0x3004)))";
    let done = run(&guest(&fields, &calls), &Request::default(), true);
    assert_eq!(numbers(&done), [0, 0, 0, 0, 1, 0, 0, 0, 0, 3f32.to_bits(), 20f32.to_bits()]);
}

#[test]
fn an_input_set_again_has_its_new_size() {
    let two = [5f32, 7f32].map(f32::to_le_bytes).concat();
    let fields = tensor(0x2000, 1, &[2], &two);
    let calls = "(drop (call $open (i32.const 0x100) (i32.const 3)))".to_owned()
        + &put("set_input", &[0, 0, 0x200])
        + &put("set_input", &[0, 0, 0x2000])
        + &put("set_input", &[0, 1, 0x220])
        + &put("compute", &[0])
        + &put("get_output", &[0, 0, 0x3000, 4, 0x4000])
        + &put("set_input", &[0, 1, 0x2000])
        + &put("compute", &[0])
        + &put("get_output", &[0, 0, 0x3000, 8, 0x4000])
        + "(call $put (i32.load (i32.const 0x3000))) (call $put (i32.load (i32.const 0x3004)))";
    let done = run(&guest(&fields, &calls), &Request::default(), true);
    assert_eq!(numbers(&done), [0, 0, 0, 1, 5, 0, 0, 0, 10f32.to_bits(), 14f32.to_bits()]);
}

/// A model in two parts: a list of two pointers at 0x1000.
fn parts(first: &[u8], second: &[u8]) -> String {
    let list = [0x1100, u32::try_from(first.len()).unwrap(), 0x1200, u32::try_from(second.len()).unwrap()];
    segment(0x1000, &list.map(u32::to_le_bytes).concat()) + &segment(0x1100, first) + &segment(0x1200, second)
}

#[test]
fn a_guest_brings_a_model_only_where_it_may() {
    let fields = parts(b"a mo", b"del") + &tensor(0x2000, 3, &[2], b"hi");
    let calls = put("load", &[0x1000, 2, 1, 0, 0x4000])
        + &put("init", &[0, 0x4000])
        + &put("set_input", &[0, 0, 0x2000])
        + &put("compute", &[0])
        + &put("get_output", &[0, 0, 0x3000, 2, 0x4000]);
    let guest = guest(&fields, &calls);
    let allowed = Request { load: true, ..Request::default() };
    assert_eq!(numbers(&misbehave(&guest, &allowed)), [0; 5]);
    assert_eq!(numbers(&misbehave(&guest, &Request::default())), [6, 1, 1, 1, 1]);
}

#[test]
fn what_is_no_model_is_told_as_what_it_is() {
    let fields = parts(b"gar", b"bage") + &segment(0x1300, b"slow") + &segment(0x1040, &[0, 0x13, 0, 0, 4, 0, 0, 0]);
    let calls = put("load", &[0x1000, 2, 1, 0, 0x4000])
        + &put("load", &[0x1000, 0, 5, 0, 0x4000])
        + &put("load", &[0x1040, 1, 1, 0, 0x4000])
        + &put("load", &[0x1000, 2, 0, 0, 0x4000])
        + &put("load", &[0x1000, 2, 77, 0, 0x4000])
        + &put("load", &[0x1000, 2, 1, 1, 0x4000])
        + &put("load", &[0x1000, 2, 1, 9, 0x4000])
        + &put("load", &[0x1000, 65, 1, 0, 0x4000])
        + &put("load", &[0x1000, u32::MAX, 1, 0, 0x4000])
        + &put("init", &[0, 0x4000]);
    let allowed = Request { load: true, ..Request::default() };
    assert_eq!(numbers(&misbehave(&guest(&fields, &calls), &allowed)), [2, 2, 5, 2, 2, 6, 1, 7, 7, 1]);
}
