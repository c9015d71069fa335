//! Lists that are elements, and lists that are not.

use super::*;

fn bytes(dtype: DType, shape: &[usize], text: &str) -> Vec<u8> {
    match decode("x", dtype, shape, text) {
        Ok(Elements::Bytes(bytes)) => bytes.to_vec(),
        other => panic!("{text}: {other:?}"),
    }
}

fn refused(dtype: DType, shape: &[usize], text: &str) -> String {
    match decode("x", dtype, shape, text) {
        Err(RequestError::Invalid(words)) => words,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn flat_and_nested_lists_are_the_same_elements() {
    let expected: Vec<u8> = (1..=6i16).flat_map(i16::to_le_bytes).collect();
    for text in ["[1,2,3,4,5,6]", "[[1, 2, 3],\n[4,5,6]]", " [ 1.0 ,2e0,30e-1,4,5,6 ] "] {
        assert_eq!(bytes(DType::I16, &[2, 3], text), expected, "{text}");
    }
    assert_eq!(bytes(DType::U8, &[], "[7]"), [7]);
    assert_eq!(bytes(DType::U8, &[], "7"), [7]);
    for text in ["[]", "[[],[]]"] {
        assert_eq!(bytes(DType::F32, &[2, 0], text), Vec::<u8>::new(), "{text}");
    }
    assert_eq!(bytes(DType::Bool, &[4], "[true,false,1,0]"), [1, 0, 1, 0]);
}

#[test]
fn integers_keep_their_range() {
    let ends = [
        (DType::U8, "0", "255", "256"),
        (DType::I8, "-128", "127", "-129"),
        (DType::U16, "0", "65535", "-1"),
        (DType::I16, "-32768", "32767", "32768"),
        (DType::U32, "0", "4294967295", "4294967296"),
        (DType::I32, "-2147483648", "2147483647", "2.147483648e9"),
        (DType::U64, "0", "18446744073709551615", "18446744073709551616"),
        (DType::I64, "-9223372036854775808", "9223372036854775807", "-9223372036854775809"),
    ];
    for (dtype, least, most, beyond) in ends {
        assert!(decode("x", dtype, &[2], &format!("[{least},{most}]")).is_ok(), "{dtype}");
        assert!(refused(dtype, &[1], &format!("[{beyond}]")).contains("out of the range"), "{dtype}");
        assert!(refused(dtype, &[1], "[0.5]").contains("whole number"), "{dtype}");
        assert!(refused(dtype, &[1], "[1e400]").contains("out of the range"), "{dtype}");
        assert_eq!(bytes(dtype, &[1], "[-0]"), bytes(dtype, &[1], "[0]"), "{dtype}");
    }
    assert_eq!(bytes(DType::U64, &[1], "[18446744073709551615]"), [0xff; 8]);
}

#[test]
fn floats_are_the_nearest_and_never_infinite() {
    assert_eq!(bytes(DType::F32, &[2], "[0.1,-3]"), [0.1f32.to_le_bytes(), (-3f32).to_le_bytes()].concat());
    assert_eq!(bytes(DType::F64, &[1], "[1.7976931348623157e308]"), f64::MAX.to_le_bytes());
    // Its nearest f64 lies in the middle between two f32, and would be rounded to the other one.
    let text = "[1.00000005960464477540]";
    assert_eq!(bytes(DType::F32, &[1], text), 1.000_000_1f32.to_le_bytes());
    assert!(refused(DType::F32, &[1], "[3.5e38]").contains("out of the range"));
    assert!(refused(DType::F64, &[1], "[1e999]").contains("out of the range"));
    for text in ["[null]", "[\"NaN\"]", "[true]"] {
        assert!(refused(DType::F32, &[1], text).contains("expected a number"), "{text}");
        assert!(refused(DType::I32, &[1], text).contains("expected a number"), "{text}");
    }
}

#[test]
fn strings_are_unescaped() {
    let text = r#"["a\"],[", "", "\u00e9\ud83d\ude00"]"#;
    let expected = ["a\"],[".to_owned(), String::new(), "\u{e9}\u{1f600}".into()].to_vec();
    assert_eq!(decode("x", DType::String, &[3], text), Ok(Elements::Strings(expected)));
    for text in ["[1]", "[null]", r#"["\ud83d"]"#] {
        assert!(refused(DType::String, &[1], text).contains("expected a string"), "{text}");
    }
}

#[test]
fn counts_and_nesting_that_the_shape_does_not_have_are_refused() {
    assert!(refused(DType::U8, &[3], "[1,2]").contains("has 2 elements"));
    assert!(refused(DType::U8, &[3], "[]").contains("has 0 elements"));
    assert!(refused(DType::U8, &[1 << 40, 1 << 20], "[1]").contains("has 1 elements"));
    assert!(refused(DType::U8, &[3], "[1,2,3,4]").contains("more than the 3"));
    assert!(refused(DType::U8, &[0], "[1]").contains("more than the 0"));
    for text in ["[[1],[2,3,4]]", "[[1,2],3,4]", "[1,[2,3,4]]", "[[[1,2,3,4]]]", "[[],[1,2]]", "1", "[1,[]]"] {
        assert!(refused(DType::U8, &[2, 2], text).contains("neither flat nor nested"), "{text}");
    }
    assert!(refused(DType::U8, &[1], "[{\"a\":1}]").contains("an object"));
    assert!(refused(DType::U8, &[1], &"[".repeat(250_000)).contains("neither flat nor nested"));
}

#[test]
fn what_has_no_json_form_is_sent_back_to_binary() {
    for dtype in DType::ALL {
        let accepted = decode("x", dtype, &[0], "[]").is_ok();
        assert_eq!(accepted, has_json(dtype), "{dtype}");
    }
    assert!(refused(DType::BF16, &[1], "[1]").contains("in binary"));
}

#[test]
fn errors_show_little_of_what_was_sent() {
    let words = refused(DType::U8, &[1], &format!("[{}]", "9".repeat(100_000)));
    assert!(words.len() < 200, "{words}");
}
