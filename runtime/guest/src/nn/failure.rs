//! [`Failure`]: why a call did not do what it was asked: an error that the guest reads, or the end of the guest.

use std::fmt::Display;

/// What kind of error; each interface has its own numbers for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    InvalidArgument,
    InvalidEncoding,
    MissingMemory,
    RuntimeError,
    UnsupportedOperation,
    TooLarge,
    NotFound,
    Security,
}

/// An error for the guest.
#[derive(Debug)]
pub(super) struct Error {
    pub(super) code: Code,
    pub(super) words: String,
}

impl Error {
    pub(super) fn new(code: Code, words: impl Display) -> Error {
        Error { code, words: words.to_string() }
    }
}

/// How a call failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The guest is told, and goes on.
    Error(Error),
    /// The guest ends.
    End(wasmtime::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Error(error)
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Failure {
        Failure::End(error)
    }
}

/// The end of a guest whose call failed because its time is over. Who runs it says so.
pub(super) fn out_of_time() -> Failure {
    Failure::End(wasmtime::Error::msg("run was cancelled"))
}

/// Most characters that a message repeats of a guest's own text.
const QUOTED: usize = 64;

/// A guest's text as messages have it: in quotes, on one line, and short.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted: String = text.chars().take(QUOTED).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTED).is_some() {
        quoted.push_str("...");
    }
    format!("'{quoted}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guests_text_is_short_and_on_one_line() {
        assert_eq!(quoted("a\nb"), r"'a\nb'");
        assert_eq!(quoted(&"é".repeat(64)), format!("'{}'", "é".repeat(64)));
        assert_eq!(quoted(&"é".repeat(65)), format!("'{}...'", "é".repeat(64)));
    }
}
