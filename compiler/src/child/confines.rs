//! [`Confines`]: how far a child may go.

use std::path::PathBuf;
use std::time::Duration;

use blink_runtime::host;
use blink_runtime::sandbox::Sandbox;

/// How far a child may go.
#[derive(Clone, Debug)]
pub struct Confines {
    /// The program that is the child: this one, which enters [`super::enter`] where it is asked for.
    pub program: PathBuf,
    /// Which walls stand around it.
    pub sandbox: Sandbox,
    /// Most bytes of memory that are its own and can be written to (`RLIMIT_DATA`); what it maps of files does not
    /// count. `None`: what this machine, or its control group, has.
    pub memory: Option<u64>,
    /// How long it may take, everything included. `None`: as long as it takes.
    pub time: Option<Duration>,
}

impl Confines {
    /// How long a compilation may take where nobody says: far more than any model of a size that it can have took.
    pub const TIME: Duration = Duration::from_secs(3600);

    /// The usual ones.
    pub fn new(program: PathBuf) -> Confines {
        Confines { program, sandbox: Sandbox::default(), memory: None, time: Some(Confines::TIME) }
    }

    /// The limit in bytes; `None` where nobody set one and the machine does not tell what it has.
    pub(super) fn memory_limit(&self) -> Option<u64> {
        self.memory.or_else(|| host::memory().map(host::Memory::usable))
    }
}
