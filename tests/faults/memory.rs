//! [`Allocations`]: the C library's allocation, counted and failing once, by a library that is preloaded.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// A count of allocations that processes share, and which of them fails.
pub(crate) struct Allocations(TempDir);

impl Allocations {
    /// None so far; number `fails` is to fail, 0 for none.
    pub(crate) fn failing(fails: u64) -> Allocations {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let numbers = [0u64, fails, 0].map(u64::to_ne_bytes).concat();
        fs::write(folder.path().join("shared"), numbers).expect("room");
        Allocations(folder)
    }

    /// Has them fail in `command`, and in all that it starts with its own environment.
    pub(crate) fn in_command(&self, command: &mut Command) {
        command.env("LD_PRELOAD", shim()).env("BLINK_FAULT_FILE", self.shared());
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.number(0)
    }

    /// From now on, number `n` fails; none where it is 0.
    pub(crate) fn fail_from_now(&self, n: u64) {
        let now = self.count();
        let fails = if n == 0 { 0 } else { now.saturating_add(n) };
        let file = OpenOptions::new().write(true).open(self.shared()).expect("the file is ours");
        // Processes have it mapped: they see what is written. Third is what there were before.
        file.write_all_at(&[fails.to_ne_bytes(), now.to_ne_bytes()].concat(), 8).expect("room");
    }

    /// How many there were since the last [`Allocations::fail_from_now`].
    pub(crate) fn since(&self) -> u64 {
        self.count() - self.number(2)
    }

    fn number(&self, index: usize) -> u64 {
        let bytes = fs::read(self.shared()).expect("the file is ours");
        u64::from_ne_bytes(bytes[8 * index..][..8].try_into().expect("eight bytes"))
    }

    fn shared(&self) -> PathBuf {
        self.0.path().join("shared")
    }
}

/// The library, built once a process.
fn shim() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/faults/shim.c");
        let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults-shim.so");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
        let made = folder.path().join("shim.so");
        let mut command = Command::new(std::env::var_os("CC").unwrap_or("cc".into()));
        command.args(["-std=gnu11", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-o"]).arg(&made).arg(&source);
        let output = command.output().expect("failing allocations need a C compiler (cc)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Another process may build it too: nobody sees half of it.
        fs::rename(&made, &built).expect("one file system");
        built
    })
}
