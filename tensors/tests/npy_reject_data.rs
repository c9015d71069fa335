//! Npy data that is not what its header says, or that no tensor may hold.

mod support;

use blink_tensors::npy::{MAX_STRING_BYTES, MAX_STRINGS, NpyError, decode};
use support::array;

fn error(file: &[u8]) -> NpyError {
    decode(file).expect_err("the file is refused")
}

#[test]
fn the_data_is_exactly_as_long_as_the_header_says() {
    for (descr, shape, len) in [("<f4", "(2,)", 7), ("<f4", "(2,)", 9), ("|u1", "()", 0), ("|u1", "()", 2)] {
        assert!(matches!(error(&array(descr, "False", shape, &vec![0; len])), NpyError::DataLength { .. }));
    }
    assert!(matches!(error(&array("<f8", "False", "(0, 3)", &[0])), NpyError::DataLength { expected: 0, found: 1 }));
    assert!(matches!(error(&array("<U2", "False", "(2,)", &[0; 12])), NpyError::DataLength { expected: 16, .. }));
    assert!(matches!(error(&array("|S0", "False", "(2,)", &[0])), NpyError::DataLength { expected: 0, .. }));
}

#[test]
fn bools_are_0_or_1() {
    for byte in 2..=u8::MAX {
        let found = error(&array("|b1", "False", "(3,)", &[0, 1, byte]));
        assert!(matches!(found, NpyError::Bool { index: 2, found } if found == byte));
    }
    // The index is that of the row-major tensor.
    let found = error(&array("|b1", "True", "(2, 2)", &[0, 9, 0, 0]));
    assert!(matches!(found, NpyError::Bool { index: 2, found: 9 }));
}

#[test]
fn strings_are_unicode_and_capped() {
    for point in [0xd800u32, 0xdfff, 0x11_0000, u32::MAX] {
        let data = [65u32.to_le_bytes(), point.to_le_bytes()].concat();
        let found = error(&array("<U1", "False", "(2,)", &data));
        assert!(matches!(found, NpyError::CodePoint { index: 1, found } if found == point));
    }
    assert!(matches!(error(&array(">U1", "False", "(1,)", b"a\0\0\0")), NpyError::CodePoint { index: 0, .. }));
    for bytes in [b"\xff\0", b"\xc3\0", b"\xc0\x80", b"a\xed"] {
        assert!(matches!(error(&array("|S2", "False", "(1,)", bytes)), NpyError::Utf8 { index: 0 }));
    }
    let over = MAX_STRING_BYTES / 4 + 1;
    for descr in [format!("<U{over}"), format!("|S{}", MAX_STRING_BYTES + 1), format!("<U{}", usize::MAX)] {
        assert!(matches!(error(&array(&descr, "False", "(0,)", &[])), NpyError::StringBytes { .. }), "{descr}");
    }
    for shape in [format!("({},)", MAX_STRINGS + 1), format!("({},)", usize::MAX)] {
        assert!(matches!(error(&array("<U0", "False", &shape, &[])), NpyError::StringCount { .. }), "{shape}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "a million strings take an interpreter too long")]
fn as_many_strings_as_may_be_are_read() {
    let file = array("|S0", "False", &format!("({MAX_STRINGS},)"), &[]);
    assert_eq!(decode(&file).unwrap().view().elements(), MAX_STRINGS);
}
