//! This executable's own path: workers are the same program.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The path; where the system does not tell it (no `/proc`), the one it was called by.
pub(crate) fn path() -> anyhow::Result<PathBuf> {
    let called = || env::args_os().next().map(PathBuf::from).filter(|path| path.parent() != Some(Path::new("")));
    match env::current_exe() {
        Ok(path) => Ok(path),
        Err(error) => called().ok_or(error).context("this executable cannot be found again: call it by its path"),
    }
}
