//! [`Walls`]: what stays allowed behind them, and raising them.

use std::path::{Path, PathBuf};

use super::{Sandbox, SandboxError, Standing};

/// How long a thread that has ended may take to be gone.
#[cfg(target_os = "linux")]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// What stays allowed: to begin with, no path, no network, no code that was not there before, and the written list of
/// calls. What is open already can be used in any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walls {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
    connects: bool,
    maps_code: bool,
}

impl Walls {
    /// The highest walls.
    pub fn new() -> Walls {
        Walls::default()
    }

    /// A file, or a directory with all below it, may be read. A path that is not there allows nothing.
    pub fn may_read(mut self, path: impl Into<PathBuf>) -> Walls {
        self.read.push(path.into());
        self
    }

    /// Likewise, and written; and files and directories below it may be made, renamed and removed.
    pub fn may_write(mut self, path: impl Into<PathBuf>) -> Walls {
        self.write.push(path.into());
        self
    }

    /// Internet sockets may be made, connected, and bound. Names are looked up with files of `/etc`, which may be read.
    pub fn may_connect(mut self) -> Walls {
        self.connects = true;
        self
    }

    /// Memory may be made executable: libraries loaded, native code mapped. Without this, what is not executable when
    /// the walls are raised never is.
    pub fn may_map_code(mut self) -> Walls {
        self.maps_code = true;
        self
    }

    /// Raises them around this process, for good. To be called while it has one thread.
    ///
    /// What the kernel does not give is missing from the answer, and an error at [`Sandbox::Strict`]. At
    /// [`Sandbox::Off`] nothing is done.
    pub fn raise(&self, level: Sandbox) -> Result<Standing, SandboxError> {
        if level == Sandbox::Off {
            return Ok(Standing::default());
        }
        let standing = self.raise_what_there_is(level)?;
        if level == Sandbox::Strict && !standing.is_whole() {
            return Err(SandboxError::Missing { missing: standing.missing() });
        }
        Ok(standing)
    }

    #[cfg(target_os = "linux")]
    fn raise_what_there_is(&self, level: Sandbox) -> Result<Standing, SandboxError> {
        use super::{filter, kernel, landlock};

        // A thread that was joined may take a moment to be gone.
        let begin = std::time::Instant::now();
        while kernel::has_several_threads() {
            if begin.elapsed() > PATIENCE {
                return Err(SandboxError::Threads);
            }
            std::thread::sleep(std::time::Duration::from_micros(50));
        }
        Ok(Standing {
            no_new_privileges: kernel::set_no_new_privileges(),
            landlock: landlock::restrict(self)?,
            filter: filter::program(self, level).is_some_and(|program| kernel::set_filter(&program)),
        })
    }

    #[cfg(not(target_os = "linux"))]
    fn raise_what_there_is(&self, _: Sandbox) -> Result<Standing, SandboxError> {
        Ok(Standing::default())
    }

    /// Paths, and whether they may be written.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&Path, bool)> {
        /// What the C library looks names up with.
        const NAMES: [&str; 6] = [
            "/etc/hosts",
            "/etc/resolv.conf",
            "/etc/nsswitch.conf",
            "/etc/host.conf",
            "/etc/gai.conf",
            "/etc/services",
        ];
        let names = NAMES.iter().filter(|_| self.connects).map(|path| (Path::new(*path), false));
        let read = self.read.iter().map(|path| (path.as_path(), false));
        names.chain(read).chain(self.write.iter().map(|path| (path.as_path(), true)))
    }

    /// Whether any path may be written.
    pub(super) fn writes(&self) -> bool {
        !self.write.is_empty()
    }

    /// Whether it may use the network.
    pub(super) fn connects(&self) -> bool {
        self.connects
    }

    /// Whether it may make memory executable.
    pub(super) fn maps_code(&self) -> bool {
        self.maps_code
    }
}
