//! A process and all that it starts, stopped at each system call.
//!
//! The thread that calls [`trace`] spawns the process, so it alone is its tracer, and it waits for traced ones only
//! (`__WNOTHREAD`). All of them are waited for. Whoever outlives the deadline is killed; should this thread die, the
//! kernel kills them all (`PTRACE_O_EXITKILL`).
#![allow(unsafe_code)]

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::ptr;
use std::time::{Duration, Instant};

use libc::{c_int, c_uint, c_void, pid_t};

use super::{Of, SyscallError};

/// How often a wait is repeated at once before it sleeps: most stops follow each other closely.
const EAGER: u32 = 200;
/// How long it sleeps then.
const NAP: Duration = Duration::from_micros(100);
/// How long the kernel may take to end what was killed.
const END: Duration = Duration::from_secs(10);
/// Only a number comes back from a child that has not started its program. `execve` never gives this one.
const FORBIDDEN: c_int = libc::EOPNOTSUPP;

/// Runs `command` to its end, and counts.
// It is waited for below, by its id, together with what it starts.
#[allow(clippy::zombie_processes)]
pub(super) fn trace(mut command: Command, of: Of, longest: Duration) -> Result<u64, SyscallError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let trace_me = || {
        let traced = request(libc::PTRACE_TRACEME, 0, 0, ptr::null_mut());
        traced.map_err(|_| io::Error::from_raw_os_error(FORBIDDEN))
    };
    // SAFETY: between fork and exec the child makes one system call and allocates nothing.
    unsafe { command.pre_exec(trace_me) };
    let child = command.spawn().map_err(|source| match source.raw_os_error() {
        Some(FORBIDDEN) => SyscallError::Forbidden,
        _ => SyscallError::Spawn { program: program.clone(), source },
    })?;
    let first = pid_t::try_from(child.id());
    let first =
        first.map_err(|_| SyscallError::Spawn { program: program.clone(), source: io::ErrorKind::Other.into() })?;

    let mut traced = Traced { first, of, tasks: HashMap::new(), calls: 0, status: None, is_killed: false };
    let followed = traced.follow(Instant::now() + longest);
    if !matches!(followed, Ok(true)) {
        traced.kill();
        // What cannot be traced any more has been killed all the same; the first failure is the one to tell.
        let _ = traced.follow(Instant::now() + END);
    }
    match (followed, traced.status) {
        (Err(error), _) if error.raw_os_error() == Some(libc::EIO) => Err(SyscallError::Old(error)),
        (Err(source), _) => Err(SyscallError::Trace { program, source }),
        (Ok(false), _) => Err(SyscallError::TimedOut { program, seconds: longest.as_secs() }),
        (Ok(true), Some(status)) if status.success() => Ok(traced.calls),
        (Ok(true), Some(status)) => Err(SyscallError::Failed { program, status }),
        (Ok(true), None) => Err(SyscallError::Trace { program, source: io::Error::other("nobody told how it ended") }),
    }
}

/// The traced ones, and what was counted of them.
struct Traced {
    first: pid_t,
    of: Of,
    /// The process of each thread that has stopped and lives. This thread alone waits for them, so that an id in here
    /// is no other's.
    tasks: HashMap<pid_t, pid_t>,
    calls: u64,
    /// How the first process ended.
    status: Option<ExitStatus>,
    /// Whether whoever still comes is to be killed.
    is_killed: bool,
}

impl Traced {
    /// Follows them until all have ended; `false` where some live on at `deadline`.
    fn follow(&mut self, deadline: Instant) -> io::Result<bool> {
        let mut misses = 0;
        while Instant::now() < deadline {
            match wait() {
                Ok(Some((task, status))) => {
                    misses = 0;
                    self.step(task, status)?;
                }
                Ok(None) if misses < EAGER => {
                    misses += 1;
                    std::thread::yield_now();
                }
                Ok(None) => std::thread::sleep(NAP),
                Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// Takes note of what `task` did, and lets it go on.
    fn step(&mut self, task: pid_t, status: c_int) -> io::Result<()> {
        if !libc::WIFSTOPPED(status) {
            self.tasks.remove(&task);
            if task == self.first {
                self.status = Some(ExitStatus::from_raw(status));
            }
            return Ok(());
        }
        let is_new = !self.tasks.contains_key(&task);
        if is_new {
            self.admit(task)?;
        }
        let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
        if signal == libc::SIGTRAP | 0x80 {
            let is_asked_for = self.of == Of::Itself || self.tasks.get(&task) != Some(&self.first);
            self.calls += u64::from(is_asked_for && enters(task)?);
            return go_on(task, 0);
        }
        if event == libc::PTRACE_EVENT_EXEC {
            self.forget_former(task)?;
        }
        // The tracer's own stops are not for the process to see; its other signals are.
        let is_ours = event != 0 || (is_new && matches!(signal, libc::SIGSTOP | libc::SIGTRAP));
        go_on(task, if is_ours { 0 } else { signal })
    }

    /// A task stops for the first time.
    fn admit(&mut self, task: pid_t) -> io::Result<()> {
        self.tasks.insert(task, process_of(task));
        if self.is_killed {
            kill(process_of(task));
        }
        if task != self.first {
            // Those that come later inherit the options.
            return Ok(());
        }
        let options = libc::PTRACE_O_TRACESYSGOOD
            | libc::PTRACE_O_TRACECLONE
            | libc::PTRACE_O_TRACEFORK
            | libc::PTRACE_O_TRACEVFORK
            | libc::PTRACE_O_TRACEEXEC
            | libc::PTRACE_O_EXITKILL;
        alive(request(libc::PTRACE_SETOPTIONS, task, 0, ptr::without_provenance_mut(options as usize))).map(drop)
    }

    /// A thread that starts a program gets the id of its process, and its own is nobody's any more.
    fn forget_former(&mut self, task: pid_t) -> io::Result<()> {
        let mut former: libc::c_ulong = 0;
        if alive(request(libc::PTRACE_GETEVENTMSG, task, 0, (&raw mut former).cast()))?
            && let Ok(former) = pid_t::try_from(former)
            && former != task
        {
            self.tasks.remove(&former);
        }
        Ok(())
    }

    fn kill(&mut self) {
        self.is_killed = true;
        // The first may not have stopped yet; it has been waited for where its end is known.
        let first = self.status.is_none().then_some(self.first);
        self.tasks.values().copied().chain(first).for_each(kill);
    }
}

/// The process that thread `task` belongs to. One that was killed in the meantime makes no more calls.
fn process_of(task: pid_t) -> pid_t {
    let status = fs::read_to_string(format!("/proc/{task}/status")).unwrap_or_default();
    let process = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    process.and_then(|id| id.trim().parse().ok()).unwrap_or(task)
}

/// Whether `task`, which has stopped at a system call, is about to make it; else it has made it.
fn enters(task: pid_t) -> io::Result<bool> {
    let mut info = [0_u8; size_of::<libc::ptrace_syscall_info>()];
    let told = request(libc::PTRACE_GET_SYSCALL_INFO, task, info.len(), info.as_mut_ptr().cast());
    Ok(alive(told)? && info[0] == libc::PTRACE_SYSCALL_INFO_ENTRY)
}

fn go_on(task: pid_t, signal: c_int) -> io::Result<()> {
    alive(request(libc::PTRACE_SYSCALL, task, 0, ptr::without_provenance_mut(signal as usize))).map(drop)
}

/// Whether a request reached its task: one that was killed in the meantime is no failure.
fn alive(requested: io::Result<()>) -> io::Result<bool> {
    match requested {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(false),
        Err(error) => Err(error),
    }
}

fn request(what: c_uint, task: pid_t, address: usize, data: *mut c_void) -> io::Result<()> {
    // SAFETY: of the requests made here, PTRACE_GETEVENTMSG writes one word to `data`, and PTRACE_GET_SYSCALL_INFO at
    // most `address` bytes; both get as much. The others take numbers.
    let done = unsafe { libc::ptrace(what, task, ptr::without_provenance_mut::<c_void>(address), data) };
    if done == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// What one of them did; `None` where all go on. `ECHILD` where there is nobody left.
fn wait() -> io::Result<Option<(pid_t, c_int)>> {
    let mut status = 0;
    // SAFETY: the pointer is valid for a write. `__WNOTHREAD` leaves the children of other threads alone.
    match unsafe { libc::waitpid(-1, &mut status, libc::__WALL | libc::__WNOTHREAD | libc::WNOHANG) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        task => Ok(Some((task, status))),
    }
}

/// Kills a process that this thread has not waited for.
fn kill(process: pid_t) {
    // SAFETY: a system call that takes numbers. Nobody has waited for the process, so that the id is still its own.
    unsafe { libc::kill(process, libc::SIGKILL) };
}
