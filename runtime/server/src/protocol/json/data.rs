//! A `data` list becomes bytes of its dtype, or strings.
//!
//! The text is JSON already, whole and well-formed, so its leaves are found by their delimiters and parsed one by one,
//! straight into the bytes. Lists are flat, or nested as the shape is. Nothing is coerced: a whole number may be
//! written `2.0`, a bool 0 or 1, and a float is rounded to the nearest, but never to infinity.

use std::str::FromStr;

use blink_tensors::DType;

use super::walk::{Found, Walk};
use crate::error::RequestError;
use crate::protocol::Elements;
use crate::protocol::datatype::{datatype, has_json};
use crate::protocol::shape::{elements, invalid};

/// Most bytes of a value that an error shows.
const SHOWN: usize = 40;

/// The elements of input `name` that `text` lists.
pub(super) fn decode(name: &str, dtype: DType, shape: &[usize], text: &str) -> Result<Elements, RequestError> {
    let list = List { name, dtype, shape, text, count: elements(name, shape)? };
    if !has_json(dtype) {
        let kind = datatype(dtype);
        return invalid(format!("input '{name}' is {kind}, which has no JSON form: send it in binary"));
    }
    Ok(match dtype {
        DType::String => Elements::Strings(list.strings()?),
        DType::Bool => list.numbers(boolean)?,
        DType::U8 => list.numbers(|text| integer(text, text.parse::<u8>()).map(u8::to_le_bytes))?,
        DType::I8 => list.numbers(|text| integer(text, text.parse::<i8>()).map(i8::to_le_bytes))?,
        DType::U16 => list.numbers(|text| integer(text, text.parse::<u16>()).map(u16::to_le_bytes))?,
        DType::I16 => list.numbers(|text| integer(text, text.parse::<i16>()).map(i16::to_le_bytes))?,
        DType::U32 => list.numbers(|text| integer(text, text.parse::<u32>()).map(u32::to_le_bytes))?,
        DType::I32 => list.numbers(|text| integer(text, text.parse::<i32>()).map(i32::to_le_bytes))?,
        DType::U64 => list.numbers(|text| integer(text, text.parse::<u64>()).map(u64::to_le_bytes))?,
        DType::I64 => list.numbers(|text| integer(text, text.parse::<i64>()).map(i64::to_le_bytes))?,
        DType::F64 => list.numbers(|text| float(text, f64::is_finite).map(f64::to_le_bytes))?,
        _ => list.numbers(|text| float(text, f32::is_finite).map(f32::to_le_bytes))?,
    })
}

/// Why a leaf is no element.
enum Refused {
    Type(&'static str),
    Range,
    Fraction,
}

struct List<'a> {
    name: &'a str,
    dtype: DType,
    shape: &'a [usize],
    text: &'a str,
    count: usize,
}

impl List<'_> {
    fn numbers<const N: usize>(
        &self,
        parse: impl Fn(&str) -> Result<[u8; N], Refused>,
    ) -> Result<Elements, RequestError> {
        // Each element has a character at least, and all but one a comma: a client's count reserves no more.
        let mut bytes = Vec::with_capacity(self.count.min(self.text.len() / 2 + 1) * N);
        self.walk(|leaf| parse(leaf).map(|element| bytes.extend_from_slice(&element)))?;
        Ok(Elements::Bytes(bytes.into()))
    }

    fn strings(&self) -> Result<Vec<String>, RequestError> {
        let mut strings = Vec::with_capacity(self.count.min(self.text.len() / 3 + 1));
        self.walk(|leaf| {
            strings.push(serde_json::from_str(leaf).map_err(|_| Refused::Type("a string"))?);
            Ok(())
        })?;
        Ok(strings)
    }

    fn walk(&self, mut take: impl FnMut(&str) -> Result<(), Refused>) -> Result<(), RequestError> {
        let (name, count) = (self.name, self.count);
        let mut walk = Walk::new(self.text, self.shape);
        let mut found = 0usize;
        loop {
            match walk.next() {
                Found::Leaf(_) if found == count => {
                    return invalid(format!("input '{name}' has more than the {count} elements of its shape"));
                }
                Found::Leaf(leaf) => {
                    take(leaf).map_err(|refused| self.refused(refused, leaf, found))?;
                    found += 1;
                }
                Found::End if found == count => return Ok(()),
                Found::End => {
                    return invalid(format!("input '{name}' has {found} elements, its shape says {count}"));
                }
                Found::Object => {
                    return invalid(format!("input '{name}' has an object in its data: expected a list of values"));
                }
                Found::Nesting => {
                    let shape = self.shape;
                    return invalid(format!("input '{name}' has data that is neither flat nor nested as {shape:?}"));
                }
            }
        }
    }

    fn refused(&self, refused: Refused, leaf: &str, index: usize) -> RequestError {
        let (name, kind) = (self.name, datatype(self.dtype));
        let mut shown: String = leaf.chars().take(SHOWN).collect();
        if shown.len() < leaf.len() {
            shown.push_str("...");
        }
        RequestError::Invalid(match refused {
            Refused::Type(expected) => {
                format!("input '{name}' has {shown} as element {index}, expected {expected} for {kind}")
            }
            Refused::Range => format!("input '{name}' has {shown} as element {index}, out of the range of {kind}"),
            Refused::Fraction => {
                format!("input '{name}' has {shown} as element {index}, expected a whole number for {kind}")
            }
        })
    }
}

fn boolean(text: &str) -> Result<[u8; 1], Refused> {
    match text {
        "true" | "1" => Ok([1]),
        "false" | "0" => Ok([0]),
        _ => Err(Refused::Type("true, false, 0 or 1")),
    }
}

/// Floats above this are all whole, and stand for more integers than one.
const EXACT: f64 = 9_007_199_254_740_992.0;

fn integer<T: TryFrom<i64>, E>(text: &str, parsed: Result<T, E>) -> Result<T, Refused> {
    if let Ok(value) = parsed {
        return Ok(value);
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    match text.parse::<f64>() {
        _ if !is_number(text) => Err(Refused::Type("a number")),
        Ok(value) if value.fract() != 0.0 && value.is_finite() => Err(Refused::Fraction),
        // "-0" is a whole number that unsigned parsing does not take.
        Ok(value) if value.abs() <= EXACT && (!digits || value == 0.0) => {
            T::try_from(value as i64).map_err(|_| Refused::Range)
        }
        _ => Err(Refused::Range),
    }
}

fn float<T: FromStr + Copy>(text: &str, is_finite: impl Fn(T) -> bool) -> Result<T, Refused> {
    match text.parse::<T>() {
        _ if !is_number(text) => Err(Refused::Type("a number")),
        Ok(value) if is_finite(value) => Ok(value),
        _ => Err(Refused::Range),
    }
}

/// Whether a leaf is a number: no other leaf begins like one.
fn is_number(leaf: &str) -> bool {
    leaf.starts_with(|first: char| first.is_ascii_digit() || first == '-')
}

#[cfg(test)]
#[path = "data_tests.rs"]
mod tests;
