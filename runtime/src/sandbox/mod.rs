//! Walls around a process: what it can no longer do once it has gone on to what it was not made by.
//!
//! | file | what it does |
//! |---|---|
//! | `walls.rs` | [`Walls`]: what stays allowed, and raising them |
//! | `standing.rs` | [`Standing`]: which of them stand, in words and as a number |
//! | `calls.rs` | the written list of system calls, with a reason for each group |
//! | `filter.rs` | the program that the kernel runs at each call, made of that list |
//! | `landlock.rs` | which rights over files there are to give |
//! | `kernel.rs` | what is asked of the kernel for all of this |
//!
//! Three walls: no new privileges; Landlock, which judges paths, ports and signals; and a filter of system calls
//! (seccomp). They hold for the process, all its later threads and all that they could start, and cannot be taken down.
//! What was open before stays open. A call that is not on the list fails with `EPERM`, or ends the process at
//! [`Sandbox::Strict`].
//!
//! Only Linux has them; elsewhere nothing stands.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod filter;
#[cfg(target_os = "linux")]
mod kernel;
#[cfg(target_os = "linux")]
mod landlock;
mod standing;
mod walls;

use std::fmt;
use std::io;
use std::str::FromStr;

pub use standing::Standing;
pub use walls::Walls;

/// How much is asked of the walls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Sandbox {
    /// Every wall stands, or nothing is run. A call that is not on the list ends the process.
    Strict,
    /// What this kernel gives; what is missing is told and counted. A call that is not on the list fails.
    #[default]
    Standard,
    /// No walls.
    Off,
}

impl Sandbox {
    /// Every level.
    pub const ALL: [Sandbox; 3] = [Sandbox::Strict, Sandbox::Standard, Sandbox::Off];

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Sandbox::Strict => "strict",
            Sandbox::Standard => "standard",
            Sandbox::Off => "off",
        }
    }
}

impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Sandbox {
    type Err = String;

    /// Reads `strict`, `standard` or `off`.
    fn from_str(text: &str) -> Result<Sandbox, String> {
        let unknown = || format!("sandbox '{text}' is not known: expected strict, standard or off");
        Sandbox::ALL.into_iter().find(|level| level.name() == text).ok_or_else(unknown)
    }
}

/// Why the walls that were asked for do not stand. What stands by then stays.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SandboxError {
    #[error(
        "sandbox is to be strict, and this kernel does not give {missing}: see `blink doctor`, or ask for standard"
    )]
    Missing { missing: String },
    #[error("sandbox cannot be raised in a process with several threads: only one of them would be in it")]
    Threads,
    #[error("sandbox cannot allow {path}: {source}", path = path.display())]
    Rule { path: std::path::PathBuf, source: io::Error },
}

/// What this kernel gives.
pub fn given() -> Standing {
    #[cfg(target_os = "linux")]
    return Standing {
        no_new_privileges: kernel::has_no_new_privileges(),
        landlock: kernel::landlock_abi(),
        filter: filter::ARCHITECTURE.is_some() && kernel::has_filters(),
    };
    #[cfg(not(target_os = "linux"))]
    Standing::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_as_written() {
        for level in Sandbox::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        for other in ["", "Strict", "none", "on"] {
            assert!(other.parse::<Sandbox>().unwrap_err().contains("expected strict, standard or off"), "{other}");
        }
        assert_eq!(Sandbox::default(), Sandbox::Standard);
    }
}
