//! [`Line`]: a worker's ends of socket and shared memory, for all parts of it that talk to the launcher.

use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::channel::SharedMemory;

/// Both ends. One part talks at a time: the server, or within a guest's run that run.
pub(super) struct Line {
    pub(super) socket: UnixStream,
    memory: Mutex<SharedMemory>,
}

impl Line {
    pub(super) fn new(socket: UnixStream, memory: SharedMemory) -> Line {
        Line { socket, memory: Mutex::new(memory) }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, SharedMemory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsFd for Line {
    /// The socket's.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
