//! Npy files as NumPy writes them, read: headers and data below were saved by NumPy 2.4 with ml_dtypes 0.6.

mod support;

use blink_tensors::npy::{decode, decode_as};
use blink_tensors::{DType, DataView, Tensor};
use support::{array, npy};

fn bytes(file: &[u8], dtype: DType, shape: &[usize]) -> Vec<u8> {
    let tensor = decode(file).unwrap();
    assert_eq!((tensor.dtype(), tensor.shape()), (dtype, shape));
    tensor.view().bytes().unwrap().to_vec()
}

fn strings(file: &[u8], shape: &[usize]) -> Vec<String> {
    let tensor = decode(file).unwrap();
    assert_eq!((tensor.dtype(), tensor.shape()), (DType::String, shape));
    let DataView::Strings(strings) = tensor.view().data() else { panic!("not strings") };
    strings.to_vec()
}

fn words(dtype: DType, tensor: &Tensor) -> Vec<f64> {
    assert_eq!(tensor.dtype(), dtype);
    blink_tensors::numeric::iter_f64(tensor.view()).unwrap().collect()
}

#[test]
fn floats_keep_every_bit() {
    let data = b"\0\0\xc0\x3f\0\0\0\xc0\0\0\xc0\x7f\0\0\x80\x7f\0\0\0\x80\xc2\x16\x01\0";
    assert_eq!(bytes(&array("<f4", "False", "(2, 3)", data), DType::F32, &[2, 3]), data);
    // A signalling NaN with a payload.
    let data = [0x01, 0x00, 0xa0, 0xff];
    assert_eq!(bytes(&array("<f4", "False", "(1,)", &data), DType::F32, &[1]), data);
}

#[test]
fn scalars_and_empty_tensors() {
    assert_eq!(
        bytes(&array("<i8", "False", "()", &[7, 0, 0, 0, 0, 0, 0, 0]), DType::I64, &[]),
        [7, 0, 0, 0, 0, 0, 0, 0]
    );
    assert_eq!(
        bytes(&array("<i8", "True", "()", &[7, 0, 0, 0, 0, 0, 0, 0]), DType::I64, &[]),
        [7, 0, 0, 0, 0, 0, 0, 0]
    );
    assert_eq!(bytes(&array("<f8", "False", "(0, 3)", &[]), DType::F64, &[0, 3]), b"");
    assert_eq!(bytes(&array("<f8", "True", "(3, 0)", &[]), DType::F64, &[3, 0]), b"");
    assert_eq!(bytes(&array("|b1", "False", "(2,)", &[1, 0]), DType::Bool, &[2]), [1, 0]);
}

#[test]
fn big_endian_is_turned_round() {
    let data = b"\x3c\x00\xc1\x00\x7e\x00";
    assert_eq!(bytes(&array(">f2", "False", "(3,)", data), DType::F16, &[3]), b"\x00\x3c\x00\xc1\x00\x7e");
    let data = b"\x3f\xf0\0\0\0\0\0\0\xc0\x04\0\0\0\0\0\0";
    assert_eq!(words(DType::F64, &decode(&array(">f8", "False", "(2,)", data)).unwrap()), [1.0, -2.5]);
    for (descr, dtype, item) in [
        (">u1", DType::U8, 1),
        (">i1", DType::I8, 1),
        (">b1", DType::Bool, 1),
        (">u2", DType::U16, 2),
        (">i2", DType::I16, 2),
        (">u4", DType::U32, 4),
        (">i4", DType::I32, 4),
        (">f4", DType::F32, 4),
        (">u8", DType::U64, 8),
        (">i8", DType::I64, 8),
    ] {
        let mut data = vec![0; item];
        data[item - 1] = 1;
        let mut turned = data.clone();
        turned.reverse();
        assert_eq!(bytes(&array(descr, "False", "(1,)", &data), dtype, &[1]), turned, "{descr}");
    }
}

#[test]
fn native_and_no_byte_order_are_this_machines() {
    for descr in ["=i4", "|i4"] {
        let data = 0x0102_0304i32.to_ne_bytes();
        assert_eq!(bytes(&array(descr, "False", "(1,)", &data), DType::I32, &[1]), 0x0102_0304i32.to_le_bytes());
    }
}

#[test]
fn fortran_order_is_transposed() {
    let data = [0, 0, 0, 3, 0, 1, 0, 4, 0, 2, 0, 5];
    let tensor = decode(&array(">i2", "True", "(2, 3)", &data)).unwrap();
    assert_eq!(tensor.shape(), [2, 3]);
    assert_eq!(words(DType::I16, &tensor), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    let data = b"\x00\x0c\x04\x10\x08\x14\x01\x0d\x05\x11\x09\x15\x02\x0e\x06\x12\x0a\x16\x03\x0f\x07\x13\x0b\x17";
    let expected: Vec<u8> = (0..24).collect();
    assert_eq!(bytes(&array("|u1", "True", "(2, 3, 4)", data), DType::U8, &[2, 3, 4]), expected);
    assert_eq!(bytes(&array("|u1", "True", "(1, 24)", &expected), DType::U8, &[1, 24]), expected);
}

#[test]
fn unicode_in_both_byte_orders_and_all_versions() {
    let data =
        [&b"a\0\0\0"[..], &[0; 8], b"b\0\0\0c\0\0\0\xe9\0\0\0", &[0; 12], b"\0\xf6\x01\0z\0\0\0\0\0\0\0"].concat();
    let text = "{'descr': '<U3', 'fortran_order': False, 'shape': (2, 2), }";
    for version in 1..=3 {
        assert_eq!(strings(&npy(version, text, &data), &[2, 2]), ["a", "bc\u{e9}", "", "\u{1f600}z"]);
    }
    let data = b"\0\0\0a\0\0\0\0\0\x01\xf6\0\0\0\0\0";
    assert_eq!(strings(&array(">U2", "False", "(2,)", data), &[2]), ["a", "\u{1f600}"]);
    let data = b"a\0\0\0d\0\0\0b\0\0\0e\0\0\0c\0\0\0f\0\0\0";
    let text = "{'descr': '<U1', 'fortran_order': True, 'shape': (2, 3), }";
    assert_eq!(strings(&npy(2, text, data), &[2, 3]), ["a", "b", "c", "d", "e", "f"]);
}

#[test]
fn byte_strings_and_strings_of_no_length() {
    assert_eq!(strings(&array("|S3", "False", "(2,)", b"a\0\0x\xc3\xa9"), &[2]), ["a", "x\u{e9}"]);
    assert_eq!(strings(&array("|S3", "False", "(1,)", b"a\0b"), &[1]), ["a\0b"]);
    for descr in ["<U0", "|S0"] {
        assert_eq!(strings(&array(descr, "False", "(3,)", &[]), &[3]), [""; 3]);
        assert_eq!(strings(&array(descr, "True", "(2, 1)", &[]), &[2, 1]), [""; 2]);
    }
    assert_eq!(strings(&array("<U5", "False", "(0,)", &[]), &[0]), [""; 0]);
}

#[test]
fn ml_dtypes_are_known_by_their_size() {
    for descr in ["<V2", "|V2"] {
        let bfloat = decode(&array(descr, "False", "(2,)", b"\x80\x3f\x20\xc0")).unwrap();
        assert_eq!(words(DType::BF16, &bfloat), [1.0, -2.5]);
    }
    let file = array("<V1", "False", "(3,)", b"\x38\xc2\x7e");
    assert_eq!(words(DType::F8E4M3FN, &decode(&file).unwrap()), [1.0, -2.5, 448.0]);
    let file = array("<f1", "False", "(2,)", b"\x3c\xc1");
    assert_eq!(words(DType::F8E5M2, &decode(&file).unwrap()), [1.0, -2.5]);
}

#[test]
fn a_wanted_dtype_chooses_among_the_opaque_and_converts_nothing() {
    let opaque = array("|V1", "False", "(1,)", &[0x40]);
    for dtype in [DType::F8E4M3FN, DType::F8E4M3FNUZ, DType::F8E5M2, DType::F8E5M2FNUZ] {
        assert_eq!(decode_as(&opaque, Some(dtype)).unwrap().dtype(), dtype);
    }
    for dtype in [DType::U8, DType::F32, DType::I4, DType::String] {
        assert_eq!(decode_as(&opaque, Some(dtype)).unwrap().dtype(), DType::F8E4M3FN);
    }
    let bfloat = array("|V2", "False", "(1,)", &[0; 2]);
    assert_eq!(decode_as(&bfloat, Some(DType::F16)).unwrap().dtype(), DType::BF16);
    let plain = array("|u1", "False", "(1,)", &[0]);
    assert_eq!(decode_as(&plain, Some(DType::F8E5M2)).unwrap().dtype(), DType::U8);
}

#[test]
fn the_header_may_be_spelt_in_other_ways() {
    for text in [
        "{'shape': (1,), 'fortran_order': False, 'descr': '|u1'}",
        "{\"fortran_order\":False,\"descr\":\"|u1\",\"shape\":(1,)}",
        "  { 'descr' :'|u1' ,\t'fortran_order': False,\n'shape': ( 1 , ) , }\r\n",
        "{'descr': '|u1', 'fortran_order': True, 'shape': (1,), }",
    ] {
        assert_eq!(bytes(&npy(1, text, &[9]), DType::U8, &[1]), [9], "{text}");
    }
    let rank = format!("({})", "1, ".repeat(32));
    assert_eq!(bytes(&array("|u1", "True", &rank, &[9]), DType::U8, &[1; 32]), [9]);
    // A header that is not padded to any boundary.
    let text = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}";
    let file = [&b"\x93NUMPY\x01\0"[..], &(text.len() as u16).to_le_bytes(), text, &[9]].concat();
    assert_eq!(bytes(&file, DType::U8, &[1]), [9]);
}
