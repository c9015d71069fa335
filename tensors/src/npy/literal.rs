//! The few Python literals that an npy header is made of: strings, bools, integers and tuples of integers.
//!
//! Stricter than Python: no escapes, no signs, no `_` or `L` in integers, no comments, no nesting.

use super::NpyError;
use crate::MAX_RANK;

/// Reads literals from the left of a text.
pub(super) struct Literals<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Literals<'a> {
    pub(super) fn new(text: &'a [u8]) -> Literals<'a> {
        Literals { text, at: 0 }
    }

    /// The error that `expected` did not come next.
    pub(super) fn expected(&self, expected: &'static str) -> NpyError {
        NpyError::Syntax { at: self.at, expected }
    }

    /// The next byte that is not white space, which stays.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Steps over `byte` where it comes next.
    pub(super) fn skip(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Steps over `byte`, which must come next.
    pub(super) fn demand(&mut self, byte: u8, expected: &'static str) -> Result<(), NpyError> {
        if self.skip(byte) { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// A string in either kind of quotes.
    pub(super) fn string(&mut self) -> Result<&'a str, NpyError> {
        let quote = self.peek().filter(|byte| matches!(byte, b'\'' | b'"')).ok_or_else(|| self.expected("a string"))?;
        let inside = &self.text[self.at + 1..];
        let closes = inside.iter().position(|&byte| byte == quote).ok_or_else(|| self.expected("a closing quote"))?;
        let plain = std::str::from_utf8(&inside[..closes]).ok().filter(|string| !string.contains(['\\', '\n']));
        let string = plain.ok_or_else(|| self.expected("a string without escapes"))?;
        self.at += closes + 2;
        Ok(string)
    }

    /// `True` or `False`.
    pub(super) fn boolean(&mut self) -> Result<bool, NpyError> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.expected("True or False"))
    }

    /// A tuple of integers, at most [`MAX_RANK`] of them. As in Python, one alone needs its comma.
    pub(super) fn shape(&mut self) -> Result<Vec<usize>, NpyError> {
        self.demand(b'(', "a tuple of dims")?;
        let mut shape = Vec::new();
        let mut comma = false;
        while !self.skip(b')') {
            if !shape.is_empty() && !comma {
                return Err(self.expected("',' or ')'"));
            }
            if shape.len() == MAX_RANK {
                return Err(NpyError::Rank);
            }
            shape.push(self.integer()?);
            comma = self.skip(b',');
        }
        if shape.len() == 1 && !comma { Err(self.expected("',' after the only dim")) } else { Ok(shape) }
    }

    fn integer(&mut self) -> Result<usize, NpyError> {
        self.peek();
        let rest = &self.text[self.at..];
        let digits = &rest[..rest.iter().take_while(|byte| byte.is_ascii_digit()).count()];
        let padded = digits.len() > 1 && digits[0] == b'0';
        let value = std::str::from_utf8(digits).ok().filter(|_| !padded).and_then(|digits| digits.parse().ok());
        let value = value.ok_or_else(|| self.expected("a dim in decimal digits, of at most 64 bits"))?;
        self.at += digits.len();
        Ok(value)
    }
}
