//! [`PeerServer`]: a process of somebody else's that answers line by line.
//!
//! It is started with the word `--serve` after its own, writes a line `ready`, and then for each line of its stdin
//! makes one run and writes one line: a digest of the answer. It ends when its stdin does. Each line must equal the
//! first. Nothing waits for it longer than [`Patience`] says.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use blink_runtime::timeline::now;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::LoadError;
use crate::launch::LaunchError;
use crate::process::{ProcessLaunch, tail};

/// The longest line that is read: 64 KiB.
const MAX_LINE: usize = 64 << 10;
/// How much of a line an error shows, in characters.
const SHOWN: usize = 100;
/// How long a peer may take to end once its stdin has.
const END: Duration = Duration::from_secs(2);

/// How long a peer may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From its spawn to `ready`, and for its first answer.
    pub ready: Duration,
    /// For each later answer.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { ready: Duration::from_secs(180), answer: Duration::from_secs(60) }
    }
}

pub(super) struct PeerServer {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    stderr: File,
    patience: Duration,
    /// What was read, up to `filled`.
    buffer: Box<[u8]>,
    filled: usize,
    expected: String,
    pub(super) first_ms: f64,
}

impl PeerServer {
    /// Starts `launch` as a server and waits for its first answer.
    pub(super) fn start(name: &str, launch: &ProcessLaunch, patience: Patience) -> Result<PeerServer, LoadError> {
        let spawn = |source| Box::new(LaunchError::Spawn { program: launch.program.clone(), source });
        let failed = |source| LoadError::Start { name: name.to_owned(), source: spawn(source) };
        // A file takes any amount without being read, so the peer never waits for its parent.
        let stderr = tempfile::tempfile().map_err(failed)?;
        let mut command = Command::new(&launch.program);
        command.args(&launch.arguments).arg("--serve").env("ORT_DISABLE_TELEMETRY", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr.try_clone().map_err(failed)?);
        let spawned_at = now();
        let mut child = command.spawn().map_err(failed)?;
        let stdin = child.stdin.take();
        let Some(stdout) = child.stdout.take() else { return Err(failed(ErrorKind::BrokenPipe.into())) };
        let mut server = PeerServer {
            name: name.to_owned(),
            child,
            stdin,
            stdout,
            stderr,
            patience: patience.ready,
            buffer: vec![0; MAX_LINE].into(),
            filled: 0,
            expected: String::new(),
            first_ms: 0.0,
        };
        let (found, _) = server.line()?;
        if found != "ready" {
            let (name, pid) = (server.name.clone(), server.pid());
            return Err(LoadError::NotReady { name, pid, found: shown(&found) });
        }
        let (first, answered_at) = server.answer()?;
        (server.expected, server.first_ms) = (first, (answered_at - spawned_at) as f64 / 1e6);
        server.patience = patience.answer;
        Ok(server)
    }

    pub(super) fn ask(&mut self) -> Result<u64, LoadError> {
        let (found, answered_at) = self.answer()?;
        if found == self.expected {
            return Ok(answered_at);
        }
        let (found, expected) = (shown(&found), shown(&self.expected));
        Err(LoadError::OtherLine { name: self.name.clone(), pid: self.pid(), found, expected })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks: the line that it answers, and when its end was read.
    fn answer(&mut self) -> Result<(String, u64), LoadError> {
        match self.stdin.as_mut().map(|stdin| stdin.write_all(b"\n")) {
            // Whoever has closed its stdin is about to end; how, reading will tell.
            Some(Err(error)) if error.kind() != ErrorKind::BrokenPipe => Err(self.pipe(error)),
            _ => self.line(),
        }
    }

    /// Waits for one line, with nothing after it.
    fn line(&mut self) -> Result<(String, u64), LoadError> {
        let begun = Instant::now();
        loop {
            let left = self.patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                // It may never end by itself.
                let _ = self.child.kill();
                return Err(LoadError::Silent { name: self.name.clone(), pid: self.pid(), waited: self.patience });
            }
            if !wait(&self.stdout, left).map_err(|error| self.pipe(error))? {
                continue;
            }
            let count = match self.stdout.read(&mut self.buffer[self.filled..]) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.pipe(error)),
            };
            let read_at = now();
            if count == 0 {
                return Err(self.died());
            }
            self.filled += count;
            let read = &self.buffer[..self.filled];
            let pid = self.child.id();
            let Some(end) = read.iter().position(|&byte| byte == b'\n') else {
                if self.filled == self.buffer.len() {
                    return Err(LoadError::LongLine { name: self.name.clone(), pid, most: MAX_LINE });
                }
                continue;
            };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
            if end + 1 < self.filled {
                let found = shown(&text(&read[end + 1..]));
                return Err(LoadError::OutOfTurn { name: self.name.clone(), pid, found });
            }
            let line = text(&read[..end]);
            self.filled = 0;
            return Ok((line, read_at));
        }
    }

    /// It has closed its stdout.
    fn died(&mut self) -> LoadError {
        match self.end() {
            Ok(status) => {
                let (pid, stderr) = (self.pid(), tail(&mut self.stderr));
                LoadError::Died { name: self.name.clone(), pid, status, stderr }
            }
            Err(error) => self.pipe(error),
        }
    }

    /// Ends its stdin, and after a while the process; how it ended.
    fn end(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        let begun = Instant::now();
        while begun.elapsed() < END {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            sleep(Duration::from_millis(2));
        }
        self.child.kill()?;
        self.child.wait()
    }

    fn pipe(&self, source: io::Error) -> LoadError {
        LoadError::Pipe { name: self.name.clone(), source }
    }
}

impl Drop for PeerServer {
    fn drop(&mut self) {
        // Whatever it still has to say, nobody listens.
        let _ = self.end();
    }
}

/// Whether there is something to read, or the other side has closed, before `left` has passed.
fn wait(stdout: &ChildStdout, left: Duration) -> io::Result<bool> {
    let timeout = Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos().into() };
    match poll(&mut [PollFd::new(stdout, PollFlags::IN)], Some(&timeout)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The beginning of a line, for an error.
fn shown(line: &str) -> String {
    line.chars().take(SHOWN).flat_map(char::escape_debug).collect()
}
