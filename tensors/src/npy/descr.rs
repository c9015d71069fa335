//! NumPy's dtype strings: a byte order, a kind and a size, as in `<f4`.

use super::{MAX_STRING_BYTES, NpyError};
use crate::DType;

/// What an element in the file is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Element {
    Plain(DType),
    /// One byte whose meaning only the writer knows; an 8-bit float for us.
    Opaque,
    /// Code points of four bytes each.
    Unicode,
    /// Bytes of UTF-8.
    Utf8,
}

/// A dtype string, taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Descr {
    pub(super) element: Element,
    /// Bytes one element takes in the file; zero only for strings.
    pub(super) item_bytes: usize,
    pub(super) big_endian: bool,
}

impl Descr {
    pub(super) fn parse(descr: &str) -> Result<Descr, NpyError> {
        let unknown = || NpyError::Descr { descr: descr.to_owned() };
        let mut rest = descr.chars();
        let big_endian = match rest.next() {
            Some('<') => false,
            Some('>') => true,
            // Native, or of no meaning.
            Some('=' | '|') => cfg!(target_endian = "big"),
            _ => return Err(unknown()),
        };
        let kind = rest.next().ok_or_else(unknown)?;
        if kind == 'O' {
            return Err(NpyError::Object);
        }
        let (element, item_bytes) = match (kind, rest.as_str()) {
            ('b', "1") => (Element::Plain(DType::Bool), 1),
            ('u', "1") => (Element::Plain(DType::U8), 1),
            ('i', "1") => (Element::Plain(DType::I8), 1),
            ('u', "2") => (Element::Plain(DType::U16), 2),
            ('i', "2") => (Element::Plain(DType::I16), 2),
            ('u', "4") => (Element::Plain(DType::U32), 4),
            ('i', "4") => (Element::Plain(DType::I32), 4),
            ('u', "8") => (Element::Plain(DType::U64), 8),
            ('i', "8") => (Element::Plain(DType::I64), 8),
            ('f', "1") => (Element::Plain(DType::F8E5M2), 1),
            ('f', "2") => (Element::Plain(DType::F16), 2),
            ('f', "4") => (Element::Plain(DType::F32), 4),
            ('f', "8") => (Element::Plain(DType::F64), 8),
            ('V', "2") => (Element::Plain(DType::BF16), 2),
            ('V', "1") => (Element::Opaque, 1),
            ('U', length) => (Element::Unicode, string_bytes(length, 4).ok_or_else(unknown)?),
            ('S', length) => (Element::Utf8, string_bytes(length, 1).ok_or_else(unknown)?),
            _ => return Err(unknown()),
        };
        if item_bytes > MAX_STRING_BYTES {
            return Err(NpyError::StringBytes { found: item_bytes });
        }
        Ok(Descr { element, item_bytes, big_endian })
    }

    /// The dtype string that [`super::encode`] writes for a dtype; strings add their length. `None` for the 4-bit
    /// integers, which NumPy cannot pack.
    pub(super) const fn of(dtype: DType) -> Option<&'static str> {
        Some(match dtype {
            DType::Bool => "|b1",
            DType::U8 => "|u1",
            DType::I8 => "|i1",
            DType::U16 => "<u2",
            DType::I16 => "<i2",
            DType::U32 => "<u4",
            DType::I32 => "<i4",
            DType::U64 => "<u8",
            DType::I64 => "<i8",
            DType::F16 => "<f2",
            DType::F32 => "<f4",
            DType::F64 => "<f8",
            DType::BF16 => "|V2",
            DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ => "|V1",
            DType::String => "<U",
            DType::U4 | DType::I4 => return None,
        })
    }
}

fn string_bytes(length: &str, unit: usize) -> Option<usize> {
    let digits = length.bytes().all(|byte| byte.is_ascii_digit());
    let length: usize = length.parse().ok().filter(|_| digits)?;
    Some(length.saturating_mul(unit))
}
