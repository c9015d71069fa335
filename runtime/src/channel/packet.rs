//! [`Packet`]: 32 bytes on the socket, four little-endian words: `kind | code << 32`, `a`, `b`, `memory_len`.
//!
//! A run is one packet there and one back. What does not fit in a packet stands in shared memory.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;

use super::{ChannelError, REFUSED};

/// Bytes of a packet.
const LEN: usize = 32;

/// Where a record stands in shared memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes from the beginning of the memory.
    pub(crate) offset: u64,
    /// Bytes of the record.
    pub(crate) len: u64,
    /// Bytes of the memory when the packet was sent: it may have grown.
    pub(crate) memory_len: u64,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// Launcher to worker: run on these inputs.
    Run(Place),
    /// Worker to launcher: these are the outputs, or the text of facts.
    Answer(Place),
    /// Worker to launcher: the start or this run failed, with a class of failure and a message.
    Failed(u32, Place),
    /// Restorer to launcher: this snapshot is not for here. Nothing was run, and the restorer is gone.
    Refused {
        /// Which rule was broken.
        code: u32,
        /// Details, by rule.
        details: [u64; 2],
    },
    /// Launcher to worker: what do you believe about yourself?
    Facts,
}

impl Packet {
    fn words(self) -> [u64; 4] {
        let place = |kind, place: Place| [kind, place.offset, place.len, place.memory_len];
        match self {
            Packet::Run(at) => place(1, at),
            Packet::Answer(at) => place(2, at),
            Packet::Failed(class, at) => place(3 | u64::from(class) << 32, at),
            Packet::Refused { code, details: [a, b] } => [u64::from(REFUSED) | u64::from(code) << 32, a, b, 0],
            Packet::Facts => [5, 0, 0, 0],
        }
    }

    fn of([head, a, b, memory_len]: [u64; 4]) -> Result<Packet, ChannelError> {
        let place = Place { offset: a, len: b, memory_len };
        let code = (head >> 32) as u32;
        match head as u32 {
            1 => Ok(Packet::Run(place)),
            2 => Ok(Packet::Answer(place)),
            3 => Ok(Packet::Failed(code, place)),
            REFUSED => Ok(Packet::Refused { code, details: [a, b] }),
            5 => Ok(Packet::Facts),
            _ => Err(ChannelError::Packet { found: head }),
        }
    }
}

/// Sends `packet`. A peer that is gone is an error (`BrokenPipe`), not a signal.
pub(crate) fn send(mut socket: &UnixStream, packet: Packet) -> io::Result<()> {
    let mut bytes = [0; LEN];
    for (to, word) in bytes.chunks_exact_mut(8).zip(packet.words()) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    socket.write_all(&bytes)
}

/// Waits for a packet; `None` where the peer is gone.
pub(crate) fn receive(mut socket: &UnixStream) -> Result<Option<Packet>, ChannelError> {
    let mut bytes = [0; LEN];
    match socket.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => return Ok(None),
        Err(error) => return Err(ChannelError::Socket(error)),
    }
    let mut words = [0; 4];
    for (word, from) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = from.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    }
    Packet::of(words).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_as_they_were_sent() {
        let (here, there) = UnixStream::pair().unwrap();
        let at = Place { offset: 64, len: u64::MAX, memory_len: 0x0102_0304_0506_0708 };
        let refused = Packet::Refused { code: u32::MAX, details: [1, 2] };
        let all = [Packet::Run(at), Packet::Answer(at), Packet::Failed(7, at), refused, Packet::Facts];
        for packet in all {
            send(&here, packet).unwrap();
            assert_eq!(receive(&there).unwrap(), Some(packet));
        }
        drop(here);
        assert_eq!(receive(&there).unwrap(), None);
        assert_eq!(send(&there, Packet::Run(at)).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn the_layout_is_the_documented_one() {
        let (here, mut there) = UnixStream::pair().unwrap();
        send(&here, Packet::Failed(5, Place { offset: 1, len: 2, memory_len: 3 })).unwrap();
        let mut bytes = [0; LEN];
        there.read_exact(&mut bytes).unwrap();
        assert_eq!((bytes[0], bytes[4], bytes[8], bytes[16], bytes[24]), (3, 5, 1, 2, 3));
        assert_eq!(bytes.iter().filter(|byte| **byte != 0).count(), 5);
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        for head in [0, 6, u64::MAX] {
            assert!(matches!(Packet::of([head, 0, 0, 0]), Err(ChannelError::Packet { found }) if found == head));
        }
        let (mut here, there) = UnixStream::pair().unwrap();
        here.write_all(&[1; LEN - 1]).unwrap();
        drop(here);
        assert_eq!(receive(&there).unwrap(), None, "half a packet is a peer that died");
    }
}
