//! A command where system calls are refused, in it and in all that it starts: what an outer sandbox does, and what a
//! kernel does that has not got them.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use libc::{c_long, c_ulong};

/// Runs `command` where each of `calls` fails with `error`, in it and in all that it starts.
pub(crate) fn without(calls: &[c_long], error: i32, command: Command) -> Output {
    let output = refusing(calls, error, command).output();
    output.unwrap_or_else(|error| panic!("this system takes no filter (seccomp): {error}"))
}

/// `command`, so that each of `calls` will fail with `error`, in it and in all that it starts.
pub(crate) fn refusing(calls: &[c_long], error: i32, mut command: Command) -> Command {
    let statement = |code, k| libc::sock_filter { code, jt: 0, jf: 0, k };
    let mut filter = vec![statement(0x20, 0)];
    for call in calls {
        // Past the next unless it is this call.
        filter.push(libc::sock_filter { code: 0x15, jt: 0, jf: 1, k: *call as u32 });
        filter.push(statement(0x06, libc::SECCOMP_RET_ERRNO | error as u32));
    }
    filter.push(statement(0x06, libc::SECCOMP_RET_ALLOW));
    let forbid = move || {
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
        let mode = libc::SECCOMP_MODE_FILTER as c_ulong;
        // SAFETY: the kernel copies the filter, which outlives the call.
        let done = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) == 0
        };
        if done { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // SAFETY: two system calls between fork and exec, and no allocation.
    unsafe { command.pre_exec(forbid) };
    command
}
