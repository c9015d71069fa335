//! [`Launch`]: one fresh process, clocked from outside.
//!
//! The clock is read in the parent just before the spawn, and again each time a read of the child's stdout gave
//! bytes. The last such time is the stop: the moment when the last byte of the output was in the parent's memory.
//! What the child does afterwards (later runs, its exit) is not in the figure, and the stop rests on nothing that the
//! child says. An output that is not the expected one is an error, never a figure.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use blink_runtime::timeline::now;

use crate::reap;
pub use crate::reap::Usage;
use crate::worker::WorkerTimeline;

/// The longest output that is read: 1 GiB.
const MAX_OUTPUT: usize = 1 << 30;
/// How much of a failed child's stderr an error carries, in bytes.
const MAX_STDERR: u64 = 2000;

/// A command whose stdout is its output, to be launched again and again.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program, as a path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// A file for the worker's own timeline. Such a worker is also given `--spawned-at NANOSECONDS` and
    /// `--timeline FILE`; a program that knows neither is launched with `None`.
    pub timeline: Option<PathBuf>,
    /// The digest that the output must have, from [`Launched::digest`]. `None`: any output counts.
    pub expected: Option<String>,
}

/// What one launch gave.
#[derive(Clone, Debug)]
pub struct Launched {
    /// Milliseconds from just before the spawn to the last byte of output in the parent's hands.
    pub cold_ms: f64,
    /// What the kernel counted from spawn to exit, so later runs count too where the worker makes any.
    pub usage: Usage,
    /// The worker's own timeline, where it writes one.
    pub timeline: Option<WorkerTimeline>,
    /// Everything it wrote to stdout.
    pub output: Vec<u8>,
    /// BLAKE3 of the output, in hex.
    pub digest: String,
}

/// Why a launch is no measurement.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LaunchError {
    #[error("{program} could not be launched: {source}", program = program.display())]
    Spawn { program: PathBuf, source: io::Error },
    #[error("output of {program} could not be read: {source}", program = program.display())]
    Read { program: PathBuf, source: io::Error },
    #[error("{program} ended with {status}{stderr}", program = program.display())]
    Failed { program: PathBuf, status: ExitStatus, stderr: String },
    #[error("{program} ended well and wrote nothing to stdout, expected its output there", program = program.display())]
    NoOutput { program: PathBuf },
    #[error(
        "{program} gave a wrong answer: the digest of its output is {found}, expected {expected}",
        program = program.display()
    )]
    WrongOutput { program: PathBuf, found: String, expected: String },
    #[error("timeline {path} could not be read: {source}", path = path.display())]
    Timeline { path: PathBuf, source: io::Error },
}

impl Launch {
    /// Launches the command and waits for its end.
    pub fn launch(&self) -> Result<Launched, LaunchError> {
        self.launch_and(usize::MAX, |_| ())
    }

    /// As [`Launch::launch`]; once `len` bytes of output have come, `look` gets the id of the process, which may
    /// still be running. Where the output is shorter, it is not called.
    pub fn launch_and(&self, len: usize, look: impl FnOnce(u32)) -> Result<Launched, LaunchError> {
        let program = || self.program.clone();
        if let Some(path) = &self.timeline {
            remove_stale(path).map_err(|source| LaunchError::Timeline { path: path.clone(), source })?;
        }
        let failed = |source| LaunchError::Spawn { program: program(), source };
        // A file takes any amount without being read, so the child never waits for its parent.
        let mut stderr = tempfile::tempfile().map_err(failed)?;
        let mut command = self.command(stderr.try_clone().map_err(failed)?);

        let spawned_at = now();
        if let Some(path) = &self.timeline {
            command.arg("--timeline").arg(path).arg("--spawned-at").arg(spawned_at.to_string());
        }
        let mut child = command.spawn().map_err(failed)?;
        let (output, stopped_at) = match collect(&mut child, len, look) {
            Ok(collected) => collected,
            Err(source) => {
                // The first error is the one to tell.
                let _ = child.kill().and_then(|()| child.wait());
                return Err(LaunchError::Read { program: program(), source });
            }
        };
        let (status, usage) = reap::wait(child).map_err(|source| LaunchError::Read { program: program(), source })?;

        if !status.success() {
            return Err(LaunchError::Failed { program: program(), status, stderr: tail(&mut stderr) });
        }
        let Some(stopped_at) = stopped_at else { return Err(LaunchError::NoOutput { program: program() }) };
        let digest = blake3::hash(&output).to_hex().to_string();
        if let Some(expected) = self.expected.as_ref().filter(|expected| **expected != digest) {
            return Err(LaunchError::WrongOutput { program: program(), found: digest, expected: expected.clone() });
        }
        let read = |path: &PathBuf| {
            WorkerTimeline::read(path).map_err(|source| LaunchError::Timeline { path: path.clone(), source })
        };
        let timeline = self.timeline.as_ref().map(read).transpose()?;
        Ok(Launched { cold_ms: (stopped_at - spawned_at) as f64 / 1e6, usage, timeline, output, digest })
    }

    fn command(&self, stderr: File) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        // Every worker gets what ours sets for itself: no thread, no file and no socket that is not about the model.
        command.env("ORT_DISABLE_TELEMETRY", "1");
        command
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
fn tail(stderr: &mut File) -> String {
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
#[path = "launch_tests.rs"]
mod tests;
