//! A process, and every thread and process it starts, stopped at each system call that makes, opens or changes a file
//! or opens a way out of the machine.
//!
//! The kernel does the watching (ptrace), so nothing is missed and nothing need be installed. Where the system
//! forbids it, the test that asks fails and says so.
#![allow(unsafe_code)]

use std::collections::HashSet;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::ptr;

use libc::{c_int, pid_t};

pub(crate) use call::Call;

#[path = "tracer/call.rs"]
mod call;

/// Whether a call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It does.
    GoOn,
    /// The first process is killed (SIGKILL) before the kernel carries the call out.
    Kill,
}

/// How a traced process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With an exit code.
    Code(c_int),
    /// By a signal.
    Signal(c_int),
}

/// Runs `command` to its end. `seen` hears of each call before it is carried out.
// It is waited for below, by its id, together with what it starts.
#[allow(clippy::zombie_processes)]
pub(crate) fn trace(mut command: Command, mut seen: impl FnMut(&Call) -> Then) -> End {
    // SAFETY: between fork and exec the child makes one system call and allocates nothing.
    unsafe { command.pre_exec(|| request(libc::PTRACE_TRACEME, 0, ptr::null_mut(), 0).map(drop)) };
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be traced (ptrace): {error}"));
    let first = pid_t::try_from(child.id()).expect("a process id");
    let stopped = wait(first).expect("a traced process stops when it starts its program");
    assert!(libc::WIFSTOPPED(stopped.1), "the process ended before its program started: {stopped:?}");
    let options = libc::PTRACE_O_TRACESYSGOOD
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_EXITKILL;
    request(libc::PTRACE_SETOPTIONS, first, ptr::null_mut(), options as usize).expect("ptrace options");
    go_on(first, 0);

    let mut known = HashSet::from([first]);
    let mut end = None;
    // Until nothing is left that this thread started: threads and processes of the traced one included.
    while let Some((task, status)) = wait(-1) {
        if !libc::WIFSTOPPED(status) {
            if task == first {
                end = Some(if libc::WIFEXITED(status) {
                    End::Code(libc::WEXITSTATUS(status))
                } else {
                    End::Signal(libc::WTERMSIG(status))
                });
            }
            continue;
        }
        let signal = libc::WSTOPSIG(status);
        let is_new = known.insert(task);
        if signal == libc::SIGTRAP | 0x80 {
            if let Some(call) = entered(task)
                && seen(&call) == Then::Kill
            {
                // SAFETY: the process is stopped and has not been waited for, so the id is still its own.
                unsafe { libc::kill(first, libc::SIGKILL) };
            }
            go_on(task, 0);
        } else if status >> 16 != 0 || signal == libc::SIGTRAP || (is_new && signal == libc::SIGSTOP) {
            // The tracer's own stops are not for the process to see.
            go_on(task, 0);
        } else {
            go_on(task, signal);
        }
    }
    end.expect("the process was waited for")
}

/// The call that `task` is about to make, where it is one of those that are watched.
fn entered(task: pid_t) -> Option<Call> {
    let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
    let len = size_of_val(&info);
    // A task that was killed in the meantime has nothing to tell.
    request(libc::PTRACE_GET_SYSCALL_INFO, task, info.as_mut_ptr().cast(), len).ok()?;
    // SAFETY: all zeros is a valid value, and the kernel wrote what it wrote in the type's own layout.
    let info = unsafe { info.assume_init() };
    if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
        return None;
    }
    // SAFETY: at an entry it is this member of the union that was written.
    let entry = unsafe { info.u.entry };
    Call::of(task, entry.nr, &entry.args)
}

fn go_on(task: pid_t, signal: c_int) {
    // A task that was killed in the meantime goes nowhere.
    let _ = request(libc::PTRACE_SYSCALL, task, ptr::null_mut(), signal as usize);
}

fn request(what: libc::c_uint, task: pid_t, address: *mut libc::c_void, data: usize) -> io::Result<()> {
    // PTRACE_GET_SYSCALL_INFO has its length where the others have an address, and its buffer where they have data.
    let (address, data) = match what {
        libc::PTRACE_GET_SYSCALL_INFO => (ptr::without_provenance_mut(data), address),
        _ => (address, ptr::without_provenance_mut(data)),
    };
    // SAFETY: every request made here takes numbers, but for PTRACE_GET_SYSCALL_INFO, whose buffer is as long as said.
    if unsafe { libc::ptrace(what, task, address, data) } == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Waits for a task that this thread started or traces; `None` where there is none left.
fn wait(task: pid_t) -> Option<(pid_t, c_int)> {
    loop {
        let mut status = 0;
        // SAFETY: the pointer is valid. `__WNOTHREAD` leaves the children of other tests' threads alone.
        match unsafe { libc::waitpid(task, &mut status, libc::__WALL | libc::__WNOTHREAD) } {
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            -1 => return None,
            stopped => return Some((stopped, status)),
        }
    }
}
