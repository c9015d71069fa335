//! [`Orders`]: what a launcher tells a worker of its walls, before anything else. Every worker that serves is told so,
//! started normally or restored: nothing of it is in a snapshot.
//!
//! A packet, and then as many bytes as it says: the paths that stay open, each `r` or `w`, the path, NUL.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::ChannelError;
use super::packet::{self, Packet};
use crate::grants::Grants;
use crate::sandbox::Sandbox;

/// Longest list of paths, in bytes.
const LONGEST: u64 = 1 << 20;

/// How high the walls are to be, and what they leave open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Orders {
    pub(crate) level: Sandbox,
    pub(crate) grants: Grants,
}

impl Orders {
    /// Tells the worker at the other end. What is told to a worker that is gone, its first request tells, too.
    pub(crate) fn send(&self, mut socket: &UnixStream) -> io::Result<()> {
        let Grants { read, write, network } = &self.grants;
        let paths = read.iter().map(|path| (b'r', path)).chain(write.iter().map(|path| (b'w', path)));
        let mut bytes = Vec::new();
        for (kind, path) in paths {
            bytes.push(kind);
            bytes.extend(path.as_os_str().as_bytes());
            bytes.push(0);
        }
        if bytes.len() as u64 > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "paths that a guest may use are too many"));
        }
        let head = Packet::Orders { level: self.level as u32, len: bytes.len() as u64, network: *network };
        bytes.splice(0..0, packet::bytes(head));
        socket.write_all(&bytes)
    }

    /// Waits for them; `None` where the launcher is gone.
    pub(crate) fn receive(mut socket: &UnixStream) -> Result<Option<Orders>, ChannelError> {
        let Some(head) = packet::receive(socket)? else { return Ok(None) };
        let Packet::Orders { level, len, network } = head else { return Err(ChannelError::Turn) };
        let level = Sandbox::ALL.into_iter().find(|known| *known as u32 == level).ok_or(ChannelError::Turn)?;
        if len > LONGEST {
            return Err(ChannelError::Turn);
        }
        let mut bytes = vec![0; len as usize];
        socket.read_exact(&mut bytes).map_err(ChannelError::Socket)?;
        let mut grants = Grants { network, ..Grants::default() };
        for word in bytes.split_inclusive(|byte| *byte == 0) {
            match word {
                [b'r', path @ .., 0] => grants.read.push(PathBuf::from(OsString::from_vec(path.to_vec()))),
                [b'w', path @ .., 0] => grants.write.push(PathBuf::from(OsString::from_vec(path.to_vec()))),
                _ => return Err(ChannelError::Turn),
            }
        }
        Ok(Some(Orders { level, grants }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_come_as_they_were_given() {
        let (here, there) = UnixStream::pair().unwrap();
        let odd = PathBuf::from(OsString::from_vec(b"/a b/\xff\n".to_vec()));
        let some = Grants { read: vec![odd.clone(), "/r".into()], write: vec![odd], network: true };
        for level in Sandbox::ALL {
            for grants in [Grants::default(), some.clone()] {
                let orders = Orders { level, grants };
                orders.send(&here).unwrap();
                assert_eq!(Orders::receive(&there).unwrap(), Some(orders));
            }
        }
        drop(here);
        assert_eq!(Orders::receive(&there).unwrap(), None);
    }

    #[test]
    fn what_are_no_orders_is_refused() {
        let given = |head: Packet, rest: &[u8]| {
            let (mut here, there) = UnixStream::pair().unwrap();
            packet::send(&here, head).unwrap();
            here.write_all(rest).unwrap();
            drop(here);
            Orders::receive(&there).map(drop)
        };
        let orders = |level, len| Packet::Orders { level, len, network: false };
        assert!(given(orders(1, 3), b"r/\0").is_ok());
        for (head, rest) in [
            (Packet::Ready, &b""[..]),
            (orders(3, 0), b""),
            (orders(1, LONGEST + 1), b""),
            (orders(1, 2), b"r/"),
            (orders(1, 3), b"x/\0"),
            (orders(1, 4), b"r/\0"),
        ] {
            assert!(given(head, rest).is_err(), "{head:?} {rest:?}");
        }
        let many = Grants { read: vec!["/a".repeat(1 << 19).into(), "/b".into()], ..Grants::default() };
        let (here, _there) = UnixStream::pair().unwrap();
        assert!(Orders { level: Sandbox::Strict, grants: many }.send(&here).is_err());
    }
}
