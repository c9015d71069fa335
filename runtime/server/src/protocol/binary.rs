//! Elements as bytes: little-endian, row-major; of BYTES each string's length in 4 bytes, then the string.
//!
//! Decoding copies nothing but strings. What the dtype and the shape do not say exactly is refused, and so are a bool
//! that is neither 0 nor 1 and a string that is not UTF-8.

use blink_tensors::{DType, DataView, TensorView};
use bytes::Bytes;

use super::datatype;
use super::request::Elements;
use super::shape::{elements, invalid};
use crate::error::RequestError;

/// Bytes of a string's length.
const PREFIX: usize = 4;

/// The elements of input `name` out of just its bytes.
pub fn decode(name: &str, dtype: DType, shape: &[usize], bytes: Bytes) -> Result<Elements, RequestError> {
    let count = elements(name, shape)?;
    if dtype == DType::String {
        return strings(name, count, &bytes).map(Elements::Strings);
    }
    let kind = datatype(dtype);
    let Some(expected) = dtype.byte_len(count) else {
        return invalid(format!("input '{name}' ({kind} {shape:?}) has more bytes than can be counted"));
    };
    if bytes.len() != expected {
        let found = bytes.len();
        return invalid(format!("input '{name}' has {found} bytes, {kind} {shape:?} takes {expected}"));
    }
    if dtype == DType::Bool
        && let Some((index, found)) = bytes.iter().enumerate().find(|(_, byte)| **byte > 1)
    {
        return invalid(format!("input '{name}' has byte {found} at element {index}, a BOOL is 0 or 1"));
    }
    Ok(Elements::Bytes(bytes))
}

fn strings(name: &str, count: usize, mut bytes: &[u8]) -> Result<Vec<String>, RequestError> {
    // A client's count reserves nothing that its bytes do not pay for.
    let mut strings = Vec::with_capacity(count.min(bytes.len() / PREFIX));
    while let Some((prefix, rest)) = bytes.split_first_chunk::<PREFIX>() {
        let (index, len) = (strings.len(), u32::from_le_bytes(*prefix) as usize);
        let Some((string, rest)) = rest.split_at_checked(len) else {
            let left = rest.len();
            return invalid(format!("input '{name}' says {len} bytes of element {index}, {left} are left"));
        };
        match std::str::from_utf8(string) {
            Ok(string) if index < count => strings.push(string.to_owned()),
            Ok(_) => return invalid(format!("input '{name}' has more than the {count} elements of its shape")),
            Err(_) => return invalid(format!("input '{name}' has an element {index} that is not UTF-8")),
        }
        bytes = rest;
    }
    match (bytes.len(), strings.len()) {
        (0, found) if found == count => Ok(strings),
        (0, found) => invalid(format!("input '{name}' has {found} elements, its shape says {count}")),
        (left, _) => invalid(format!("input '{name}' ends with {left} bytes that are no element: 4 say its length")),
    }
}

/// How many bytes [`write`] appends; `None`: more than can be counted.
pub fn len(view: &TensorView<'_>) -> Option<usize> {
    match view.data() {
        DataView::Bytes(bytes) => Some(bytes.len()),
        DataView::Strings(strings) => {
            strings.iter().try_fold(0usize, |sum, string| sum.checked_add(PREFIX)?.checked_add(string.len()))
        }
    }
}

/// Appends the elements of output `name`. Only a string of 4 GiB or more is refused.
pub fn write(name: &str, view: &TensorView<'_>, out: &mut Vec<u8>) -> Result<(), RequestError> {
    match view.data() {
        DataView::Bytes(bytes) => out.extend_from_slice(bytes),
        DataView::Strings(strings) => {
            for string in strings {
                let Ok(len) = u32::try_from(string.len()) else {
                    let words = format!("output '{name}' has a string of 4 GiB or more: BYTES cannot carry it");
                    return Err(RequestError::Failed(words));
                };
                out.extend_from_slice(&len.to_le_bytes());
                out.extend_from_slice(string.as_bytes());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(dtype: DType, shape: &[usize], bytes: &'static [u8]) -> String {
        match decode("x", dtype, shape, Bytes::from_static(bytes)) {
            Err(RequestError::Invalid(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn bytes_are_taken_where_they_stand() {
        let body = Bytes::from_static(&[9, 1, 2, 3, 4]);
        let Ok(Elements::Bytes(taken)) = decode("x", DType::U16, &[2], body.slice(1..)) else { panic!() };
        assert_eq!(taken.as_ptr(), body[1..].as_ptr());
        assert!(decode("x", DType::I4, &[3], Bytes::from_static(&[1, 2])).is_ok());
        assert_eq!(decode("x", DType::F64, &[0, 3], Bytes::new()), Ok(Elements::Bytes(Bytes::new())));
        assert!(decode("x", DType::Bool, &[2], Bytes::from_static(&[0, 1])).is_ok());
    }

    #[test]
    fn every_length_but_the_right_one_is_refused() {
        for bytes in [&b""[..], b"123", b"12345", b"12345678"] {
            assert!(refused(DType::F32, &[1], bytes).contains("takes 4"), "{bytes:?}");
        }
        assert!(refused(DType::F64, &[usize::MAX / 4], b"").contains("can be counted"));
        assert!(refused(DType::Bool, &[3], &[0, 1, 2]).contains("element 2"));
    }

    #[test]
    fn strings_have_their_lengths_before_them() {
        let decoded = decode("x", DType::String, &[2, 1], Bytes::from_static(b"\x03\0\0\0a\xc3\xa9\0\0\0\0"));
        assert_eq!(decoded, Ok(Elements::Strings(vec!["a\u{e9}".into(), String::new()])));
        assert_eq!(decode("x", DType::String, &[0], Bytes::new()), Ok(Elements::Strings(Vec::new())));
    }

    #[test]
    fn wrong_lengths_before_strings_are_refused() {
        assert!(refused(DType::String, &[1], b"\x02\0\0\0a").contains("says 2 bytes"));
        assert!(refused(DType::String, &[1], b"\xff\xff\xff\xff").contains("says 4294967295 bytes"));
        assert!(refused(DType::String, &[1], b"\0\0\0\0\0\0").contains("ends with 2 bytes"));
        assert!(refused(DType::String, &[1], b"\0\0\0\0\0\0\0\0").contains("more than the 1"));
        assert!(refused(DType::String, &[1 << 40], b"\0\0\0\0").contains("has 1 elements"));
        assert!(refused(DType::String, &[1], b"\x01\0\0\0\xff").contains("not UTF-8"));
    }

    #[test]
    fn what_is_written_is_as_long_as_was_said_and_is_read_back() {
        let strings = ["b".to_owned(), String::new(), "\u{1f600}".into()];
        let view = TensorView::strings(&[3], &strings).unwrap();
        let mut out = Vec::new();
        write("y", &view, &mut out).unwrap();
        assert_eq!(Some(out.len()), len(&view));
        assert_eq!(decode("y", DType::String, &[3], out.into()), Ok(Elements::Strings(strings.to_vec())));
        let view = TensorView::new(DType::U8, &[2], &[7, 8]).unwrap();
        let mut out = vec![1];
        write("y", &view, &mut out).unwrap();
        assert_eq!((out.as_slice(), len(&view)), (&[1, 7, 8][..], Some(2)));
    }
}
