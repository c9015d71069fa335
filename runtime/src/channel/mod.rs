//! What a launcher and its worker agree on: arguments, packets on a socket, tensors in shared memory.
//!
//! | file | what it fixes |
//! |---|---|
//! | `arguments.rs` | the worker's command line |
//! | `control.rs` | what is said to a resident worker: models to be started in it |
//! | `packet.rs` | 32 bytes that say whose turn it is |
//! | `descriptors.rs` | bytes and descriptors on a socket, for both of these |
//! | `memory.rs` | the memory that both map |
//! | `record.rs` | tensors in that memory |
//! | `writer.rs` | putting them there |
//! | `reader.rs` | reading a record without trusting it |
//! | `orders.rs` | what a worker is told of its walls |
//! | `failure.rs` | why a worker has no answer |
//!
//! The worker speaks when it is spoken to. Between a packet and its reply the memory is the worker's, else the
//! launcher's. Whatever comes from the other side is checked before it is used; it is refused, never a panic.

mod arguments;
pub(crate) mod control;
pub mod descriptors;
mod failure;
mod memory;
mod orders;
mod packet;
mod reader;
mod record;
mod writer;

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use rustix::io::fcntl_dupfd_cloexec;

pub(crate) use arguments::{Arguments, Mode};
pub(crate) use blink_snapshots::channel::{IMAGE, MEMORY, REFUSED, SOCKET};
pub(crate) use failure::Failure;
pub use failure::FailureClass;
pub(crate) use memory::SharedMemory;
pub use memory::nameless;
pub(crate) use orders::Orders;
pub use packet::ONLY;
pub(crate) use packet::{Packet, Place, STREAMS, receive, receive_with, send, send_with};
pub(crate) use record::{Record, read_bytes, read_text, write_bytes, write_text};
pub use writer::Unfilled;
pub(crate) use writer::{write, write_unfilled};

/// The first argument of a resident worker.
pub(crate) const RESIDENT_VERB: &str = "device-process";
/// The first argument of a worker.
pub(crate) const VERB: &str = "worker-process";
/// The descriptor of an artifact that the launcher holds open. A restored worker has its image there, until it is mapped.
pub(crate) const ARTIFACT: RawFd = IMAGE;
/// The lowest number of a descriptor that the launcher keeps: what is below is put in place in the worker.
const FIRST: RawFd = 10;

/// The same descriptor at a number that no worker's descriptor has.
pub(crate) fn high(file: OwnedFd) -> io::Result<OwnedFd> {
    if file.as_raw_fd() >= FIRST { Ok(file) } else { Ok(fcntl_dupfd_cloexec(file, FIRST)?) }
}

/// Another descriptor of the same file, at a number that no worker's descriptor has.
pub(crate) fn high_copy(file: &impl AsFd) -> io::Result<OwnedFd> {
    Ok(fcntl_dupfd_cloexec(file, FIRST)?)
}

/// Why what the other side sent cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ChannelError {
    #[error("socket: {0}")]
    Socket(io::Error),
    #[error("packet is of kind {found}, expected a known one")]
    Packet { found: u64 },
    #[error("packet is one that the other side does not send")]
    Turn,
    #[error("failure is of class {found}, expected a known one")]
    Failure { found: u32 },
    #[error("shared memory: {0}")]
    Memory(io::Error),
    #[error("record of {len} bytes at {offset} does not lie in the {memory} bytes of shared memory")]
    Place { offset: u64, len: u64, memory: usize },
    #[error("record is damaged: {what}")]
    Record { what: &'static str },
}
