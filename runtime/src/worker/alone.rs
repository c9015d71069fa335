//! What is to happen once nobody is at the other end of a socket. A worker that waits learns of that by itself; one that
//! computes, or hangs in a driver, does not.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

use super::line::Line;
use super::process;

/// Stack of the thread, which makes few system calls, in bytes.
const STACK: usize = 64 << 10;

/// What is asked for: that nothing more will be said at the other end. That it is closed is told in any case.
#[cfg(target_os = "linux")]
const ALONE: PollFlags = PollFlags::RDHUP;
#[cfg(not(target_os = "linux"))]
const ALONE: PollFlags = PollFlags::empty();

/// Ends the process as soon as nobody is at the other end of `line`. Without this a run is finished first.
pub(super) fn end_when_alone(line: &Arc<Line>) {
    when_alone(Arc::clone(line), || process::end());
}

/// Does `work` as soon as nobody is at the other end of `socket`; never where no thread can be started for it.
pub(super) fn when_alone(socket: impl AsFd + Send + 'static, work: impl FnOnce() + Send + 'static) {
    let watch = move || {
        while poll(&mut [PollFd::new(&socket, ALONE)], None) == Err(Errno::INTR) {}
        work();
    };
    let _ = thread::Builder::new().name("blink-alone".into()).stack_size(STACK).spawn(watch);
}
