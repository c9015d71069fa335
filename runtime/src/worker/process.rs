//! The process itself: what its launcher gave it, its local time, and how it ends.
#![allow(unsafe_code)]

use std::fs::File;
use std::io::Write;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use blink_snapshots::close_inherited;
use rustix::fs::{FileType, fstat};
use rustix::io::{FdFlags, fcntl_setfd};

use crate::channel::{self, SharedMemory};

/// What a launcher has given the process.
pub(super) struct Given {
    pub(super) socket: UnixStream,
    pub(super) memory: SharedMemory,
    /// The artifact, where it was to come open.
    pub(super) artifact: Option<File>,
}

/// Takes over the socket, the shared memory, and the artifact where it is `held`, and closes every descriptor above
/// them: they are somebody else's. `None` where no launcher has put them there. To be called once, before anything is
/// opened.
pub(super) fn adopt(held: bool) -> Option<Given> {
    let socket = take(channel::SOCKET, FileType::Socket)?;
    let memory = take(channel::MEMORY, FileType::RegularFile)?;
    let artifact = if held { Some(take(channel::ARTIFACT, FileType::RegularFile)?.into()) } else { None };
    close_inherited(if held { channel::ARTIFACT + 1 } else { channel::MEMORY + 1 });
    Some(Given { socket: socket.into(), memory: SharedMemory::of(memory), artifact })
}

/// The descriptor `number`, where it is open and of this type. Processes that this one starts do not get it.
fn take(number: RawFd, expected: FileType) -> Option<OwnedFd> {
    // SAFETY: it is only asked about; where it is not open, the calls below say so.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let found = FileType::from_raw_mode(fstat(borrowed).ok()?.st_mode);
    fcntl_setfd(borrowed, FdFlags::CLOEXEC).ok()?;
    // SAFETY: it is open, and this process owns nothing yet that could have opened it.
    (found == expected).then(|| unsafe { OwnedFd::from_raw_fd(number) })
}

/// How far the C library's local time is ahead of UTC at the beginning of 1970, in seconds.
pub(super) fn utc_offset() -> i64 {
    let mut local = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: zeros are a `tm`, which the call fills in or leaves.
    let local = unsafe {
        libc::localtime_r(&0, local.as_mut_ptr());
        local.assume_init()
    };
    local.tm_gmtoff
}

/// Reads the time zone that the environment names, which may be in a file. Where it names none, local time is read when
/// it is first asked for.
pub(super) fn settle_local_time() {
    if std::env::var_os("TZ").is_some() {
        utc_offset();
    }
}

/// Ends a process that no launcher has spawned.
pub(super) fn refuse() -> ! {
    // Stderr may be closed; the code still tells.
    let _ = writeln!(std::io::stderr(), "blink: {} is started by blink itself: use `blink run`", channel::VERB);
    std::process::exit(2)
}

/// Ends the process: nothing is torn down that the kernel frees anyway.
pub(super) fn end() -> ! {
    end_with(0)
}

/// As [`end`], with this exit code.
pub(super) fn end_with(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions. Exit handlers do not run: what they would release ends with the process.
    unsafe { libc::_exit(code) }
}
