//! [`Listener`]: the chosen system calls of a process, and of all that it starts, come here before the kernel carries
//! them out (seccomp, user notification). Raw calls and those of the C library are the same to it.
#![allow(unsafe_code)]

use std::io;
use std::mem::{MaybeUninit, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::ptr;

use libc::{c_int, c_long, c_ulong, sock_filter};

use crate::kind::Kind;

/// `SECCOMP_IOCTL_NOTIF_RECV` and `_SEND`, which hold the size of what they are given.
const RECEIVE: c_ulong = 0xc050_2100;
const SEND: c_ulong = 0xc018_2101;
const _: () = assert!(size_of::<libc::seccomp_notif>() == 0x50 && size_of::<libc::seccomp_notif_resp>() == 0x18);

/// From here on is the number of the descriptor that a filtered process sends its listener by.
const SENDS_BY: c_int = 700;

/// Rust's library makes it before it enters `main`, and the system's loader does not: until then no code of the program
/// has run.
const BEGINS: c_long = libc::SYS_sigaltstack;

/// Where the calls arrive.
pub(crate) struct Listener(OwnedFd);

/// A call that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    id: u64,
    /// The thread that makes it; of a process with one thread, the process.
    pub(crate) task: u32,
    /// Whether it is [`BEGINS`], which is of no kind.
    pub(crate) begins: bool,
    /// Its first argument: a descriptor, where the call takes one.
    descriptor: u64,
}

impl Call {
    /// The error that it can fail with; `None` where it cannot fail so. A disk is full or broken under a file; a socket
    /// has no room; and what is no file at all, such as a counter of events, fails with neither.
    pub(crate) fn error(&self, kind: Kind) -> Option<i32> {
        if !matches!(kind, Kind::Read | Kind::Write) {
            return Some(kind.error());
        }
        let target = std::fs::read_link(format!("/proc/{}/fd/{}", self.task, self.descriptor)).unwrap_or_default();
        match target.to_string_lossy().split(':').next() {
            Some("anon_inode") => None,
            Some("socket") if kind == Kind::Write => Some(libc::ENOBUFS),
            _ => Some(kind.error()),
        }
    }
}

/// What came of waiting for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A call waits for its answer.
    Call(Call),
    /// Nothing came in the time that was given.
    Nothing,
    /// No process is left that could call.
    Ended,
}

/// Starts `command`; each of its calls of this kind waits until [`Listener::answer`] has answered it.
pub(crate) fn spawn(mut command: Command, kind: Kind) -> (Child, Listener) {
    let (here, there) = UnixDatagram::pair().expect("a pair of sockets");
    // SAFETY: the call takes numbers, and gives a new descriptor or none.
    let by = unsafe { libc::fcntl(there.as_raw_fd(), libc::F_DUPFD_CLOEXEC, SENDS_BY) };
    assert!(by >= SENDS_BY, "a high descriptor: {}", io::Error::last_os_error());
    // SAFETY: it was made just now.
    let by = unsafe { OwnedFd::from_raw_fd(by) };
    let (program, socket) = (filter(kind, by.as_raw_fd()), by.as_raw_fd());
    let install = move || send(socket, listen(&program)?);
    // SAFETY: between fork and exec there are three system calls, and no allocation. The one that the filter might ask
    // about is exempt by its descriptor, since nobody answers before this process has the listener.
    unsafe { command.pre_exec(install) };
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: no filter can be set (seccomp): {error}"));
    (child, Listener(receive(&here)))
}

/// The filter's program: calls of the kind are asked about, but for what is written to stderr, and for what is sent by
/// the descriptor `exempt`.
fn filter(kind: Kind, exempt: RawFd) -> Vec<sock_filter> {
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let load = |at| step(0x20, 0, 0, at);
    let equals = |value: u32, jt, jf| step(0x15, jt, jf, value);
    let give = |action| step(0x06, 0, 0, action);
    let (number, first_argument) = (load(0), load(16));
    let exempt = [(libc::SYS_write, libc::STDERR_FILENO), (libc::SYS_writev, 2), (libc::SYS_sendmsg, exempt)];
    let mut program = vec![number];
    for (call, descriptor) in exempt {
        let allow = give(libc::SECCOMP_RET_ALLOW);
        program.extend([equals(call as u32, 0, 4), first_argument, equals(descriptor as u32, 0, 1), allow, number]);
    }
    for &call in kind.calls().iter().chain([&BEGINS]) {
        program.extend([equals(call as u32, 0, 1), give(libc::SECCOMP_RET_USER_NOTIF)]);
    }
    program.push(give(libc::SECCOMP_RET_ALLOW));
    program
}

/// Puts the filter on this process for good; where its calls arrive.
fn listen(program: &[sock_filter]) -> io::Result<c_int> {
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_ptr().cast_mut() };
    let (mode, flags) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER);
    // SAFETY: the kernel copies the filter, which outlives the call.
    let listener = unsafe {
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 {
            return Err(io::Error::last_os_error());
        }
        libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program)
    };
    if listener < 0 { Err(io::Error::last_os_error()) } else { Ok(listener as c_int) }
}

/// A message with room for one descriptor. The buffers it points to must outlive it.
fn message(byte: &mut libc::iovec, room: &mut [u64; 4]) -> libc::msghdr {
    // SAFETY: all zeros is a message without anything.
    let mut message: libc::msghdr = unsafe { zeroed() };
    (message.msg_iov, message.msg_iovlen) = (byte, 1);
    message.msg_control = room.as_mut_ptr().cast();
    // SAFETY: a sum.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(size_of::<c_int>() as u32) } as usize;
    message
}

/// Sends a descriptor. It allocates nothing.
fn send(socket: RawFd, descriptor: c_int) -> io::Result<()> {
    let (mut byte, mut room) = (0u8, [0u64; 4]);
    let mut part = libc::iovec { iov_base: ptr::from_mut(&mut byte).cast(), iov_len: 1 };
    let message = message(&mut part, &mut room);
    // SAFETY: the room is aligned, and large enough for a header and a descriptor, which is what is written there; all
    // that the message points to is on this stack.
    let sent = unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(size_of::<c_int>() as u32) as usize;
        libc::CMSG_DATA(header).cast::<c_int>().write_unaligned(descriptor);
        libc::sendmsg(socket, &raw const message, 0)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn receive(socket: &UnixDatagram) -> OwnedFd {
    let (mut byte, mut room) = (0u8, [0u64; 4]);
    let mut part = libc::iovec { iov_base: ptr::from_mut(&mut byte).cast(), iov_len: 1 };
    let mut message = message(&mut part, &mut room);
    // SAFETY: as in `send`; the kernel writes a header and a descriptor where it has received one, which is then ours.
    unsafe {
        let received = libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC);
        assert!(received >= 0, "{}", io::Error::last_os_error());
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        assert!(!header.is_null() && (*header).cmsg_type == libc::SCM_RIGHTS, "a listener comes from the child");
        OwnedFd::from_raw_fd(libc::CMSG_DATA(header).cast::<c_int>().read_unaligned())
    }
}

impl Listener {
    /// Waits so many milliseconds for a call.
    pub(crate) fn wait(&self, milliseconds: c_int) -> Event {
        let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one entry, as said.
        let ready = unsafe { libc::poll(&raw mut poll, 1, milliseconds) };
        if ready <= 0 {
            return Event::Nothing;
        }
        if poll.revents & libc::POLLIN == 0 {
            return Event::Ended;
        }
        // The kernel wants zeros there.
        let mut call = MaybeUninit::<libc::seccomp_notif>::zeroed();
        // SAFETY: the kernel writes a call of that very size, which the assertion above holds.
        let received = unsafe { libc::ioctl(self.0.as_raw_fd(), RECEIVE, call.as_mut_ptr()) };
        // Where the caller was killed meanwhile there is none.
        if received < 0 {
            return Event::Nothing;
        }
        // SAFETY: all zeros is a valid value, and the kernel wrote one.
        let call = unsafe { call.assume_init() };
        let (begins, descriptor) = (c_long::from(call.data.nr) == BEGINS, call.data.args[0]);
        Event::Call(Call { id: call.id, task: call.pid, begins, descriptor })
    }

    /// Has a call carried out, or fail with an error.
    pub(crate) fn answer(&self, call: Call, error: Option<i32>) {
        let (error, flags) = match error {
            Some(error) => (-error, 0),
            None => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
        };
        let mut answer = libc::seccomp_notif_resp { id: call.id, val: 0, error, flags };
        // SAFETY: an answer of that very size. A caller that was killed meanwhile needs none.
        unsafe { libc::ioctl(self.0.as_raw_fd(), SEND, &raw mut answer) };
    }
}
