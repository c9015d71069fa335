//! [`ProcessLimits`]: what a worker's process may take, put on it from outside before it has opened anything.
//!
//! They bind a normal, a restored and a replacing worker alike. One that cannot be put on is an error of the launch:
//! no worker runs with fewer limits than it was given.

use std::io;
use std::path::PathBuf;

use rustix::process::Pid;

/// What a worker's process may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessLimits {
    /// Most bytes of memory that are its own and can be written to (`RLIMIT_DATA`): heap, tensors, stacks. Neither
    /// weights, which are mapped from the artifact, nor what it shares with its launcher. `None`: any.
    pub memory: Option<u64>,
    /// The directory of a control group of version 2 that is there already, and that the process is moved into.
    pub cgroup: Option<PathBuf>,
}

/// Why a limit was not put on a process.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LimitError {
    #[error("memory cannot be limited to {bytes} bytes: {source}")]
    Memory { bytes: u64, source: io::Error },
    #[error(
        "process cannot be moved into the control group {path}: {source}; expected a directory of control groups \
         version 2 that this user may write to",
        path = path.display()
    )]
    Cgroup { path: PathBuf, source: io::Error },
}

impl ProcessLimits {
    /// Puts them on the process `pid`.
    pub(super) fn put_on(&self, pid: Pid) -> Result<(), LimitError> {
        if let Some(bytes) = self.memory {
            limit_memory(pid, bytes).map_err(|source| LimitError::Memory { bytes, source })?;
        }
        if let Some(path) = &self.cgroup {
            let file = path.join("cgroup.procs");
            // An ordinary file of that name is not made: what is not there is no control group.
            let moved = std::fs::OpenOptions::new().write(true).open(&file);
            let moved = moved.and_then(|mut file| io::Write::write_all(&mut file, pid.to_string().as_bytes()));
            moved.map_err(|source| LimitError::Cgroup { path: path.clone(), source })?;
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn limit_memory(pid: Pid, bytes: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, prlimit};
    prlimit(Some(pid), Resource::Data, Rlimit { current: Some(bytes), maximum: Some(bytes) })?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn limit_memory(_: Pid, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_limited_from_outside() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let pid = Pid::from_raw(child.id() as i32).unwrap();
        ProcessLimits { memory: Some(64 << 20), cgroup: None }.put_on(pid).unwrap();
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max data size")).unwrap();
        assert_eq!(line.split_whitespace().filter(|word| *word == "67108864").count(), 2, "{line}");
    }

    #[test]
    fn a_control_group_that_is_not_there_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let limits = ProcessLimits { memory: None, cgroup: Some(directory.path().into()) };
        let myself = rustix::process::getpid();
        assert!(matches!(limits.put_on(myself), Err(LimitError::Cgroup { .. })));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
