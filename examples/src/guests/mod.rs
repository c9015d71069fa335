//! The example guests, built from `examples/guests` by the cargo that is there, and what they are tested with.
//!
//! Each guest is built once in a process; cargo sees to it that nothing is compiled twice between processes. Nothing is
//! taken over from a cargo around this one but where it keeps its files. Refused: to go on without a guest.

mod build;
mod held_out;

use std::path::PathBuf;

pub use build::BuildError;
pub use held_out::{Digit, digits_model, held_out};

/// An example guest. What each does: `examples/guests/README.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guest {
    /// A picture to the five likeliest classes.
    Classify,
    /// A picture of a digit to the digit.
    Digits,
    /// A text to a vector.
    Embed,
    /// Lines in, one JSON answer a line out.
    Stream,
    /// Raw tensors in, raw tensors out.
    Bytes,
    /// Tells what it has been given.
    Probe,
}

/// What a guest imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// A core module: `wasi_snapshot_preview1` and `wasi_ephemeral_nn`.
    Module,
    /// A component: WASI 0.2 and `wasi:nn@0.2.0-rc-2024-10-28`.
    Component,
}

/// How large a guest is. All do the same; the larger ones carry code that is never called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// About 124 KB.
    Small,
    /// About 486 KB.
    Medium,
    /// About 1.3 MB.
    Large,
}

/// The `.wasm` file of a guest, built if it is not there or not new.
pub fn build(guest: Guest, interface: Interface) -> Result<PathBuf, BuildError> {
    let name = match guest {
        Guest::Classify => "classify",
        Guest::Digits => "digits",
        Guest::Embed => "embed",
        Guest::Stream => "stream",
        Guest::Bytes => "bytes",
        Guest::Probe => "probe",
    };
    build::rust(name, name, interface)
}

/// The `.wasm` file of [`Guest::Bytes`] in a size, built if it is not there or not new.
pub fn sized(size: Size, interface: Interface) -> Result<PathBuf, BuildError> {
    let binary = match size {
        Size::Small => "bytes",
        Size::Medium => "bytes-medium",
        Size::Large => "bytes-large",
    };
    build::rust("bytes", binary, interface)
}

/// The `.wasm` file of the guest that answers HTTP requests, a component: a picture of a digit to the digit, as JSON.
pub fn http_guest() -> Result<PathBuf, BuildError> {
    build::http("digits-http")
}

/// The `.wasm` file of the guest in C, a module, built by `examples/guests/c/build.sh`.
pub fn c_guest() -> Result<PathBuf, BuildError> {
    build::c("sum")
}
