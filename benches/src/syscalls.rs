//! The system calls of one start, counted by stopping the process at each of them (ptrace).
//!
//! Such a start takes many times as long as another and is no measurement of time: it is made apart, for this one
//! figure. Counted are the entries into the kernel of every thread and every process that the command starts, from the
//! first on. The command gets nothing on stdin but what a file holds, and its outputs go nowhere, so that it never waits
//! for anybody; what is still alive when the time is up is killed, and the count is an error. Nothing else is touched:
//! not other children of this process, not their signals.
//!
//! Linux only. Some sandboxes forbid it; the error says so.

#[cfg(target_os = "linux")]
mod tracer;

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// The longest that a start may take while it is stopped at every call.
const LONGEST: Duration = Duration::from_secs(120);

/// Whose calls count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of the command and of all that it starts.
    Itself,
    /// Those of all that it starts, threads of its own apart: of `blink run`, the worker's.
    Children,
}

/// Why system calls were not counted.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SyscallError {
    #[error("system calls cannot be counted on this system: it has no ptrace as Linux has it")]
    Unsupported,
    #[error("system calls cannot be counted here: the kernel or a sandbox forbids ptrace (allow it, or run outside)")]
    Forbidden,
    #[error("system calls cannot be counted here: the kernel does not do it ({0}), expected Linux 5.3 or newer")]
    Old(io::Error),
    #[error("system calls of {program} cannot be counted: it could not be launched: {source}")]
    Spawn { program: String, source: io::Error },
    #[error("system calls of {program} cannot be counted: it could not be traced: {source}")]
    Trace { program: String, source: io::Error },
    #[error("system calls of {program} were not counted: it ended with {status}, expected a start that does well")]
    Failed { program: String, status: ExitStatus },
    #[error("system calls of {program} were not counted: it, or what it started, lived on after {seconds} s")]
    TimedOut { program: String, seconds: u64 },
}

/// Runs `command` to its end and counts the system calls of one start. Its standard input becomes the file `stdin`,
/// where there is one; output and error go nowhere.
pub fn count(mut command: Command, stdin: Option<&Path>, of: Of) -> Result<u64, SyscallError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let opened = stdin.map_or(Ok(Stdio::null()), |path| File::open(path).map(Stdio::from));
    command.stdin(opened.map_err(|source| SyscallError::Spawn { program, source })?);
    count_within(command, of, LONGEST)
}

#[cfg(target_os = "linux")]
fn count_within(mut command: Command, of: Of, longest: Duration) -> Result<u64, SyscallError> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    // Only the thread that spawned a process traces it and hears of it; one of its own hears of nothing else.
    let tracer = std::thread::Builder::new().spawn(move || tracer::trace(command, of, longest));
    let tracer = tracer.map_err(|source| SyscallError::Trace { program: program.clone(), source })?;
    tracer.join().unwrap_or_else(|_| {
        let source = io::Error::other("the thread that traces it panicked");
        Err(SyscallError::Trace { program, source })
    })
}

#[cfg(not(target_os = "linux"))]
fn count_within(_: Command, _: Of, _: Duration) -> Result<u64, SyscallError> {
    Err(SyscallError::Unsupported)
}

#[cfg(all(test, target_os = "linux"))]
#[path = "syscalls_tests.rs"]
mod tests;
