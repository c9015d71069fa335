//! Guests are built by programs of their own: cargo, and a script for C. What those say is kept for the error.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::Interface;

/// Why there is no guest.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A program that could not be started.
    #[error("{program} cannot be started to build guest '{guest}': {source}")]
    Start {
        /// The guest.
        guest: String,
        /// What was to build it.
        program: String,
        /// Why not.
        source: io::Error,
    },
    /// A build that failed.
    #[error("guest '{guest}' cannot be built: {program} ended with {status} and said:\n{said}")]
    Failed {
        /// The guest.
        guest: String,
        /// What was to build it.
        program: String,
        /// How that ended.
        status: std::process::ExitStatus,
        /// Its messages.
        said: String,
    },
    /// A build that went well and left no file.
    #[error("guest '{guest}' was built, but not to {}", .path.display())]
    Missing {
        /// The guest.
        guest: String,
        /// Where it was expected.
        path: PathBuf,
    },
}

/// Settings of the cargo around this one that hold for guests too: where its files are and how it gets them.
const KEPT: [&str; 6] = ["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_", "CARGO_TERM_"];

/// Files that this process has built.
static BUILT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A binary of a package of `examples/guests`.
pub(super) fn rust(package: &str, binary: &str, interface: Interface) -> Result<PathBuf, BuildError> {
    let target = match interface {
        Interface::Module => "wasm32-wasip1",
        Interface::Component => "wasm32-wasip2",
    };
    cargo(binary, target, &["--package", package, "--bin", binary])
}

/// A library of `examples/guests` that is a component.
pub(super) fn http(package: &str) -> Result<PathBuf, BuildError> {
    cargo(&package.replace('-', "_"), "wasm32-wasip2", &["--package", package, "--lib"])
}

/// What cargo makes of a part of `examples/guests`.
fn cargo(stem: &str, target: &str, part: &[&str]) -> Result<PathBuf, BuildError> {
    let directory = built_files();
    let path = directory.join(target).join("release").join(format!("{stem}.wasm"));
    once(stem, path, || {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_cargo(name)) {
            cargo.env_remove(name);
        }
        cargo.args(["build", "--release", "--locked", "--color", "never"]);
        cargo.args(["--target", target]).args(part);
        cargo.arg("--target-dir").arg(&directory).current_dir(source_files());
        cargo
    })
}

/// A guest in C.
pub(super) fn c(name: &str) -> Result<PathBuf, BuildError> {
    let path = built_files().join("c").join(format!("{name}.wasm"));
    once(name, path.clone(), || {
        let mut script = Command::new("sh");
        script.arg(source_files().join("c/build.sh")).arg(&path);
        script
    })
}

/// Runs a command that makes `path`, unless it ran in this process before.
fn once(guest: &str, path: PathBuf, command: impl FnOnce() -> Command) -> Result<PathBuf, BuildError> {
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    if built.contains(&path) {
        return Ok(path);
    }
    let (guest, mut command) = (guest.to_owned(), command());
    let program = command.get_program().display().to_string();
    let output = match command.output() {
        Ok(output) => output,
        Err(source) => return Err(BuildError::Start { guest, program, source }),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        return Err(BuildError::Failed { guest, program, status: output.status, said });
    }
    if !path.is_file() {
        return Err(BuildError::Missing { guest, path });
    }
    built.insert(path.clone());
    Ok(path)
}

/// Whether a variable is one by which a cargo tells what it builds, or is told how.
fn is_of_cargo(name: &OsStr) -> bool {
    const OTHERS: [&str; 5] = ["RUSTFLAGS", "RUSTDOCFLAGS", "RUSTC_WORKSPACE_WRAPPER", "MAKEFLAGS", "MFLAGS"];
    let name = name.to_string_lossy();
    OTHERS.contains(&&*name) || (name.starts_with("CARGO") && !KEPT.iter().any(|kept| name.starts_with(kept)))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace")
}

fn source_files() -> PathBuf {
    root().join("examples/guests")
}

fn built_files() -> PathBuf {
    root().join("target/guests")
}
