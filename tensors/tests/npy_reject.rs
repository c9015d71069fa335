//! Npy headers that must not be read: every one is an error of its own kind, and none costs memory or a panic.

mod support;

use blink_tensors::TensorError;
use blink_tensors::npy::{MAX_HEADER, NpyError, decode};
use support::{array, npy};

fn error(file: &[u8]) -> NpyError {
    decode(file).expect_err("the file is refused")
}

/// A header of one u8 element whose text is `text`.
fn spelt(text: &str) -> NpyError {
    error(&npy(1, text, &[0]))
}

fn prelude(version: [u8; 2], length: &[u8]) -> Vec<u8> {
    [&b"\x93NUMPY"[..], &version, length].concat()
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
    for version in 1..=3 {
        let file = npy(version, text, &[0; 8]);
        assert!(decode(&file).is_ok());
        let data_at = file.len() - 8;
        for len in 0..data_at {
            let found = error(&file[..len]);
            assert!(matches!(found, NpyError::Truncated { found, .. } if found == len), "{version} {len} {found}");
        }
        for len in data_at..file.len() {
            let found = error(&file[..len]);
            assert!(matches!(found, NpyError::DataLength { expected: 8, .. }), "{version} {len} {found}");
        }
    }
}

#[test]
fn every_header_byte_may_be_anything_without_a_panic() {
    let text = "{'descr': '<U1', 'fortran_order': True, 'shape': (2, 1), }";
    let file = npy(1, text, &[0; 8]);
    // An interpreter takes one of many.
    let (places, values) = if cfg!(miri) { (5, 67) } else { (1, 1) };
    for at in (0..file.len()).step_by(places) {
        for byte in (0..=u8::MAX).step_by(values) {
            let mut changed = file.clone();
            changed[at] = byte;
            // Some changes give another valid file, such as '>U1'; all that is asked here is an answer.
            if let Ok(tensor) = decode(&changed) {
                assert!(tensor.view().elements() <= 8);
            }
        }
    }
}

#[test]
fn the_magic_and_the_version_are_exact() {
    assert!(matches!(error(b""), NpyError::Truncated { .. }));
    assert!(matches!(error(b"\x92NUMPY\x01\0\x02\0{}"), NpyError::Magic));
    assert!(matches!(error(b"\x93numpy\x01\0\x02\0{}"), NpyError::Magic));
    assert!(matches!(error(b"PK\x03\x04\0\0\0\0"), NpyError::Magic));
    for version in [[0, 0], [1, 1], [2, 1], [3, 1], [4, 0], [255, 255]] {
        assert!(matches!(error(&prelude(version, &[0; 8])), NpyError::Version { .. }), "{version:?}");
    }
}

#[test]
fn a_header_length_is_capped_before_it_is_believed() {
    for version in [[2, 0], [3, 0]] {
        let twelve_bytes = prelude(version, &u32::MAX.to_le_bytes());
        assert_eq!(twelve_bytes.len(), 12);
        assert!(matches!(error(&twelve_bytes), NpyError::HeaderLength { found: u32::MAX }));
        let over = prelude(version, &(MAX_HEADER as u32 + 1).to_le_bytes());
        assert!(matches!(error(&over), NpyError::HeaderLength { .. }));
        let at = prelude(version, &(MAX_HEADER as u32).to_le_bytes());
        assert!(matches!(error(&at), NpyError::Truncated { .. }));
    }
    assert!(matches!(error(&prelude([1, 0], &[0xff, 0xff])), NpyError::Truncated { .. }));
    assert!(matches!(error(&prelude([1, 0], &[0, 0])), NpyError::Syntax { at: 0, .. }));
}

#[test]
fn the_header_is_one_dict_of_plain_literals() {
    let malformed = [
        "",
        "[]",
        "{",
        "{,}",
        "{'descr'}",
        "{'descr': }",
        "{'descr': '|u1'",
        "{'descr: '|u1'}",
        "{descr: '|u1'}",
        "{'descr' '|u1'}",
        "{'descr': |u1}",
        "{'descr': '|u1\\x31'}",
        "{'descr': 'a\nb'}",
        "{'descr': '|u1' 'fortran_order': False}",
        "{'descr': '|u1',, 'fortran_order': False}",
        "{'fortran_order': 0}",
        "{'fortran_order': false}",
        "{'fortran_order': 'False'}",
        "{'fortran_order': Falsehood}",
        "{'fortran_order': None}",
        "{'shape': 1}",
        "{'shape': (1)}",
        "{'shape': [1]}",
        "{'shape': (,)}",
        "{'shape': (1,,)}",
        "{'shape': (1 2)}",
        "{'shape': (1, 2}",
        "{'shape': (-1,)}",
        "{'shape': (+1,)}",
        "{'shape': (01,)}",
        "{'shape': (1L,)}",
        "{'shape': (1_0,)}",
        "{'shape': (0x1,)}",
        "{'shape': (1.0,)}",
        "{'shape': ((1,),)}",
        "{'shape': (18446744073709551616,)}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}}",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} #",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}\0",
    ];
    for text in malformed {
        assert!(matches!(spelt(text), NpyError::Syntax { .. }), "{text:?}: {}", spelt(text));
    }
    let mut latin = array("|u1", "False", "(1,)", &[0]);
    latin[12] = 0xe9;
    assert!(matches!(error(&latin), NpyError::Syntax { .. }));
}

#[test]
fn the_three_keys_come_once_each() {
    assert!(matches!(spelt("{}"), NpyError::MissingKey { key: "descr" }));
    assert!(matches!(spelt("{'descr': '|u1', 'shape': (1,)}"), NpyError::MissingKey { key: "fortran_order" }));
    assert!(matches!(spelt("{'descr': '|u1', 'fortran_order': False}"), NpyError::MissingKey { key: "shape" }));
    let whole = "'descr': '|u1', 'fortran_order': False, 'shape': (1,)";
    for key in ["'descr': '|u1'", "'fortran_order': True", "'shape': (1,)"] {
        assert!(matches!(spelt(&format!("{{{whole}, {key}}}")), NpyError::DuplicateKey { .. }), "{key}");
    }
    assert!(matches!(spelt(&format!("{{{whole}, 'order': 1}}")), NpyError::UnknownKey { .. }));
    assert!(matches!(spelt(&format!("{{'': 1, {whole}}}")), NpyError::UnknownKey { .. }));
}

#[test]
fn dtypes_that_no_tensor_has_are_refused() {
    for descr in [
        "",
        "<",
        "f4",
        "<f",
        "<f3",
        "<f16",
        "<f04",
        "<F4",
        "<i",
        "<i3",
        "<u16",
        "<b2",
        "<c8",
        "<c16",
        "<M8[ns]",
        "<m8",
        "|V0",
        "|V3",
        "|V4",
        "|V16",
        "<?",
        "<d",
        "float32",
        "!f4",
        "<f4 ",
        " <f4",
        "<U",
        "<U-1",
        "<U+1",
        "<U1x",
        "|S",
        "|a4",
        "\u{e9}f4",
        "<\u{e9}",
        "<T16",
        "<U99999999999999999999",
    ] {
        let found = error(&array(descr, "False", "(1,)", &[0; 4]));
        assert!(matches!(found, NpyError::Descr { .. }), "{descr:?}: {found}");
    }
    for descr in ["|O", "<O8", "|O4"] {
        assert!(matches!(error(&array(descr, "False", "(1,)", &[0; 8])), NpyError::Object));
    }
    for record in ["[('a', '<f4')]", "[]", "('<f4', (2,))"] {
        let text = format!("{{'descr': {record}, 'fortran_order': False, 'shape': (1,)}}");
        assert!(matches!(spelt(&text), NpyError::Record), "{record}");
    }
}

#[test]
fn shapes_are_capped_and_counted_without_overflow() {
    for rank in [33, 64, 1000] {
        let shape = format!("({})", "1, ".repeat(rank));
        assert!(matches!(error(&array("|u1", "False", &shape, &[0])), NpyError::Rank));
    }
    for shape in ["(4294967296, 4294967296)", "(18446744073709551615, 2)", "(2, 9223372036854775808)"] {
        let found = error(&array("|u1", "False", shape, &[0]));
        assert!(matches!(found, NpyError::Tensor(TensorError::TooLarge { .. })), "{shape}: {found}");
    }
    let found = error(&array("<f8", "True", "(4611686018427387904,)", &[0; 8]));
    assert!(matches!(found, NpyError::Tensor(TensorError::TooLarge { .. })), "{found}");
    let found = error(&array("|u1", "False", "(18446744073709551615,)", &[0]));
    assert!(matches!(found, NpyError::DataLength { expected: usize::MAX, found: 1 }), "{found}");
    assert!(decode(&array("<f8", "True", "(0, 18446744073709551615, 2)", &[])).is_ok());
}
