//! [`Line`]: the socket between a child and its parent, and what is said on it.
//!
//! A message is the lengths of what follows (4 and 8 bytes, little-endian), a JSON document, and bytes where the
//! message has some. A descriptor comes with the first byte. What a child says is checked as what a stranger says.

use std::ffi::OsString;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use blink_runtime::descriptors;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Told;
use crate::device_trial::Tried;
use crate::guest;
use crate::request::Stage;
use crate::summary::Summary;

/// Longest document, in bytes.
const MAX_DOCUMENT: u32 = 64 << 20;

/// What a child says. After what it asks for it waits for an [`Answer`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    /// It stands behind its walls, these excepted, and begins.
    Walled { missing: Vec<String> },
    /// A stage begins, about this file.
    Stage(Stage, OsString),
    /// It asks for a file for the artifact.
    Output,
    /// It asks that a device tries what it wrote to the last file.
    TryOnDevice,
    /// It asks that another program optimises the module in the bytes.
    OptimiseGuest,
    /// It is done.
    Done(Box<Summary>),
    /// It has failed.
    Failed(Told),
}

/// What a child is answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The file comes with it.
    Output,
    /// What came of the trial.
    Tried(Option<Tried>),
    /// The module is in the bytes.
    Optimised,
    /// It failed, and the parent knows why.
    No,
}

/// One end of the socket.
pub(super) struct Line(UnixStream);

/// A message.
pub(super) struct Heard<T> {
    pub(super) said: T,
    pub(super) bytes: Vec<u8>,
    pub(super) descriptor: Option<OwnedFd>,
}

impl Line {
    pub(super) fn new(socket: UnixStream) -> Line {
        Line(socket)
    }

    /// Says `what`, with `bytes`, and a descriptor that the other side gets a copy of. Where that fails nothing more is
    /// said: the other side hears the end, and does not wait for what will not come.
    pub(super) fn say(
        &self,
        what: &impl Serialize,
        bytes: &[u8],
        descriptor: Option<BorrowedFd<'_>>,
    ) -> io::Result<()> {
        // It fails where the other side is gone, which is as well.
        self.try_say(what, bytes, descriptor).inspect_err(|_| _ = self.0.shutdown(Shutdown::Write))
    }

    fn try_say(&self, what: &impl Serialize, bytes: &[u8], descriptor: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let document = serde_json::to_vec(what)?;
        let len = u32::try_from(document.len()).ok().filter(|len| *len <= MAX_DOCUMENT);
        let len = len.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "message is too long"))?;
        let mut head = Vec::with_capacity(12 + document.len());
        head.extend_from_slice(&len.to_le_bytes());
        head.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        head.extend_from_slice(&document);
        let descriptor: Vec<_> = descriptor.into_iter().collect();
        descriptors::send(&self.0, &head, &descriptor)?;
        io::Write::write_all(&mut &self.0, bytes)
    }

    /// What the other side says next; `None` where it is gone.
    pub(super) fn hear<T: DeserializeOwned>(&self) -> io::Result<Option<Heard<T>>> {
        let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let mut head = [0; 12];
        let Some(descriptors) = descriptors::receive(&self.0, &mut head)? else { return Ok(None) };
        let [a, b, c, d, rest @ ..] = head;
        let (document, bytes) = (u32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(rest));
        if document > MAX_DOCUMENT || bytes > guest::MAX_LEN {
            return Err(wrong("message is too long"));
        }
        let (Some(document), Some(bytes)) = (self.read(u64::from(document))?, self.read(bytes)?) else {
            return Ok(None);
        };
        let said = serde_json::from_slice(&document).map_err(|error| wrong(&error.to_string()))?;
        Ok(Some(Heard { said, bytes, descriptor: descriptors.into_iter().next() }))
    }

    /// So many bytes, which take memory as they come; `None` where the other side went before that.
    fn read(&self, len: u64) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        match (&self.0).take(len).read_to_end(&mut bytes) {
            Ok(read) => Ok((read as u64 == len).then_some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn pair() -> (Line, UnixStream) {
        let (here, there) = UnixStream::pair().unwrap();
        (Line::new(here), there)
    }

    #[test]
    fn a_message_is_heard_as_it_was_said() {
        let (here, there) = pair();
        let there = Line::new(there);
        let file = tempfile::tempfile().unwrap();
        here.say(&Answer::Optimised, b"bytes", Some(file.as_fd())).unwrap();
        here.say(&Answer::No, b"", None).unwrap();
        drop(here);
        let heard = there.hear::<Answer>().unwrap().unwrap();
        assert!(matches!(heard.said, Answer::Optimised) && heard.bytes == b"bytes" && heard.descriptor.is_some());
        let heard = there.hear::<Answer>().unwrap().unwrap();
        assert!(matches!(heard.said, Answer::No) && heard.bytes.is_empty() && heard.descriptor.is_none());
        assert!(there.hear::<Answer>().unwrap().is_none());
    }

    #[test]
    fn a_stranger_is_refused() {
        let lengths = |document: u32, bytes: u64| [&document.to_le_bytes()[..], &bytes.to_le_bytes()].concat();
        for said in [lengths(u32::MAX, 0), lengths(2, u64::MAX), [lengths(2, 0), b"{}".to_vec()].concat()] {
            let (here, mut there) = pair();
            there.write_all(&said).unwrap();
            let error = here.hear::<Said>().map(drop).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{said:?}");
        }
        // One that goes in the middle of a word is gone.
        for said in [lengths(2, 0), lengths(2, 0)[..5].to_vec(), [lengths(4, 9), b"\"No\"1234".to_vec()].concat()] {
            let (here, mut there) = pair();
            there.write_all(&said).unwrap();
            drop(there);
            assert!(here.hear::<Answer>().unwrap().is_none(), "{said:?}");
        }
    }
}
