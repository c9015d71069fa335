//! [`Scratch`]: a directory for a verb's files, on a disk, that goes when the verb ends, also where it is interrupted.
//!
//! It stands in the cache directory, not among the system's temporary files: those may lie in memory, where the page
//! cache holds files in other ways. What a verb that was killed has left is removed by the next one.
#![allow(unsafe_code)]

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use anyhow::Context;
use blink_runtime::library;
use tempfile::TempDir;

/// How the names of the directories begin.
const PREFIX: &str = "scratch-";
/// A file that is locked while its directory is in use.
const LOCK: &str = ".lock";

/// Where a verb works.
pub(crate) enum Scratch {
    /// Named by the user, and left alone at the end.
    Kept(PathBuf),
    /// Removed at the end.
    Temporary {
        directory: TempDir,
        /// Tells others that the directory is in use.
        _lock: File,
    },
}

/// Whether a signal has told this process to end.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

impl Scratch {
    /// The directory `keep`, or one of its own.
    pub(crate) fn new(keep: Option<&Path>) -> anyhow::Result<Scratch> {
        if let Some(keep) = keep {
            fs::create_dir_all(keep).with_context(|| keep.display().to_string())?;
            return Ok(Scratch::Kept(keep.to_owned()));
        }
        let cache = library::cache_dir()?;
        let scratch = temporary(&cache)
            .with_context(|| format!("{}: set BLINK_CACHE_DIR to another directory", cache.display()))?;
        remove_when_interrupted(scratch.path())?;
        Ok(scratch)
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Scratch::Kept(path) => path,
            Scratch::Temporary { directory, .. } => directory.path(),
        }
    }

    /// `result`, unless the process was told to end: then its files are being removed, and what failed for want of
    /// them is not worth telling. The process ends here.
    pub(crate) fn settle<T, E>(&self, result: Result<T, E>) -> Result<T, E> {
        while result.is_err() && INTERRUPTED.load(Ordering::Acquire) {
            std::thread::park();
        }
        result
    }
}

fn temporary(cache: &Path) -> io::Result<Scratch> {
    fs::create_dir_all(cache)?;
    remove_leftovers(cache)?;
    let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(cache)?;
    let lock = File::create(directory.path().join(LOCK))?;
    lock.lock()?;
    Ok(Scratch::Temporary { directory, _lock: lock })
}

/// Removes the directories that nobody uses any more.
fn remove_leftovers(cache: &Path) -> io::Result<()> {
    for entry in fs::read_dir(cache)?.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // One that has no lock yet was only just made.
        let Some(lock) = is_ours.then(|| File::open(entry.path().join(LOCK)).ok()).flatten() else { continue };
        if lock.try_lock().is_ok() {
            // What cannot be removed now is in nobody's way.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

/// The end of a socket that a signal is written to; -1 before there is one.
static SIGNALLED: AtomicI32 = AtomicI32::new(-1);

/// Removes `directory` when the process is told to end, then ends it as the signal would have.
///
/// A handler may do next to nothing, so it passes the signal's number on to a thread. Child processes are not
/// concerned: their handlers are the default ones again, and no signal is blocked.
fn remove_when_interrupted(directory: &Path) -> io::Result<()> {
    let directory = directory.to_owned();
    let (sender, mut receiver) = UnixStream::pair()?;
    sender.set_nonblocking(true)?;
    SIGNALLED.store(sender.as_raw_fd(), Ordering::Relaxed);
    // It stays open for as long as the handler may run: to the end of the process.
    let _ = sender.into_raw_fd();
    std::thread::Builder::new().name("blink-signals".into()).spawn(move || {
        let mut signal = [0];
        if receiver.read_exact(&mut signal).is_err() {
            return;
        }
        // Another thread may still be writing there; once it is told of an error it stops.
        for _ in 0..10 {
            if fs::remove_dir_all(&directory).is_ok() {
                break;
            }
        }
        // SAFETY: both calls are plain; the default action of these signals is to end the process.
        unsafe {
            libc::signal(i32::from(signal[0]), libc::SIG_DFL);
            libc::raise(i32::from(signal[0]));
        }
    })?;
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let handler = pass_on as extern "C" fn(i32);
        // SAFETY: the handler touches atomics and writes a byte to a socket, all of which a handler may do.
        if unsafe { libc::signal(signal, handler as libc::sighandler_t) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

extern "C" fn pass_on(signal: i32) {
    INTERRUPTED.store(true, Ordering::Release);
    let byte = signal as u8;
    // SAFETY: one byte is read from a valid place. The descriptor is open to the end of the process.
    unsafe { libc::write(SIGNALLED.load(Ordering::Relaxed), (&raw const byte).cast(), 1) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_lives_as_long_as_its_verb() {
        let cache = tempfile::tempdir().unwrap();
        let first = temporary(cache.path()).unwrap();
        fs::write(first.path().join("model.onnx"), "x").unwrap();
        // Another verb leaves it alone while it is in use ...
        let second = temporary(cache.path()).unwrap();
        assert!(first.path().join("model.onnx").exists());
        let path = second.path().to_owned();
        drop(second);
        assert!(!path.exists());
        // ... and removes it once its owner was killed: the lock went with the process, the directory did not.
        let Scratch::Temporary { directory, _lock } = first else { panic!("it was made in the cache") };
        let left = directory.keep();
        drop(_lock);
        let third = temporary(cache.path()).unwrap();
        assert!(!left.exists() && third.path().exists());
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let cache = tempfile::tempdir().unwrap();
        for name in ["onnxruntime", "scratch-without-lock"] {
            fs::create_dir(cache.path().join(name)).unwrap();
        }
        drop(temporary(cache.path()).unwrap());
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_directory_of_the_users_stays() {
        let parent = tempfile::tempdir().unwrap();
        let keep = parent.path().join("a/b");
        drop(Scratch::new(Some(&keep)).unwrap());
        assert!(keep.is_dir());
    }
}
