//! [`ProcessLaunch`]: one fresh process, clocked from outside.
//!
//! The clock is read in the parent just before the spawn, and again each time a read of the child's stdout gave
//! bytes. The last such time is the stop: the moment when the last byte of the output was in the parent's memory.
//! What the child does afterwards (later runs, its exit) is not in the figure, and the stop rests on nothing that the
//! child says. An output that is not the expected one is an error, never a figure.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use blink_runtime::timeline::now;

use crate::launch::{Expected, LaunchError, Launched, check};
use crate::reap;
use crate::timeline::Told;

/// The longest output that is read: 1 GiB.
const MAX_OUTPUT: usize = 1 << 30;
/// How much of a failed child's stderr an error carries, in bytes.
const MAX_STDERR: u64 = 2000;

/// A command whose stdout is its output, to be launched again and again.
#[derive(Clone, Debug)]
pub struct ProcessLaunch {
    /// The program, as a path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// The file that it reads on stdin; `None`: nothing.
    pub stdin: Option<PathBuf>,
    /// A file for the process's own timeline. Such a process is also given `--spawned-at NANOSECONDS`,
    /// `--timeline FILE` and, where later runs are wanted, `--repeat N`; a program that knows none of them is launched
    /// with `None`.
    pub timeline: Option<PathBuf>,
    /// Whether it must write something. One that need not, and does not, has given its answer when it ends.
    pub must_write: bool,
    /// The output it must give. `None`: any output counts.
    pub expected: Option<Expected>,
}

impl ProcessLaunch {
    /// Launches the command and waits for its end.
    pub fn launch(&self) -> Result<Launched, LaunchError> {
        self.launch_and(0, |_| ())
    }

    /// As [`ProcessLaunch::launch`], with `repeat` later runs. Once as many bytes have come as are expected, `look`
    /// gets the id of the process, which may still be running. Where nothing is expected, it is not called.
    pub fn launch_and(&self, repeat: u32, look: impl FnOnce(u32)) -> Result<Launched, LaunchError> {
        let program = || self.program.clone();
        if let Some(path) = &self.timeline {
            remove_stale(path).map_err(|source| LaunchError::Timeline { path: path.clone(), source })?;
        }
        let failed = |source| LaunchError::Spawn { program: program(), source };
        // A file takes any amount without being read, so the child never waits for its parent.
        let mut stderr = tempfile::tempfile().map_err(failed)?;
        let mut command = self.command(stderr.try_clone().map_err(failed)?)?;
        if repeat > 0 {
            command.arg("--repeat").arg(repeat.to_string());
        }

        let spawned_at = now();
        if let Some(path) = &self.timeline {
            command.arg("--timeline").arg(path).arg("--spawned-at").arg(spawned_at.to_string());
        }
        let mut child = command.spawn().map_err(failed)?;
        let len = self.expected.as_ref().map_or(usize::MAX, |expected| expected.len);
        let (output, stopped_at) = match collect(&mut child, len, look) {
            Ok(collected) => collected,
            Err(source) => {
                // The first error is the one to tell.
                let _ = child.kill().and_then(|()| child.wait());
                return Err(LaunchError::Read { program: program(), source });
            }
        };
        let (status, usage) = reap::wait(child).map_err(|source| LaunchError::Read { program: program(), source })?;
        let ended_at = now();

        if !status.success() {
            return Err(LaunchError::Failed { program: program(), status, stderr: tail(&mut stderr) });
        }
        if stopped_at.is_none() && self.must_write {
            return Err(LaunchError::NoOutput { program: program() });
        }
        let stopped_at = stopped_at.unwrap_or(ended_at);
        let found = blake3::hash(&output).to_hex().to_string();
        let digest = check(found, &self.program.to_string_lossy(), self.expected.as_ref())?;
        let read =
            |path: &PathBuf| Told::read(path).map_err(|source| LaunchError::Timeline { path: path.clone(), source });
        let told = self.timeline.as_ref().map(read).transpose()?;
        let (phases, warm_ms) = told.map_or_else(Default::default, |told| (told.phases, told.warm_ms));
        Ok(Launched {
            cold_ms: (stopped_at - spawned_at) as f64 / 1e6,
            usage: (repeat == 0).then_some(usage),
            phases,
            warm_ms,
            output,
            digest,
            difference: None,
            used: None,
        })
    }

    fn command(&self, stderr: File) -> Result<Command, LaunchError> {
        let mut command = Command::new(&self.program);
        let open = |path: &PathBuf| {
            let opened = File::open(path);
            opened.map(Stdio::from).map_err(|source| LaunchError::Stdin { path: path.clone(), source })
        };
        let stdin = self.stdin.as_ref().map_or(Ok(Stdio::null()), open)?;
        command.args(&self.arguments).stdin(stdin).stdout(Stdio::piped()).stderr(stderr);
        // Every worker gets what ours sets for itself: no thread, no file and no socket that is not about the model.
        command.env("ORT_DISABLE_TELEMETRY", "1");
        Ok(command)
    }
}

/// Reads stdout to its end: the bytes, and when the last of them came; `None` where none did.
fn collect(child: &mut Child, len: usize, look: impl FnOnce(u32)) -> io::Result<(Vec<u8>, Option<u64>)> {
    let pid = child.id();
    let mut stdout = child.stdout.take().ok_or_else(|| io::Error::other("stdout was not piped"))?;
    let (mut look, mut stopped_at) = (Some(look), None);
    let (mut buffer, mut filled) = (vec![0; 1 << 20], 0);
    loop {
        if filled == buffer.len() {
            buffer.resize(2 * filled, 0);
        }
        match stdout.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => {
                stopped_at = Some(now());
                filled += count;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if filled > MAX_OUTPUT {
            return Err(io::Error::other(format!("it passes {MAX_OUTPUT} bytes")));
        }
        if filled >= len
            && let Some(look) = look.take()
        {
            look(pid);
        }
    }
    buffer.truncate(filled);
    Ok((buffer, stopped_at))
}

/// What an earlier launch wrote must not be taken for this one's.
fn remove_stale(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The end of what the child said, ready to follow its status.
pub(crate) fn tail(stderr: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = stderr.seek(SeekFrom::End(0)).and_then(|end| {
        stderr.seek(SeekFrom::Start(end.saturating_sub(MAX_STDERR)))?;
        stderr.read_to_end(&mut bytes)
    });
    match (read, String::from_utf8_lossy(&bytes).trim()) {
        (Ok(_), text) if !text.is_empty() => format!(": {text}"),
        _ => String::new(),
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
