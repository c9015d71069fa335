//! The header of an npy file: magic, version, its own length, and a Python dict of exactly three keys.
//!
//! No byte of the dict is looked at before its length is known to be under the cap and inside the file.

use super::descr::Descr;
use super::literal::Literals;
use super::{MAX_HEADER, NpyError};

pub(super) const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// What a header says of the data behind it.
#[derive(Debug, PartialEq)]
pub(super) struct Header {
    pub(super) descr: Descr,
    /// Whether the first axis is the one that varies fastest.
    pub(super) fortran_order: bool,
    pub(super) shape: Vec<usize>,
}

/// The bytes of a file, read from the left.
struct Bytes<'a> {
    all: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], NpyError> {
        let expected = self.at.saturating_add(len);
        let truncated = NpyError::Truncated { expected, found: self.all.len() };
        let taken = self.all.get(self.at..expected).ok_or(truncated)?;
        self.at = expected;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], NpyError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }
}

/// The header of `file`, and the data behind it.
pub(super) fn parse(file: &[u8]) -> Result<(Header, &[u8]), NpyError> {
    let mut bytes = Bytes { all: file, at: 0 };
    if bytes.array()? != MAGIC {
        return Err(NpyError::Magic);
    }
    let found = match bytes.array()? {
        [1, 0] => u32::from(u16::from_le_bytes(bytes.array()?)),
        [2 | 3, 0] => u32::from_le_bytes(bytes.array()?),
        [major, minor] => return Err(NpyError::Version { major, minor }),
    };
    let len = usize::try_from(found).ok().filter(|&len| len <= MAX_HEADER).ok_or(NpyError::HeaderLength { found })?;
    let header = dict(bytes.take(len)?)?;
    Ok((header, &file[bytes.at..]))
}

fn dict(text: &[u8]) -> Result<Header, NpyError> {
    let mut literals = Literals::new(text);
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    literals.demand(b'{', "'{'")?;
    while !literals.skip(b'}') {
        let key = literals.string()?;
        literals.demand(b':', "':'")?;
        let duplicate = match key {
            "descr" => {
                if let Some(b'[' | b'(') = literals.peek() {
                    return Err(NpyError::Record);
                }
                descr.replace(Descr::parse(literals.string()?)?).is_some()
            }
            "fortran_order" => fortran_order.replace(literals.boolean()?).is_some(),
            "shape" => shape.replace(literals.shape()?).is_some(),
            _ => return Err(NpyError::UnknownKey { key: key.to_owned() }),
        };
        if duplicate {
            return Err(NpyError::DuplicateKey { key: key.to_owned() });
        }
        if !literals.skip(b',') {
            literals.demand(b'}', "',' or '}'")?;
            break;
        }
    }
    if literals.peek().is_some() {
        return Err(literals.expected("nothing but white space after '}'"));
    }
    Ok(Header {
        descr: descr.ok_or(NpyError::MissingKey { key: "descr" })?,
        fortran_order: fortran_order.ok_or(NpyError::MissingKey { key: "fortran_order" })?,
        shape: shape.ok_or(NpyError::MissingKey { key: "shape" })?,
    })
}
