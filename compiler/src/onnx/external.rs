//! References from a tensor to bytes of a file beside the model.
//!
//! A reference counts only when its length is what the tensor's dims and data type need, and when the bytes lie
//! inside the file.

use std::ops::Range;

use super::location::LocationError;
use super::proto::TensorProto;
use super::walk::Place;

/// Why a tensor's external data was refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ExternalError {
    #[error("{place} is external but names no location")]
    NoLocation { place: String },
    #[error("{place} gives external data key '{key}' twice")]
    RepeatedKey { place: String, key: String },
    #[error("{place} has external data {key} '{value}': expected a number of bytes")]
    NotANumber { place: String, key: &'static str, value: String },
    #[error("{place} declares {declared} bytes of external data, its dims and data type need {expected}")]
    WrongLength { place: String, declared: u64, expected: u64 },
    #[error("{place} is {length} bytes at offset {offset} of '{location}', which has {file_len}")]
    PastEnd { place: String, location: String, offset: u64, length: u64, file_len: u64 },
    #[error("{place}: {source}")]
    Location { place: String, source: LocationError },
}

/// What `external_data` of a tensor says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) location: &'a str,
    offset: u64,
    length: Option<u64>,
}

impl<'a> Reference<'a> {
    /// Reads the keys `location`, `offset` and `length`; others (`checksum`, prepacked copies) are ignored.
    pub(super) fn of(place: Place<'_>, tensor: &'a TensorProto) -> Result<Reference<'a>, ExternalError> {
        let find = |key: &str| {
            let mut values = tensor.external_data.iter().filter(|entry| entry.key() == key).map(|entry| entry.value());
            match (values.next(), values.next()) {
                (value, None) => Ok(value),
                _ => Err(ExternalError::RepeatedKey { place: place.to_string(), key: key.to_owned() }),
            }
        };
        let number = |key: &'static str| {
            let Some(value) = find(key)? else { return Ok(None) };
            let digits = value.bytes().all(|byte| byte.is_ascii_digit());
            value.parse().ok().filter(|_| digits).map(Some).ok_or_else(|| ExternalError::NotANumber {
                place: place.to_string(),
                key,
                value: value.to_owned(),
            })
        };
        let location = find("location")?.ok_or_else(|| ExternalError::NoLocation { place: place.to_string() })?;
        Ok(Reference { location, offset: number("offset")?.unwrap_or(0), length: number("length")? })
    }

    /// The bytes of a file of `file_len` bytes that a tensor of `expected` bytes takes.
    pub(super) fn range(
        &self,
        place: Place<'_>,
        expected: u64,
        file_len: usize,
    ) -> Result<Range<usize>, ExternalError> {
        if let Some(declared) = self.length.filter(|&declared| declared != expected) {
            return Err(ExternalError::WrongLength { place: place.to_string(), declared, expected });
        }
        let file_len = file_len as u64;
        match self.offset.checked_add(expected) {
            // Both ends are at most the length of a mapped file, so they fit usize.
            Some(end) if end <= file_len => Ok(self.offset as usize..end as usize),
            _ => Err(ExternalError::PastEnd {
                place: place.to_string(),
                location: self.location.to_owned(),
                offset: self.offset,
                length: expected,
                file_len,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::proto::StringStringEntryProto;
    use super::*;

    const PLACE: Place<'static> = Place::Initializer("w");

    fn tensor(entries: &[(&str, &str)]) -> TensorProto {
        let entry = |&(key, value): &(&str, &str)| StringStringEntryProto {
            key: Some(key.to_owned()),
            value: Some(value.to_owned()),
        };
        TensorProto { external_data: entries.iter().map(entry).collect(), ..Default::default() }
    }

    #[test]
    fn references_are_read_strictly() {
        let full = tensor(&[("location", "a"), ("offset", "4096"), ("length", "8"), ("checksum", "x")]);
        let reference = Reference::of(PLACE, &full).unwrap();
        assert_eq!(reference, Reference { location: "a", offset: 4096, length: Some(8) });
        let refused = |entries: &[(&str, &str)]| Reference::of(PLACE, &tensor(entries)).unwrap_err();
        assert!(matches!(refused(&[("offset", "0")]), ExternalError::NoLocation { .. }));
        assert!(matches!(refused(&[("location", "a"), ("location", "b")]), ExternalError::RepeatedKey { .. }));
        for number in ["-1", "+1", "", "0x10", "18446744073709551616"] {
            let error = refused(&[("location", "a"), ("offset", number)]);
            assert!(matches!(error, ExternalError::NotANumber { key: "offset", .. }), "{number}");
        }
    }

    #[test]
    fn ranges_stay_inside_the_file() {
        let range = |offset, length, expected, file_len| {
            Reference { location: "a", offset, length }.range(PLACE, expected, file_len)
        };
        assert_eq!(range(4, Some(8), 8, 12).unwrap(), 4..12);
        assert_eq!(range(12, None, 0, 12).unwrap(), 12..12);
        assert!(matches!(range(4, Some(7), 8, 12), Err(ExternalError::WrongLength { .. })));
        assert!(matches!(range(5, None, 8, 12), Err(ExternalError::PastEnd { .. })));
        assert!(matches!(range(u64::MAX, None, 8, 12), Err(ExternalError::PastEnd { .. })));
    }
}
