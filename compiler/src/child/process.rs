//! [`Process`]: the child as its parent sees it. It is watched, so that it ends in time whatever it does, and what it
//! writes to stderr is kept until it is known what that is good for. Dropped, it is ended.

use std::env;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::error::{NO_MEMORY, is_of_memory, plain};
use super::line::Line;
use super::{ChildError, Confines, VERB};

/// Variables that a child gets: where ONNX Runtime is, and how libraries and their allocators behave. The others are
/// nothing to a compilation, and may be secrets.
const VARIABLES: [&str; 4] = ["HOME", "XDG_CACHE_HOME", "ORT_DYLIB_PATH", "BLINK_CACHE_DIR"];
const PREFIXES: [&str; 8] = ["LD_", "DYLD_", "MALLOC_", "GLIBC_", "ORT_", "OMP_", "RUST_", "LLVM_PROFILE_"];

/// Most bytes of its stderr that are kept: the last ones.
const KEPT: usize = 64 << 10;
/// Most characters of them that an error tells.
const TOLD: usize = 300;
/// How long a child that has closed its end may take to be gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// A child at work.
pub(super) struct Process {
    pub(super) line: Line,
    child: Arc<Mutex<Child>>,
    /// Whether it was ended because its time was over.
    is_late: Arc<AtomicBool>,
    /// Gone, it ends the watch.
    _watched: Sender<()>,
    /// Reads its stderr.
    reader: Option<JoinHandle<Vec<u8>>>,
}

impl Process {
    /// Starts it.
    pub(super) fn spawn(confines: &Confines) -> io::Result<Process> {
        let (here, there) = UnixStream::pair()?;
        let mut command = Command::new(&confines.program);
        command.arg(VERB).env_clear().envs(env::vars_os().filter(|(name, _)| is_given(name)));
        command.stdin(OwnedFd::from(there)).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        // Its end of the socket would stay open in there.
        drop(command);
        let stderr = child.stderr.take();
        let child = Arc::new(Mutex::new(child));
        let is_late = Arc::new(AtomicBool::new(false));
        let (watched, gone) = channel();
        let mut process = Process { line: Line::new(here), child, is_late, _watched: watched, reader: None };
        process.reader = Some(thread::Builder::new().spawn(move || stderr.map_or_else(Vec::new, last_bytes))?);
        if let Some(time) = confines.time {
            let (child, is_late) = (Arc::clone(&process.child), Arc::clone(&process.is_late));
            thread::Builder::new().spawn(move || {
                if gone.recv_timeout(time) == Err(RecvTimeoutError::Timeout) {
                    is_late.store(true, Ordering::Release);
                    // It may have ended, which is as well.
                    let _ = lock(&child).kill();
                }
            })?;
        }
        Ok(process)
    }

    /// Ends it, once it has told all that there is to tell. What libraries wrote to stderr goes on to this one's.
    pub(super) fn end(mut self) {
        let (_, words) = self.reap(Duration::ZERO);
        // What there was no memory for is told by the error, or was done without.
        let told = words.lines().filter(|line| !line.starts_with(NO_MEMORY));
        let told: String = told.flat_map(|line| [plain(line), "\n".into()]).collect();
        // Stderr may be closed.
        let _ = io::stderr().write_all(told.as_bytes());
    }

    /// Why it went without a word.
    pub(super) fn why(mut self, confines: &Confines) -> ChildError {
        let (status, words) = self.reap(PATIENCE);
        if let (true, Some(time)) = (self.is_late(), confines.time) {
            return ChildError::Time { time };
        }
        let last = last_line(&words);
        if let (true, Some(bytes)) = (is_of_memory(&words), confines.memory_limit()) {
            return ChildError::Memory { bytes, what: last };
        }
        let words = if last.is_empty() { last } else { format!(": {last}") };
        let how = status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        match status.ok().and_then(|status| status.signal()) {
            Some(SIGSYS) => ChildError::Forbidden { words },
            Some(SIGKILL) => ChildError::Ended { how: format!("{how}; the system may have had no memory left") },
            Some(SIGINT | SIGTERM | SIGHUP | SIGQUIT) => ChildError::Ended { how },
            _ => ChildError::Crashed { how, words },
        }
    }

    /// Whether it was ended because its time was over.
    pub(super) fn is_late(&self) -> bool {
        self.is_late.load(Ordering::Acquire)
    }

    /// Waits for its end, but no longer than `patience`; then it is ended. How it ended, and what it wrote to stderr.
    fn reap(&mut self, patience: Duration) -> (io::Result<ExitStatus>, String) {
        let (began, mut pause) = (Instant::now(), Duration::from_micros(200));
        let status = loop {
            let mut child = lock(&self.child);
            match child.try_wait() {
                Ok(None) if began.elapsed() < patience => {}
                Ok(None) => {
                    let _ = child.kill();
                    break child.wait();
                }
                Ok(Some(status)) => break Ok(status),
                Err(error) => break Err(error),
            }
            drop(child);
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        };
        let words = self.reader.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        (status, String::from_utf8_lossy(&words).into_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.reader.is_some() {
            let _ = self.reap(Duration::ZERO);
        }
    }
}

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGQUIT: i32 = 3;
const SIGKILL: i32 = 9;
const SIGTERM: i32 = 15;
/// As Linux counts.
const SIGSYS: i32 = 31;

fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_given(name: &OsStr) -> bool {
    let is_given = |name: &str| VARIABLES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    name.to_str().is_some_and(is_given)
}

/// The last bytes that come, all of which are read.
fn last_bytes(mut from: impl Read) -> Vec<u8> {
    let (mut kept, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return kept,
            Ok(read) => kept.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return kept,
        }
        if kept.len() > 2 * KEPT {
            kept.drain(..kept.len() - KEPT);
        }
    }
}

/// The last line with anything on it.
fn last_line(words: &str) -> String {
    let line = words.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    plain(line).chars().take(TOLD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_given_what_it_needs_and_no_secrets() {
        assert!(
            ["HOME", "ORT_DYLIB_PATH", "MALLOC_ARENA_MAX", "LD_LIBRARY_PATH"]
                .iter()
                .all(|name| is_given(name.as_ref()))
        );
        assert!(
            ["AWS_SECRET_ACCESS_KEY", "PATH", "SSH_AUTH_SOCK", "HOMER"].iter().all(|name| !is_given(name.as_ref()))
        );
    }

    #[test]
    fn the_end_of_what_it_wrote_is_kept() {
        let long = [vec![b'a'; 5 * KEPT], b"\nthe end\n\n".to_vec()].concat();
        let kept = last_bytes(&long[..]);
        assert!(kept.len() <= 2 * KEPT && long.ends_with(&kept));
        assert_eq!(last_line(&String::from_utf8(kept).unwrap()), "the end");
        assert_eq!(last_line("\u{1b}[2Jx"), "\u{fffd}[2Jx");
    }

    fn child(line: &str, time: Option<Duration>) -> (Process, Confines) {
        // `sh` with the child's verb for a script.
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        std::fs::write(&program, format!("#!/bin/sh\n{line}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
        let confines = Confines { memory: Some(1 << 20), time, ..Confines::new(program) };
        let process = Process::spawn(&confines).unwrap();
        // The shell has opened its script once it is heard of; what is left of it may go.
        std::mem::forget(directory);
        (process, confines)
    }

    fn why(line: &str) -> ChildError {
        let (process, confines) = child(line, None);
        assert!(process.line.hear::<super::super::line::Said>().unwrap().is_none());
        process.why(&confines)
    }

    #[test]
    fn every_end_is_told_in_words() {
        assert!(matches!(why("kill -SEGV $$"), ChildError::Crashed { .. }));
        assert!(matches!(why("exit 3"), ChildError::Crashed { .. }));
        assert!(matches!(why("kill -SYS $$"), ChildError::Forbidden { .. }));
        assert!(matches!(why("kill -KILL $$"), ChildError::Ended { .. }));
        assert!(matches!(why("kill -TERM $$"), ChildError::Ended { .. }));
        let error = why("echo 'terminate called: std::bad_alloc' >&2; kill -ABRT $$");
        assert!(matches!(&error, ChildError::Memory { bytes: 1048576, what } if what.contains("bad_alloc")), "{error}");
        let error = why("echo 'x overflowed its stack' >&2; kill -ABRT $$").to_string();
        assert!(error.contains("signal: 6") && error.contains("overflowed its stack"), "{error}");
    }

    #[test]
    fn time_ends() {
        let (process, confines) = child("exec sleep 1000", Some(Duration::from_millis(50)));
        assert!(process.line.hear::<super::super::line::Said>().unwrap().is_none());
        assert!(matches!(process.why(&confines), ChildError::Time { .. }));
    }

    #[test]
    fn nothing_is_left_behind() {
        let (process, _) = child("exec sleep 1000", None);
        let id = lock(&process.child).id();
        drop(process);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }
}
