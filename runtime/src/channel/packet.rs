//! [`Packet`]: 32 bytes on the socket, four little-endian words: `kind | code << 32`, `a`, `b`, `memory_len`.
//!
//! A run is one packet there and one back. What does not fit in a packet stands in shared memory.

use std::io::{self, Read, Write};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use super::descriptors::{self, is_gone};
use super::{ChannelError, REFUSED};

/// Bytes of a packet.
const LEN: usize = 32;
/// Descriptors of a guest's streams: stdin, stdout, stderr.
pub(crate) const STREAMS: usize = 3;
const _: () = assert!(STREAMS <= descriptors::MOST);

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
    /// Launcher to worker: run the model of this index on these inputs; [`ONLY`]: the only one.
    Run(u32, Place),
    /// Worker to launcher: these are the outputs, or the text of facts, or the start's phases. The number says which
    /// walls stand around it; 0: none were wanted.
    Answer(u32, Place),
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
    /// Launcher to worker: run the guest on this request, a text; its streams come with the packet, as descriptors.
    Guest(Place),
    /// Worker to launcher: the guest begins. From here on it must not be run again elsewhere.
    Begun,
    /// Worker to launcher: the guest brings this ONNX model. The answer is [`Packet::Loaded`] or [`Packet::Failed`].
    Load(Place),
    /// Launcher to worker: the artifact made of it, as the text of a path.
    Loaded(Place),
    /// Launcher to worker: say when the start is complete. The answer holds its phases and no tensors.
    Ready,
    /// Launcher to worker: what does the model have of a device? The answer is a text.
    Device,
    /// Launcher to worker, once and first: how high its walls are to be, and what they leave open (`orders.rs`).
    Orders {
        /// The level.
        level: u32,
        /// Bytes that follow.
        len: u64,
        /// Whether it may use the network.
        network: bool,
    },
}

/// The index of a model where a worker has but one.
pub const ONLY: u32 = u32::MAX;

impl Packet {
    fn words(self) -> [u64; 4] {
        let place = |kind, place: Place| [kind, place.offset, place.len, place.memory_len];
        match self {
            Packet::Run(model, at) => place(1 | u64::from(model) << 32, at),
            Packet::Answer(walls, at) => place(2 | u64::from(walls) << 32, at),
            Packet::Failed(class, at) => place(3 | u64::from(class) << 32, at),
            Packet::Refused { code, details: [a, b] } => [u64::from(REFUSED) | u64::from(code) << 32, a, b, 0],
            Packet::Facts => [5, 0, 0, 0],
            Packet::Guest(at) => place(6, at),
            Packet::Begun => [7, 0, 0, 0],
            Packet::Load(at) => place(8, at),
            Packet::Loaded(at) => place(9, at),
            Packet::Ready => [10, 0, 0, 0],
            Packet::Device => [11, 0, 0, 0],
            Packet::Orders { level, len, network } => [12 | u64::from(level) << 32, len, network.into(), 0],
        }
    }

    fn bytes(self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        for (to, word) in bytes.chunks_exact_mut(8).zip(self.words()) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8; LEN]) -> Result<Packet, ChannelError> {
        let mut words = [0; 4];
        for (word, from) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = from.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        }
        Packet::of(words)
    }

    fn of([head, a, b, memory_len]: [u64; 4]) -> Result<Packet, ChannelError> {
        let place = Place { offset: a, len: b, memory_len };
        let code = (head >> 32) as u32;
        match head as u32 {
            1 => Ok(Packet::Run(code, place)),
            2 => Ok(Packet::Answer(code, place)),
            3 => Ok(Packet::Failed(code, place)),
            REFUSED => Ok(Packet::Refused { code, details: [a, b] }),
            5 => Ok(Packet::Facts),
            6 => Ok(Packet::Guest(place)),
            7 => Ok(Packet::Begun),
            8 => Ok(Packet::Load(place)),
            9 => Ok(Packet::Loaded(place)),
            10 => Ok(Packet::Ready),
            11 => Ok(Packet::Device),
            12 if b < 2 => Ok(Packet::Orders { level: code, len: a, network: b == 1 }),
            _ => Err(ChannelError::Packet { found: head }),
        }
    }
}

/// The bytes of `packet`.
pub(super) fn bytes(packet: Packet) -> [u8; LEN] {
    packet.bytes()
}

/// Sends `packet`. A peer that is gone is an error (`BrokenPipe`), not a signal.
pub(crate) fn send(mut socket: &UnixStream, packet: Packet) -> io::Result<()> {
    socket.write_all(&packet.bytes())
}

/// As [`send`], with descriptors that the other side gets copies of.
pub(crate) fn send_with(
    socket: &UnixStream,
    packet: Packet,
    descriptors: &[BorrowedFd<'_>; STREAMS],
) -> io::Result<()> {
    descriptors::send(socket, &packet.bytes(), descriptors)
}

/// Waits for a packet and the descriptors that may come with it; `None` where the peer is gone.
pub(crate) fn receive_with(socket: &UnixStream) -> Result<Option<(Packet, Vec<OwnedFd>)>, ChannelError> {
    let mut bytes = [0; LEN];
    match descriptors::receive(socket, &mut bytes).map_err(ChannelError::Socket)? {
        Some(descriptors) => Packet::decode(&bytes).map(|packet| Some((packet, descriptors))),
        None => Ok(None),
    }
}

/// Waits for a packet; `None` where the peer is gone.
pub(crate) fn receive(mut socket: &UnixStream) -> Result<Option<Packet>, ChannelError> {
    let mut bytes = [0; LEN];
    match socket.read_exact(&mut bytes) {
        Ok(()) => {}
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(ChannelError::Socket(error)),
    }
    Packet::decode(&bytes).map(Some)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn packets_come_as_they_were_sent() {
        let (here, there) = UnixStream::pair().unwrap();
        let at = Place { offset: 64, len: u64::MAX, memory_len: 0x0102_0304_0506_0708 };
        let refused = Packet::Refused { code: u32::MAX, details: [1, 2] };
        let runs = [Packet::Run(3, at), Packet::Answer(9, at), Packet::Failed(7, at), refused, Packet::Facts];
        let guests =
            [Packet::Guest(at), Packet::Begun, Packet::Load(at), Packet::Loaded(at), Packet::Ready, Packet::Device];
        let orders = Packet::Orders { level: 2, len: u64::MAX, network: true };
        for packet in runs.into_iter().chain(guests).chain([orders]) {
            send(&here, packet).unwrap();
            assert_eq!(receive(&there).unwrap(), Some(packet));
        }
        drop(here);
        assert_eq!(receive(&there).unwrap(), None);
        assert_eq!(send(&there, Packet::Run(ONLY, at)).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn descriptors_come_with_a_packet() {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut reader, writer) = io::pipe().unwrap();
        let writer = OwnedFd::from(writer);
        send_with(&here, Packet::Guest(Place::default()), &[writer.as_fd(); STREAMS]).unwrap();
        send(&here, Packet::Facts).unwrap();
        drop(writer);
        let (packet, descriptors) = receive_with(&there).unwrap().unwrap();
        assert_eq!((packet, descriptors.len()), (Packet::Guest(Place::default()), STREAMS));
        for descriptor in descriptors {
            std::fs::File::from(descriptor).write_all(b"x").unwrap();
        }
        let mut written = String::new();
        reader.read_to_string(&mut written).unwrap();
        assert_eq!(written, "xxx");
        assert_eq!(receive_with(&there).unwrap().unwrap().0, Packet::Facts);
        drop(here);
        assert!(receive_with(&there).unwrap().is_none());
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
        for head in [0, 13, u64::MAX] {
            assert!(matches!(Packet::of([head, 0, 0, 0]), Err(ChannelError::Packet { found }) if found == head));
        }
        let (mut here, there) = UnixStream::pair().unwrap();
        here.write_all(&[1; LEN - 1]).unwrap();
        drop(here);
        assert_eq!(receive(&there).unwrap(), None, "half a packet is a peer that died");
    }
}
