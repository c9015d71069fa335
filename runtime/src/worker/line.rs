//! [`Line`]: a worker's ends of socket and shared memory, for all parts of it that talk to the launcher.

use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use crate::channel::SharedMemory;

/// What is asked for: that nothing more will be said at the other end. That it is closed is told in any case.
#[cfg(target_os = "linux")]
const ALONE: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const ALONE: PollFlags = PollFlags::empty();

/// Both ends. One part talks at a time: the server, or within a guest's run that run.
pub(super) struct Line {
    pub(super) socket: UnixStream,
    memory: Mutex<SharedMemory>,
}

/// Returns once nobody is at the other end of `socket`.
pub(super) fn wait_until_alone(socket: &UnixStream) {
    while poll(&mut [PollFd::new(socket, ALONE)], None) == Err(Errno::INTR) {}
}

impl Line {
    pub(super) fn new(socket: UnixStream, memory: SharedMemory) -> Line {
        Line { socket, memory: Mutex::new(memory) }
    }

    /// Returns once nobody is at the other end.
    pub(super) fn wait_until_alone(&self) {
        wait_until_alone(&self.socket);
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, SharedMemory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
