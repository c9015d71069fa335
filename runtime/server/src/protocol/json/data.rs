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
        self.walk(|leaf| match serde_json::from_str(leaf) {
            Ok(string) => Ok(strings.push(string)),
            Err(_) => Err(Refused::Type("a string")),
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
mod tests {
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
            let accepted = matches!(decode("x", dtype, &[0], "[]"), Ok(_));
            assert_eq!(accepted, has_json(dtype), "{dtype}");
        }
        assert!(refused(DType::BF16, &[1], "[1]").contains("in binary"));
    }

    #[test]
    fn errors_show_little_of_what_was_sent() {
        let words = refused(DType::U8, &[1], &format!("[{}]", "9".repeat(100_000)));
        assert!(words.len() < 200, "{words}");
    }
}
