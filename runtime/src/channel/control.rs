//! What a launcher and a resident worker say to each other: one greeting, then models to be started.
//!
//! A message is its length, 4 bytes in little-endian, and so many bytes; descriptors come with the first of them. Each
//! model has a socket and shared memory of its own, and speaks there as every worker does (`packet.rs`).

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;

use serde::{Deserialize, Serialize};

use super::{Arguments, descriptors};
use crate::timeline::Recorded;

/// Longest message, in bytes: paths and names are far shorter.
const LONGEST: usize = 1 << 20;

/// What a resident worker says when it is up, or could not come up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Greeting {
    /// What the device calls itself, or why there is none: a failure's class and words.
    pub(crate) device: Result<String, (u32, String)>,
    /// The phases that it took to come up.
    pub(crate) phases: Vec<Recorded>,
}

/// Says `greeting`.
pub(crate) fn greet(socket: &UnixStream, greeting: &Greeting) -> io::Result<()> {
    send(socket, &serde_json::to_vec(greeting)?, &[])
}

/// Waits for the greeting; `None` where the worker is gone.
pub(crate) fn hear_greeting(socket: &UnixStream) -> io::Result<Option<Greeting>> {
    let Some((bytes, _)) = receive(socket)? else { return Ok(None) };
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// Has the model of `arguments` started. `descriptors` are its socket, its shared memory, and its artifact where that is
/// held.
pub(crate) fn send_start(socket: &UnixStream, arguments: &Arguments, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    // No word holds a NUL byte: paths cannot, and names were checked.
    let words = arguments.to_words();
    let words: Vec<&[u8]> = words.iter().skip(1).map(|word| word.as_bytes()).collect();
    send(socket, &words.join(&0), descriptors)
}

/// Waits for the next model to start; `None` where the launcher is gone.
pub(crate) fn receive_start(socket: &UnixStream) -> io::Result<Option<(Arguments, Vec<OwnedFd>)>> {
    let Some((bytes, descriptors)) = receive(socket)? else { return Ok(None) };
    let words = bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec()));
    let arguments = Arguments::parse(words).ok_or_else(|| invalid("message is no model to start"))?;
    Ok(Some((arguments, descriptors)))
}

/// Whether `text` can be one word of a message.
pub(crate) fn is_word(text: &OsStr) -> bool {
    !text.as_bytes().contains(&0)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn send(socket: &UnixStream, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    if bytes.len() > LONGEST {
        return Err(invalid("message is too long"));
    }
    let message = [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat();
    descriptors::send(socket, &message, descriptors)
}

fn receive(mut socket: &UnixStream) -> io::Result<Option<(Vec<u8>, Vec<OwnedFd>)>> {
    let mut head = [0; 4];
    let Some(descriptors) = descriptors::receive(socket, &mut head)? else { return Ok(None) };
    let len = u32::from_le_bytes(head) as usize;
    if len > LONGEST {
        return Err(invalid("message is too long"));
    }
    let mut bytes = vec![0; len];
    socket.read_exact(&mut bytes)?;
    Ok(Some((bytes, descriptors)))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;

    use super::*;
    use crate::channel::Mode;
    use crate::timeline::Phase;

    #[test]
    fn a_greeting_comes_as_it_was_said() {
        let (here, there) = UnixStream::pair().unwrap();
        let phases = vec![Recorded { phase: Phase::Context, begin: 1, end: u64::MAX }];
        for device in [Ok("a device".to_owned()), Err((14, "none".to_owned()))] {
            let greeting = Greeting { device, phases: phases.clone() };
            greet(&here, &greeting).unwrap();
            assert_eq!(hear_greeting(&there).unwrap(), Some(greeting));
        }
        drop(here);
        assert_eq!(hear_greeting(&there).unwrap(), None);
    }

    #[test]
    fn a_model_to_start_comes_with_its_descriptors() {
        let (here, there) = UnixStream::pair().unwrap();
        let words = [
            "/a b.blink",
            "on",
            "",
            "",
            "-",
            "m",
            "2",
            "-",
            "off",
            "cuda:1",
            "on",
            "bound",
            "off",
            "standard",
            "serve",
        ];
        let arguments = Arguments::parse(words.iter().map(OsString::from)).unwrap();
        assert_eq!(arguments.mode, Mode::Serve);
        for descriptors in [vec![here.as_fd(); 2], vec![here.as_fd(); 3]] {
            send_start(&here, &arguments, &descriptors).unwrap();
            let (read, received) = receive_start(&there).unwrap().unwrap();
            assert_eq!((read, received.len()), (arguments.clone(), descriptors.len()));
        }
        drop(here);
        assert!(receive_start(&there).unwrap().is_none());
    }

    #[test]
    fn what_is_no_message_is_refused() {
        let (mut here, there) = UnixStream::pair().unwrap();
        here.write_all(&(LONGEST as u32 + 1).to_le_bytes()).unwrap();
        assert!(receive_start(&there).is_err());
        here.write_all(&[3, 0, 0, 0, b'a', 0, b'b']).unwrap();
        assert!(receive_start(&there).is_err());
        here.write_all(&[9, 0, 0, 0, b'{']).unwrap();
        drop(here);
        assert!(hear_greeting(&there).is_err());
    }
}
