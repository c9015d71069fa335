//! [`Reader`]: numbers and texts from bytes that somebody else wrote. It never reads past the end, and allocates
//! nothing that the bytes only announce.

use super::ChannelError;

/// What is left to read.
pub(super) struct Reader<'a>(&'a [u8]);

pub(super) fn damaged(what: &'static str) -> ChannelError {
    ChannelError::Record { what }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// Whether everything was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// A little-endian number of 8 bytes.
    pub(super) fn number(&mut self) -> Result<u64, ChannelError> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(damaged("it ends in a number"))?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// A number that must be a size or a place in memory.
    pub(super) fn size(&mut self) -> Result<usize, ChannelError> {
        usize::try_from(self.number()?).map_err(|_| damaged("a size passes the address space"))
    }

    /// A text with its length before it.
    pub(super) fn text(&mut self) -> Result<&'a str, ChannelError> {
        let len = self.size()?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(damaged("it ends in a text"))?;
        self.0 = rest;
        std::str::from_utf8(bytes).map_err(|_| damaged("a text is not UTF-8"))
    }
}
