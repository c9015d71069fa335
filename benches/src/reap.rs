//! The end of a child process, and what the kernel counted while it lived.
#![allow(unsafe_code)]

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};

use crate::usage::Usage;

/// Waits for `child` to end. It takes the child, since a process is reaped once.
pub(crate) fn wait(child: Child) -> io::Result<(ExitStatus, Usage)> {
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    // SAFETY: all-zero is a valid value of this plain struct.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let mut status = 0;
    loop {
        // SAFETY: both pointers are valid for a write. The pid is that of a child which nobody has waited for, so
        // it is not another process's.
        let ended = unsafe { libc::wait4(pid, &mut status, 0, &mut usage) };
        if ended == pid {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let count = |count: libc::c_long| u64::try_from(count).unwrap_or(0);
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let usage = Usage {
        cpu_ms: ms(usage.ru_utime) + ms(usage.ru_stime),
        minor_faults: count(usage.ru_minflt),
        major_faults: count(usage.ru_majflt),
        peak_bytes: count(usage.ru_maxrss) * unit,
    };
    Ok((ExitStatus::from_raw(status), usage))
}

/// Milliseconds of processor time of all children that have been waited for: in programs, and in the kernel.
pub(crate) fn children() -> (f64, f64) {
    used_by(libc::RUSAGE_CHILDREN)
}

/// The same of this process.
pub(crate) fn own() -> (f64, f64) {
    used_by(libc::RUSAGE_SELF)
}

fn used_by(who: libc::c_int) -> (f64, f64) {
    // SAFETY: all-zero is a valid value of this plain struct.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is valid for a write. With these arguments the call cannot fail.
    unsafe { libc::getrusage(who, &mut usage) };
    (ms(usage.ru_utime), ms(usage.ru_stime))
}

fn ms(time: libc::timeval) -> f64 {
    time.tv_sec as f64 * 1e3 + time.tv_usec as f64 / 1e3
}
