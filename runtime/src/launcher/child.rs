//! [`Child`]: a process that was spawned here and is reaped here, once. None is left behind.

use std::fmt;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
#[cfg(target_os = "linux")]
use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};

#[cfg(target_os = "linux")]
use crate::channel::high;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// Nobody can tell: it was waited for by somebody else in this process.
    Unknown,
}

impl Ended {
    /// Whether it has touched a page that a mapped file has lost, or that its disk cannot give: what SIGBUS says.
    pub fn has_lost_a_page(self) -> bool {
        self == Ended::Signal(libc::SIGBUS)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Code(code) => write!(f, "it ended with code {code}"),
            Ended::Signal(libc::SIGSYS) => {
                f.write_str("it was ended because it did what its sandbox forbids (signal SIGSYS)")
            }
            // What the kernel says of a page that a mapped file has lost, or that its disk cannot give.
            Ended::Signal(libc::SIGBUS) => {
                write!(
                    f,
                    "it was ended by signal {}: a file that it had mapped was cut, or cannot be read",
                    libc::SIGBUS
                )
            }
            Ended::Signal(signal) => write!(f, "it was ended by signal {signal}"),
            Ended::Unknown => f.write_str("how it ended is not known"),
        }
    }
}

/// The process itself, for all who may end it.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    /// A descriptor of this very process, where the system has such: it leads to no other that gets its id.
    #[cfg(target_os = "linux")]
    handle: Option<OwnedFd>,
    ended: Mutex<Option<Ended>>,
}

impl Process {
    /// Sends it the signal that ends it, unless it was waited for. It may have ended already, which is as well.
    pub(super) fn kill(&self) {
        let ended = self.ended();
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            let _ = pidfd_send_signal(handle, Signal::KILL);
            return;
        }
        // Not reaped yet, so the id is its own.
        if ended.is_none() {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    fn ended(&self) -> MutexGuard<'_, Option<Ended>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A process of ours. Dropped, it is killed and reaped.
#[derive(Debug)]
pub(super) struct Child(Arc<Process>);

impl Child {
    /// The process `pid`, which was just spawned.
    pub(super) fn new(pid: Pid) -> Child {
        Child(Arc::new(Process {
            pid,
            #[cfg(target_os = "linux")]
            handle: pidfd_open(pid, PidfdFlags::empty()).ok().and_then(|handle| high(handle).ok()),
            ended: Mutex::default(),
        }))
    }

    /// The process, which others may end and only this value waits for.
    pub(super) fn process(&self) -> &Arc<Process> {
        &self.0
    }

    /// Its id. Until it was waited for, no other process has it.
    pub(super) fn pid(&self) -> u32 {
        self.0.pid.as_raw_pid() as u32
    }

    /// Whether it has been waited for.
    pub(super) fn is_gone(&self) -> bool {
        self.0.ended().is_some()
    }

    /// Waits for it to end, but no longer than `patience`; then it is killed.
    pub(super) fn wait(&mut self, patience: Duration) -> Ended {
        self.ended_within(patience).unwrap_or_else(|| self.kill())
    }

    /// How it ended, if it does so within `patience`. It is left alone in any case.
    pub(super) fn ended_within(&mut self, patience: Duration) -> Option<Ended> {
        let (started, mut pause) = (Instant::now(), Duration::from_micros(100));
        loop {
            let ended = self.poll(WaitOptions::NOHANG);
            let left = patience.saturating_sub(started.elapsed());
            if ended.is_some() || left.is_zero() {
                return ended;
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }

    /// Kills it, unless it has ended.
    pub(super) fn kill(&mut self) -> Ended {
        loop {
            if let Some(ended) = *self.0.ended() {
                return ended;
            }
            self.0.kill();
            self.poll(WaitOptions::empty());
        }
    }

    /// Reaps it, if it has ended.
    fn poll(&mut self, options: WaitOptions) -> Option<Ended> {
        let mut ended = self.0.ended();
        if ended.is_none() {
            *ended = match waitpid(Some(self.0.pid), options) {
                Ok(found) => found.map(|(_, status)| how(status)),
                Err(Errno::INTR) => None,
                Err(_) => Some(Ended::Unknown),
            };
        }
        *ended
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

fn how(status: WaitStatus) -> Ended {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Ended::Code(code),
        (None, Some(signal)) => Ended::Signal(signal),
        (None, None) => Ended::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// A process that is ours to wait for.
    #[allow(clippy::zombie_processes)]
    fn started(line: &str) -> Child {
        let child = Command::new("sh").args(["-c", line]).spawn().unwrap();
        Child::new(Pid::from_raw(child.id() as i32).unwrap())
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_end_is_told_and_stays_told() {
        let mut child = started("exit 7");
        assert_eq!(child.wait(LONG), Ended::Code(7));
        assert_eq!((child.wait(LONG), child.kill()), (Ended::Code(7), Ended::Code(7)));
        assert_eq!(started("kill -TERM $$").wait(LONG), Ended::Signal(15));
    }

    #[test]
    fn patience_ends() {
        let mut child = started("exec sleep 1000");
        let began = Instant::now();
        assert_eq!(child.wait(Duration::from_millis(20)), Ended::Signal(9));
        assert!(began.elapsed() < LONG);
    }

    #[test]
    fn nothing_is_left_behind() {
        let child = started("exec sleep 1000");
        let pid = child.0.pid;
        drop(child);
        assert!(matches!(waitpid(Some(pid), WaitOptions::NOHANG), Err(Errno::CHILD)));
    }

    #[test]
    fn somebody_else_may_have_waited() {
        let mut other = Command::new("true").spawn().unwrap();
        let mut child = Child::new(Pid::from_raw(other.id() as i32).unwrap());
        other.wait().unwrap();
        assert_eq!(child.wait(LONG), Ended::Unknown);
    }
}
