//! The checks: each looks at one thing, and says what was found and what to do about a gap.
//!
//! Only what keeps every model from running is a problem; what costs time or care is a warning.

use std::env::consts;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use blink_runtime::Launcher;
use blink_runtime::host::{HugePages, Memory, Threads};
use blink_runtime::library::{self, LibraryError, ORT_VERSION, Origin};
use serde::Serialize;

use crate::setup::{self, Pinned};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    /// Models run, but slower or with less care than they could.
    Warning,
    /// Models cannot run.
    Problem,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Problem => "PROBLEM",
        })
    }
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: State,
    pub(super) found: String,
    /// What to do; absent where all is well.
    pub(super) advice: Option<String>,
}

impl Check {
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Check {
        Check { name, state: State::Ok, found: found.into(), advice: None }
    }

    pub(super) fn warning(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { name, state: State::Warning, found: found.into(), advice: Some(advice.into()) }
    }

    pub(super) fn problem(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { name, state: State::Problem, found: found.into(), advice: Some(advice.into()) }
    }
}

pub(super) fn library() -> Check {
    const NAME: &str = "library";
    let found = match library::find() {
        Ok(found) => found,
        Err(LibraryError::NotFound { looked_at }) => {
            let places: Vec<_> = looked_at.iter().map(|path| path.display().to_string()).collect();
            return Check::problem(NAME, format!("not found at {}", places.join(", ")), "blink setup");
        }
        Err(LibraryError::NamedMissing { path }) => {
            let found = format!("not found at {}, which ORT_DYLIB_PATH names", path.display());
            return Check::problem(NAME, found, "correct ORT_DYLIB_PATH, or unset it and `blink setup`");
        }
        Err(error) => return Check::problem(NAME, error.to_string(), "set BLINK_CACHE_DIR or HOME"),
    };
    let origin = match found.origin {
        Origin::Environment => "named by ORT_DYLIB_PATH",
        Origin::Executable => "beside the executable",
        Origin::Cache => "in the cache",
    };
    let place = format!("{} ({origin})", found.path.display());
    let sha256 = match setup::hash_file(&found.path) {
        Ok(sha256) => sha256,
        Err(error) => {
            return Check::problem(NAME, format!("cannot read {place}: {error}"), "make it readable, or `blink setup`");
        }
    };
    match Pinned::for_host() {
        Some(pinned) if pinned.library().sha256 == sha256 => {
            Check::ok(NAME, format!("ONNX Runtime {ORT_VERSION}, the pinned build: {place}"))
        }
        Some(_) => Check::warning(
            NAME,
            format!("not the pinned build (sha256 {sha256}): {place}"),
            "fine if you built it yourself; else `blink setup --verify`, or put another in its place",
        ),
        None => Check::warning(
            NAME,
            format!("sha256 {sha256}: {place}"),
            format!("no build is pinned for {} {}: make sure it is {ORT_VERSION}", consts::OS, consts::ARCH),
        ),
    }
}

/// A worker without a model is written down and restored: nothing else shows that it can be done.
pub(super) fn snapshots() -> Check {
    const NAME: &str = "snapshots";
    let probed = crate::program::path()
        .map_err(|error| error.to_string())
        .and_then(|program| Launcher::new(program).probe().map_err(|error| error.to_string()));
    match probed {
        Ok(()) => Check::ok(NAME, "a worker was written down and restored"),
        Err(error) => Check::warning(NAME, error, "workers start normally, which takes longer; docs/snapshots.md"),
    }
}

pub(super) fn threads(threads: Threads) -> Check {
    let count = threads.count();
    let plural = if count == 1 { "thread" } else { "threads" };
    match threads.quota {
        None => Check::ok("threads", format!("{count} {plural} ({} CPUs, no quota)", threads.cpus)),
        Some(quota) if quota < 1.0 => Check::warning(
            "threads",
            format!("{count} {plural} ({} CPUs, quota of {quota:.2})", threads.cpus),
            "the group's CPU quota stops runs midway: raise it to 1 or more",
        ),
        Some(quota) => Check::ok("threads", format!("{count} {plural} ({} CPUs, quota of {quota:.2})", threads.cpus)),
    }
}

pub(super) fn memory(memory: Option<Memory>) -> Check {
    /// Free bytes under which even small models push others out of the page cache.
    const LITTLE: u64 = 512 << 20;
    let Some(memory) = memory else {
        return Check::warning("memory", "unknown", "mount /proc, which tells it");
    };
    let mut found = bytes(memory.total);
    if let Some(available) = memory.available {
        found += &format!(", {} available", bytes(available));
    }
    if let Some(limit) = memory.limit {
        found += &format!(", group limit {}", bytes(limit));
    }
    if memory.available.unwrap_or(u64::MAX).min(memory.usable()) < LITTLE {
        return Check::warning("memory", found, "free some, or raise the limit: weights drop out of the page cache");
    }
    Check::ok("memory", found)
}

pub(super) fn kernel(release: Option<&str>) -> Check {
    let Some(release) = release else {
        return Check::warning("kernel", "unknown", "mount /proc, which tells it");
    };
    if cfg!(target_os = "linux") && parse_release(release).is_some_and(|version| version < (6, 16)) {
        let advice = "6.16 or later maps weights on ext4 in large pages, which saves milliseconds a start";
        return Check::warning("kernel", release, advice);
    }
    Check::ok("kernel", release)
}

/// Major and minor number of a kernel release such as `6.18.4-generic`.
fn parse_release(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

pub(super) fn huge_pages(huge_pages: Option<HugePages>) -> Check {
    match huge_pages {
        Some(HugePages::Always) => Check::ok("huge pages", "always"),
        Some(HugePages::Madvise) => Check::ok("huge pages", "where asked for (madvise)"),
        Some(HugePages::Never) => {
            Check::warning("huge pages", "never", "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled")
        }
        None if cfg!(target_os = "linux") => {
            Check::warning("huge pages", "not in this kernel", "first runs take more page faults; nothing else is lost")
        }
        None => Check::ok("huge pages", "decided by the system"),
    }
}

pub(super) fn cache() -> Check {
    const NAME: &str = "cache";
    let directory = match library::cache_dir() {
        Ok(directory) => directory,
        Err(error) => return Check::warning(NAME, error.to_string(), "set BLINK_CACHE_DIR or HOME"),
    };
    match probe(&directory) {
        Ok(()) => Check::ok(NAME, directory.display().to_string()),
        Err(error) => Check::warning(
            NAME,
            format!("{} cannot be written to: {error}", directory.display()),
            "set BLINK_CACHE_DIR to a directory that you can write to",
        ),
    }
}

/// Writes and removes a file in `directory`, or in its nearest ancestor that exists.
fn probe(directory: &Path) -> io::Result<()> {
    let absolute: PathBuf = std::path::absolute(directory)?;
    let existing = absolute.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    tempfile::tempfile_in(existing).map(drop)
}

fn bytes(count: u64) -> String {
    let gib = count as f64 / (1u64 << 30) as f64;
    if gib < 1.0 { format!("{:.0} MiB", gib * 1024.0) } else { format!("{gib:.1} GiB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_without_large_folios_are_warned_of() {
        assert_eq!(parse_release("6.18.44-fc-v669"), Some((6, 18)));
        assert_eq!(parse_release("7.0-rc1"), Some((7, 0)));
        assert_eq!(parse_release("unreadable"), None);
        if cfg!(target_os = "linux") {
            assert_eq!(kernel(Some("5.15.0-1051-aws")).state, State::Warning);
            assert_eq!(kernel(Some("6.9.3")).state, State::Warning);
            assert_eq!(kernel(Some("6.16.0")).state, State::Ok);
        }
    }

    #[test]
    fn little_memory_and_small_quotas_are_warned_of() {
        let memory = |total, limit| memory(Some(Memory { total, available: Some(total), limit })).state;
        assert_eq!(memory(4 << 30, None), State::Ok);
        assert_eq!(memory(4 << 30, Some(256 << 20)), State::Warning);
        assert_eq!(memory(256 << 20, None), State::Warning);
        let threads = |quota| threads(Threads { cpus: 4, quota }).state;
        assert_eq!(threads(None), State::Ok);
        assert_eq!(threads(Some(1.5)), State::Ok);
        assert_eq!(threads(Some(0.5)), State::Warning);
    }

    #[test]
    fn the_probe_leaves_nothing_and_looks_at_the_nearest_directory() {
        let directory = tempfile::tempdir().unwrap();
        probe(&directory.path().join("not/yet/there")).unwrap();
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0);
        std::fs::write(directory.path().join("file"), "").unwrap();
        assert!(probe(&directory.path().join("file")).is_err());
    }
}
