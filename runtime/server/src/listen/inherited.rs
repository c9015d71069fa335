//! Sockets that systemd has opened (`LISTEN_FDS`, `LISTEN_PID`, `LISTEN_FDNAMES`). What is meant for another process is
//! left alone. They are closed in workers.
#![allow(unsafe_code)]

use std::env;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{FdFlags, fcntl_setfd};

use super::bind::ListenError;

/// The first descriptor that is passed.
const FIRST: RawFd = 3;
/// Most that are taken.
const MOST: RawFd = 64;

/// A descriptor that was passed.
#[derive(Debug)]
pub(super) struct Inherited {
    pub(super) number: RawFd,
    pub(super) socket: OwnedFd,
    /// What the unit calls it; empty: nothing.
    pub(super) name: String,
}

/// What was passed to this process. A second call gives none: they are taken.
pub(super) fn take() -> Result<Vec<Inherited>, ListenError> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let numbers = numbers(&variable("LISTEN_PID"), &variable("LISTEN_FDS"), std::process::id())?;
    if numbers.is_empty() || TAKEN.swap(true, Ordering::AcqRel) {
        return Ok(Vec::new());
    }
    let names = variable("LISTEN_FDNAMES");
    let mut names = names.split(':');
    let take = |number| {
        if !is_open(number) {
            return Err(ListenError::NotListening { number });
        }
        // SAFETY: the descriptor is open, and by the protocol of these variables, which name this very process, it was
        // opened for it to own. Nothing else here has taken it: this is done once.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        fcntl_setfd(&socket, FdFlags::CLOEXEC).map_err(|error| ListenError::Prepare(error.into()))?;
        Ok(Inherited { number, socket, name: names.next().unwrap_or_default().to_owned() })
    };
    numbers.map(take).collect()
}

/// The numbers of what was passed to the process `own`.
fn numbers(pid: &str, count: &str, own: u32) -> Result<std::ops::Range<RawFd>, ListenError> {
    if count.is_empty() || pid.parse() != Ok(own) {
        return Ok(FIRST..FIRST);
    }
    match count.parse::<RawFd>() {
        Ok(count @ 0..=MOST) => Ok(FIRST..FIRST + count),
        _ => Err(ListenError::Count { found: count.to_owned() }),
    }
}

fn is_open(number: RawFd) -> bool {
    std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_for_this_process_is_taken() {
        let none = |pid, count| numbers(pid, count, 7).unwrap().is_empty();
        assert!(none("", "") && none("8", "2") && none("", "2") && none("7", "") && none("7", "0"));
        assert_eq!(numbers("7", "2", 7).unwrap(), 3..5);
        for count in ["x", "-1", "65", "99999999999"] {
            assert!(matches!(numbers("7", count, 7), Err(ListenError::Count { .. })), "{count}");
        }
    }
}
