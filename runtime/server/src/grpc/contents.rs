//! Typed elements: `contents`, a field for each family of dtypes.
//!
//! Elements stand in the field of their dtype alone, as many as the shape has, each within its type's range.

use std::fmt::Display;

use blink_tensors::{DType, DataView, TensorView};
use bytes::Bytes;

use super::proto::InferTensorContents;
use crate::error::RequestError;
use crate::protocol::{Elements, datatype};

/// The elements of input `name`, of `dtype`, out of `contents`, which is to have `elements` of them.
pub(super) fn decode(
    name: &str,
    dtype: DType,
    elements: usize,
    contents: InferTensorContents,
) -> Result<Elements, RequestError> {
    let wrong = |what: String| RequestError::Invalid(format!("input '{name}' ({}) {what}", datatype(dtype)));
    let lengths = [
        ("bool_contents", contents.bool_contents.len()),
        ("int_contents", contents.int_contents.len()),
        ("int64_contents", contents.int64_contents.len()),
        ("uint_contents", contents.uint_contents.len()),
        ("uint64_contents", contents.uint64_contents.len()),
        ("fp32_contents", contents.fp32_contents.len()),
        ("fp64_contents", contents.fp64_contents.len()),
        ("bytes_contents", contents.bytes_contents.len()),
    ];
    let field = field(dtype).ok_or_else(|| wrong("is sent raw only, in `raw_input_contents`".into()))?;
    for (other, found) in lengths {
        let expected = if other == field { elements } else { 0 };
        if found != expected {
            return Err(wrong(format!("has {found} elements in `{other}`, expected {expected}")));
        }
    }
    let bytes = match dtype {
        DType::Bool => write(&contents.bool_contents, |value| Some([u8::from(value)])),
        DType::I8 => write(&contents.int_contents, |value| i8::try_from(value).ok().map(i8::to_le_bytes)),
        DType::I16 => write(&contents.int_contents, |value| i16::try_from(value).ok().map(i16::to_le_bytes)),
        DType::I32 => write(&contents.int_contents, |value| Some(value.to_le_bytes())),
        DType::I64 => write(&contents.int64_contents, |value| Some(value.to_le_bytes())),
        DType::U8 => write(&contents.uint_contents, |value| u8::try_from(value).ok().map(u8::to_le_bytes)),
        DType::U16 => write(&contents.uint_contents, |value| u16::try_from(value).ok().map(u16::to_le_bytes)),
        DType::U32 => write(&contents.uint_contents, |value| Some(value.to_le_bytes())),
        DType::U64 => write(&contents.uint64_contents, |value| Some(value.to_le_bytes())),
        DType::F32 => write(&contents.fp32_contents, |value| Some(value.to_le_bytes())),
        DType::F64 => write(&contents.fp64_contents, |value| Some(value.to_le_bytes())),
        _ => return strings(contents.bytes_contents).map(Elements::Strings).map_err(wrong),
    };
    bytes.map(Elements::Bytes).map_err(wrong)
}

/// A tensor's elements as typed contents; `None` where there is no field for its dtype.
pub(super) fn encode(view: &TensorView<'_>) -> Option<InferTensorContents> {
    field(view.dtype())?;
    let mut contents = InferTensorContents::default();
    let bytes = match view.data() {
        DataView::Bytes(bytes) => bytes,
        DataView::Strings(strings) => {
            contents.bytes_contents = strings.iter().map(|string| Bytes::copy_from_slice(string.as_bytes())).collect();
            return Some(contents);
        }
    };
    match view.dtype() {
        DType::Bool => contents.bool_contents = read(bytes, |[byte]| byte != 0),
        DType::I8 => contents.int_contents = read(bytes, |value| i8::from_le_bytes(value).into()),
        DType::I16 => contents.int_contents = read(bytes, |value| i16::from_le_bytes(value).into()),
        DType::I32 => contents.int_contents = read(bytes, i32::from_le_bytes),
        DType::I64 => contents.int64_contents = read(bytes, i64::from_le_bytes),
        DType::U8 => contents.uint_contents = read(bytes, |[byte]| byte.into()),
        DType::U16 => contents.uint_contents = read(bytes, |value| u16::from_le_bytes(value).into()),
        DType::U32 => contents.uint_contents = read(bytes, u32::from_le_bytes),
        DType::U64 => contents.uint64_contents = read(bytes, u64::from_le_bytes),
        DType::F32 => contents.fp32_contents = read(bytes, f32::from_le_bytes),
        DType::F64 => contents.fp64_contents = read(bytes, f64::from_le_bytes),
        _ => return None,
    }
    Some(contents)
}

/// The field that has the elements of `dtype`.
fn field(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Bool => "bool_contents",
        DType::I8 | DType::I16 | DType::I32 => "int_contents",
        DType::I64 => "int64_contents",
        DType::U8 | DType::U16 | DType::U32 => "uint_contents",
        DType::U64 => "uint64_contents",
        DType::F32 => "fp32_contents",
        DType::F64 => "fp64_contents",
        DType::String => "bytes_contents",
        _ => return None,
    })
}

/// Values, little-endian. One that `one` has no bytes for is not in its type's range.
fn write<T, const N: usize>(values: &[T], one: impl Fn(T) -> Option<[u8; N]>) -> Result<Bytes, String>
where
    T: Copy + Display,
{
    let mut bytes = Vec::with_capacity(values.len() * N);
    for &value in values {
        bytes.extend_from_slice(&one(value).ok_or_else(|| format!("has an element {value} out of its type's range"))?);
    }
    Ok(bytes.into())
}

fn read<T, const N: usize>(bytes: &[u8], one: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|chunk| one(*chunk)).collect()
}

fn strings(elements: Vec<Bytes>) -> Result<Vec<String>, String> {
    let one = |bytes: Bytes| String::from_utf8(bytes.into()).map_err(|_| "has an element that is not UTF-8".into());
    elements.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(dtype: DType, elements: usize, contents: InferTensorContents) -> String {
        match decode("x", dtype, elements, contents) {
            Err(RequestError::Invalid(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_to_the_same_bytes() {
        let bytes: Vec<u8> = (0..48u8).map(|byte| byte.wrapping_mul(37)).collect();
        for dtype in DType::ALL {
            let bytes = if dtype == DType::Bool { &[0, 1, 1, 0][..] } else { &bytes };
            let Some(bits) = dtype.bits() else { continue };
            let shape = [bytes.len() * 8 / bits];
            let contents = encode(&TensorView::new(dtype, &shape, bytes).unwrap());
            assert_eq!(contents.is_some(), field(dtype).is_some(), "{dtype}");
            if let Some(contents) = contents {
                let elements = Elements::Bytes(Bytes::copy_from_slice(bytes));
                assert_eq!(decode("x", dtype, shape[0], contents), Ok(elements), "{dtype}");
            }
        }
    }

    #[test]
    fn strings_are_bytes_and_back() {
        let strings = ["\u{e9}".to_owned(), String::new()];
        let contents = encode(&TensorView::strings(&[2], &strings).unwrap()).unwrap();
        assert_eq!(decode("x", DType::String, 2, contents), Ok(Elements::Strings(strings.to_vec())));
        let contents = InferTensorContents { bytes_contents: vec![Bytes::from_static(&[0xff])], ..Default::default() };
        assert!(refused(DType::String, 1, contents).contains("UTF-8"));
    }

    #[test]
    fn elements_that_do_not_fit_are_refused() {
        let ints = |ints: &[i32]| InferTensorContents { int_contents: ints.to_vec(), ..Default::default() };
        assert!(decode("x", DType::I8, 2, ints(&[-128, 127])).is_ok());
        assert!(refused(DType::I8, 2, ints(&[0, 128])).contains("element 128"));
        assert!(refused(DType::I16, 1, ints(&[-40_000])).contains("element -40000"));
        let uints = InferTensorContents { uint_contents: vec![256], ..Default::default() };
        assert!(refused(DType::U8, 1, uints).contains("element 256"));
    }

    #[test]
    fn other_fields_and_other_counts_are_refused() {
        let ints = |ints: &[i32]| InferTensorContents { int_contents: ints.to_vec(), ..Default::default() };
        assert!(refused(DType::I32, 2, ints(&[1])).contains("has 1 elements in `int_contents`, expected 2"));
        assert!(refused(DType::I32, usize::MAX, ints(&[1])).contains("has 1 elements"));
        assert!(refused(DType::F32, 0, ints(&[1])).contains("expected 0"));
        let both = InferTensorContents { fp32_contents: vec![0.5], ..ints(&[1]) };
        assert!(refused(DType::I32, 1, both).contains("fp32_contents"));
        for dtype in [DType::F16, DType::BF16, DType::I4] {
            assert!(refused(dtype, 0, InferTensorContents::default()).contains("raw only"));
        }
    }
}
