//! Temporary files of one directory: without a name where the system can do that, else as `.blink-PID-N.tmp`.
//!
//! Whoever makes such a file holds a lock on it until it has its final name. A temporary name whose lock is free was
//! left by a process that died, and may be removed. Names of any other form are never touched.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;

const PREFIX: &str = ".blink-";
const SUFFIX: &str = ".tmp";
/// How often a name may turn out to be taken.
const ATTEMPTS: usize = 1000;
/// What the umask leaves of this is what the finished file may have at most.
const MODE: Mode = Mode::from_raw_mode(0o666);

/// A file in `directory` that has no name; `None` where there is no such thing.
#[cfg(target_os = "linux")]
pub(crate) fn unnamed(directory: &File) -> Option<File> {
    // What has no name is reached through here.
    if !std::path::Path::new("/proc/self/fd").is_dir() {
        return None;
    }
    // Each file system refuses in its own words. A directory that takes no file at all refuses a named one too.
    let file = File::from(openat(directory, ".", OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, MODE).ok()?);
    // Where locks do not work, nobody else can take this one either.
    let _ = file.try_lock();
    Some(file)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn unnamed(_: &File) -> Option<File> {
    None
}

/// A new file in `directory`, and its temporary name.
pub(crate) fn named(directory: &File) -> io::Result<(File, String)> {
    remove_abandoned(directory);
    with_fresh_name(|name| {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(openat(directory, name, flags, MODE)?);
        // Between the two calls another process may have taken the lock to remove the name, or done so.
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) || file.metadata()?.nlink() == 0 {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(file)
    })
}

/// Gives the unnamed `file` a temporary name in `directory`.
pub(crate) fn give_name(file: &File, directory: &File) -> io::Result<String> {
    remove_abandoned(directory);
    with_fresh_name(|name| link(file, directory, name.as_ref())).map(|((), name)| name)
}

/// Gives the unnamed `file` the name `name` in `directory`. Fails where the name is taken.
#[cfg(target_os = "linux")]
pub(crate) fn link(file: &File, directory: &File, name: &std::ffi::OsStr) -> io::Result<()> {
    use rustix::fs::{CWD, linkat};
    use std::os::fd::AsRawFd;
    let source = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, source, directory, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn link(_: &File, _: &File, _: &std::ffi::OsStr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Removes what processes that died have left in `directory`. Leaves what cannot be judged or removed.
pub(crate) fn remove_abandoned(directory: &File) {
    let Ok(entries) = Dir::read_from(directory) else { return };
    for entry in entries.flatten().filter(|entry| is_temporary(entry.file_name().to_bytes())) {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Ok(file) = openat(directory, entry.file_name(), flags, Mode::empty()).map(File::from) else { continue };
        let is_named_file = |file: &File| file.metadata().is_ok_and(|meta| meta.is_file() && meta.nlink() > 0);
        // Judged under the lock: the name cannot have gone to another file then.
        if file.try_lock().is_ok() && is_named_file(&file) {
            let _ = unlinkat(directory, entry.file_name(), AtFlags::empty());
        }
    }
}

fn with_fresh_name<T>(mut make: impl FnMut(&str) -> io::Result<T>) -> io::Result<(T, String)> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..ATTEMPTS {
        let name = format!("{PREFIX}{}-{}{SUFFIX}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        match make(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|made| (made, name)),
        }
    }
    Err(Errno::EXIST.into())
}

fn is_temporary(name: &[u8]) -> bool {
    let numbers = name.strip_prefix(PREFIX.as_bytes()).and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
    let is_number = |text: &[u8]| (1..=10).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    numbers.is_some_and(|numbers| {
        let mut parts = numbers.split(|&byte| byte == b'-');
        parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number) && parts.next().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_form_are_temporary() {
        assert!(is_temporary(b".blink-1-0.tmp") && is_temporary(b".blink-4194304-4294967295.tmp"));
        for name in [
            ".blink-1.tmp",
            ".blink--1.tmp",
            ".blink-1-.tmp",
            ".blink-1-0-0.tmp",
            ".blink-1-0",
            "blink-1-0.tmp",
            ".blink-x-0.tmp",
            ".blink-1-+0.tmp",
            ".blink-12345678901-0.tmp",
            ".blink-",
            ".tmp",
            "",
        ] {
            assert!(!is_temporary(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn what_a_dead_process_left_is_removed_and_what_is_locked_stays() {
        let home = tempfile::tempdir().unwrap();
        let directory = File::open(home.path()).unwrap();
        let (held, name) = named(&directory).unwrap();
        std::fs::write(home.path().join(".blink-1-0.tmp"), "left").unwrap();
        std::fs::write(home.path().join(".blink-notes.tmp"), "a user's own").unwrap();
        std::fs::create_dir(home.path().join(".blink-1-1.tmp")).unwrap();
        remove_abandoned(&directory);
        let mut left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        let mut expected = [name.as_str(), ".blink-1-1.tmp", ".blink-notes.tmp"];
        expected.sort();
        assert_eq!(left, expected);
        drop(held);
        remove_abandoned(&directory);
        assert!(!home.path().join(name).exists());
    }

    #[test]
    fn an_unnamed_file_is_held_too_once_it_gets_a_name() {
        let home = tempfile::tempdir().unwrap();
        let directory = File::open(home.path()).unwrap();
        let Some(file) = unnamed(&directory) else {
            eprintln!("this system has no unnamed files: nothing to hold");
            return;
        };
        std::fs::write(home.path().join(".blink-1-0.tmp"), "left").unwrap();
        let path = home.path().join(give_name(&file, &directory).unwrap());
        assert!(!home.path().join(".blink-1-0.tmp").exists());
        remove_abandoned(&directory);
        assert!(path.exists());
        drop(file);
        remove_abandoned(&directory);
        assert!(!path.exists());
    }

    #[test]
    fn a_name_that_is_taken_is_passed_over() {
        let mut tried = Vec::new();
        let made = with_fresh_name(|name| {
            tried.push(name.to_owned());
            if tried.len() < 3 { Err(io::ErrorKind::AlreadyExists.into()) } else { Ok(7) }
        });
        assert_eq!(made.unwrap(), (7, tried[2].clone()));
        assert!(tried[0] != tried[1] && tried[1] != tried[2]);
        let never = with_fresh_name(|_| Err::<(), _>(io::ErrorKind::AlreadyExists.into()));
        assert_eq!(never.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
