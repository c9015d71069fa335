//! [`Parked`]: a worker that has parked, and gives its memory piece by piece.

use std::io::{self, Read, Write};

use blink_restorer::image::{ADDRESS_END, ADDRESS_START, Thread, read};

use super::process::Process;

/// A parked worker, seen from its parent: requests go in at its stdin, memory comes out at its stdout.
#[derive(Debug)]
pub struct Parked<W, R> {
    process: Process,
    requests: W,
    memory: R,
    thread: Thread,
}

impl<W: Write, R: Read> Parked<W, R> {
    /// Waits until the worker of that id has parked. Its end, or anything else on its stdout, is an error.
    pub fn wait(process: Process, requests: W, mut memory: R) -> io::Result<Parked<W, R>> {
        let mut bytes = vec![0; size_of::<Thread>()];
        memory.read_exact(&mut bytes)?;
        let thread: Thread = read(&bytes).ok_or(io::ErrorKind::InvalidData)?;
        let places = [thread.stack_pointer, thread.resume, thread.fs_base, thread.tid_address, thread.letter];
        if places.iter().any(|place| !(ADDRESS_START..ADDRESS_END).contains(place)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its stdout does not tell of a parked thread"));
        }
        Ok(Parked { process, requests, memory, thread })
    }

    /// The process.
    pub(crate) fn process(&self) -> Process {
        self.process
    }

    /// What it told of its thread.
    pub(crate) fn thread(&self) -> &Thread {
        &self.thread
    }

    /// Fills `bytes` with the worker's memory from `address` on.
    pub(crate) fn read_at(&mut self, address: u64, bytes: &mut [u8]) -> io::Result<()> {
        /// The most that is asked for at once.
        const PIECE: usize = 1 << 20;
        let mut address = address;
        for piece in bytes.chunks_mut(PIECE) {
            let mut request = [0; 16];
            request[..8].copy_from_slice(&address.to_ne_bytes());
            request[8..].copy_from_slice(&piece.len().to_ne_bytes());
            self.requests.write_all(&request)?;
            self.memory.read_exact(piece)?;
            address += piece.len() as u64;
        }
        Ok(())
    }
}
