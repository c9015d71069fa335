//! Right answers: every dtype, names and indexes in any order, what is left out, an output as an input, what a guest
//! brings.

use super::*;

#[test]
fn every_dtype_of_the_interface_passes_unchanged() {
    let types = ["f16", "f32", "f64", "bf16", "u8", "i32", "i64", "bool"];
    let sizes = [2, 4, 8, 2, 1, 4, 8, 1];
    for (number, (dtype, size)) in (0..).zip(types.into_iter().zip(sizes)) {
        let data: Vec<u8> = (0..6 * size).map(|byte| if dtype == "bool" { byte & 1 } else { 250 - byte }).collect();
        let ty = if dtype == "bool" { 4 } else { number };
        let (fields, new) = tensor(0x2000, ty, &[3, 1, 2], &data);
        let fields = fields + &segment(0x1000, dtype.as_bytes());
        let open = call("open", &[0x1000, u32::try_from(dtype.len()).expect("a short name")]);
        let body = format!(
            "(local $given i32) (local.set $given {new}) (call $show (local.get $given))
             (call $name (i32.const 0x200) (i32.const 0x112) (i32.const 1) (local.get $given))
             (call $run {open} (i32.const 0x200) (i32.const 1))"
        );
        let expected = output("y", u8::try_from(ty).expect("a small number"), &[3, 1, 2], &data);
        let said = said(run(&guest(&fields, &body), &Request::default(), true));
        assert_eq!(said, [&expected[1..], &expected].concat(), "{dtype}");
    }
}

#[test]
fn inputs_come_in_any_order_by_name_or_index() {
    let fields = segment(0x1000, b"01");
    for (first, second) in [(0x110, 0x111), (0x111, 0x110), (0x1000, 0x1001), (0x1001, 0x110)] {
        let body = format!(
            "(call $name (i32.const 0x200) (i32.const {first}) (i32.const 1) (call $one))
             (call $name (i32.const 0x20c) (i32.const {second}) (i32.const 1) (call $two))
             (call $run (call $open (i32.const 0x100) (i32.const 3)) (i32.const 0x200) (i32.const 2))"
        );
        let said = said(run(&guest(&fields, &body), &Request::default(), true));
        assert_eq!(said, output("sum", 1, &[1], &3f32.to_le_bytes()));
    }
}

#[test]
fn an_optional_input_may_be_left_out_and_a_scalar_is_of_either_rank() {
    let fields = segment(0x1000, b"firstbias");
    let body = "(local $context i32) (local.set $context (call $open (i32.const 0x1000) (i32.const 5)))
        (call $name (i32.const 0x200) (i32.const 0x112) (i32.const 1) (call $two))
        (call $run (local.get $context) (i32.const 0x200) (i32.const 1))
        (call $name (i32.const 0x200) (i32.const 0x112) (i32.const 1) (call $two))
        (call $name (i32.const 0x20c) (i32.const 0x1005) (i32.const 4)
          (call $new (i32.const 0x140) (i32.const 0) (i32.const 1) (i32.const 0x150) (i32.const 4)))
        (call $run (local.get $context) (i32.const 0x200) (i32.const 2))";
    let expected = [
        output("y", 1, &[], &2f32.to_le_bytes()),
        output("is-given", 4, &[1], &[0]),
        output("y", 1, &[], &3f32.to_le_bytes()),
        output("is-given", 4, &[1], &[1]),
    ];
    assert_eq!(said(run(&guest(&fields, body), &Request::default(), true)), expected.concat());
}

#[test]
fn an_output_is_the_input_of_another_run() {
    let body = "(local $context i32) (local.set $context (call $open (i32.const 0x100) (i32.const 3)))
        (call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1) (call $one))
        (call $name (i32.const 0x20c) (i32.const 0x111) (i32.const 1) (call $two))
        (call $compute (local.get $context) (i32.const 0x200) (i32.const 2) (i32.const 0x20))
        (call $name (i32.const 0x200) (i32.const 0x110) (i32.const 1)
          (i32.load offset=8 (i32.load (i32.const 0x24))))
        (call $name (i32.const 0x20c) (i32.const 0x111) (i32.const 1) (call $two))
        (call $run (local.get $context) (i32.const 0x200) (i32.const 2))";
    let done = run(&guest("", body), &Request::default(), true);
    // And a run of `say` for each of the four things that are said.
    assert_eq!(done.report.used.computes, 2 + 4);
    assert_eq!(said(done), output("sum", 1, &[1], &5f32.to_le_bytes()));
}

/// A list of two parts at 0x1000; the call that loads them, and what comes of it.
fn load(first: &[u8], second: &[u8], arguments: &[u32; 3]) -> (String, String) {
    let count = |part: &[u8]| u32::try_from(part.len()).expect("a short part");
    let list = [0x1100, count(first), 0x1200, count(second)].map(u32::to_le_bytes).concat();
    let fields = segment(0x1000, &list) + &segment(0x1100, first) + &segment(0x1200, second);
    let [parts, encoding, target] = *arguments;
    let body = call("load", &[0x1000, parts, encoding, target, 0x20])
        + "(if (i32.load8_u (i32.const 0x20))
             (then (call $tell (i32.load (i32.const 0x24))))
             (else
               (call $init (i32.load (i32.const 0x24)) (i32.const 0x20))
               (call $name (i32.const 0x200) (i32.const 0x112) (i32.const 1)
                 (call $new (i32.const 0x140) (i32.const 1) (i32.const 4) (i32.const 0x111) (i32.const 1)))
               (call $run (i32.load (i32.const 0x24)) (i32.const 0x200) (i32.const 1))))";
    (fields, body)
}

#[test]
fn a_guest_brings_a_model_only_where_it_may() {
    let allowed = Request { load: true, ..Request::default() };
    let not_allowed = "guest may not bring models of its own: start it with --allow-load, or load them by name";
    for encoding in [1, 6] {
        let (fields, body) = load(b"a mod", b"el", &[2, encoding, 0]);
        let guest = guest(&fields, &body);
        assert_eq!(said(misbehave(&guest, &allowed)), output("y", 4, &[1], b"b"));
        assert_eq!(said(misbehave(&guest, &Request::default())), error(SECURITY, not_allowed));
    }
}

#[test]
fn what_is_no_model_is_told_as_what_it_is() {
    let allowed = Request { load: true, ..Request::default() };
    let of = |first: &[u8], arguments| {
        let (fields, body) = load(first, b"", arguments);
        said(misbehave(&guest(&fields, &body), &allowed))
    };
    assert_eq!(of(b"garbage", &[2, 1, 0]), error(INVALID_ENCODING, "it is no ONNX"));
    assert_eq!(of(b"", &[0, 1, 0]), error(INVALID_ENCODING, "it is no ONNX"));
    assert_eq!(of(b"slow", &[2, 1, 0]), error(RUNTIME_ERROR, "no compiler"));
    let encoding = "graph encoding ggml is not known here: expected onnx";
    assert_eq!(of(b"a model", &[2, 5, 0]), error(INVALID_ENCODING, encoding));
    let target = "execution target gpu is not there: expected cpu";
    assert_eq!(of(b"a model", &[2, 1, 1]), error(UNSUPPORTED_OPERATION, target));
    assert_eq!(of(b"a model", &[65, 1, 0]), error(TOO_LARGE, "model has 65 parts: expected at most 64"));
}
