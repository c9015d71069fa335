//! A real Chromium without a window, and what it is asked about a page: `measure.js`.
//!
//! `ci/browser.sh` finds or installs it. Where none can be had, tests fail; with `BLINK_TESTS_WITHOUT_BROWSER=1` they
//! say that they looked at nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

use super::Folder;

/// What a page is looked at with.
pub(crate) const MEASURE: &str = include_str!("measure.js");

/// A browser's colours, as it is started with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

/// What was found in one window.
#[derive(Debug, Deserialize)]
pub(crate) struct Layout {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// How high the whole page is.
    pub(crate) length: u32,
    pub(crate) dark: bool,
    pub(crate) plots: usize,
    pub(crate) texts: usize,
    pub(crate) faults: Vec<String>,
}

/// The browser; `None` where its absence was allowed, which is said aloud.
pub(crate) fn browser() -> Option<&'static Path> {
    static BROWSER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = BROWSER.get_or_init(|| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ci/browser.sh");
        let output = Command::new(script).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    });
    match found {
        Ok(path) => Some(path),
        Err(why) if std::env::var_os("BLINK_TESTS_WITHOUT_BROWSER").is_some_and(|value| value == "1") => {
            eprintln!("SKIPPED: no page was looked at, as BLINK_TESTS_WITHOUT_BROWSER allows: {why}");
            None
        }
        Err(why) => panic!("{why}; or set BLINK_TESTS_WITHOUT_BROWSER=1 to go without these tests"),
    }
}

/// `command`, which is the browser or starts it, with what every test wants: no window, a profile in `folder`, and no
/// requests of the browser's own.
pub(crate) fn chromium(mut command: Command, folder: &Folder) -> Command {
    command
        .current_dir(folder.path("."))
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", folder.path("profile").display()));
    command
}
