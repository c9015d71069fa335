//! What a manifest says of the guest: the program beside the models, and the native code made of it.

use serde::{Deserialize, Deserializer, Serialize};

/// The guest of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestRecord {
    /// The name it is called by, and what it sees as its own: the first of its arguments.
    pub name: String,
    /// What kind of WebAssembly it is.
    pub kind: GuestKind,
    /// For which engine and host the code section is; `None` where there is no such section.
    pub code: Option<CodeRecord>,
    /// BLAKE3 of the file that it was made of, in hex.
    pub source_hash: String,
    /// What was done to that file, in order; at most 64.
    pub steps: Vec<GuestStep>,
}

/// Kinds of WebAssembly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GuestKind {
    /// A core module, which speaks `wasi_snapshot_preview1` and `wasi_ephemeral_nn`.
    Module,
    /// A component that is a command, which speaks WASI 0.2 and `wasi:nn`.
    Component,
    /// A component that answers HTTP requests (`wasi:http/incoming-handler`), and speaks the same.
    Http,
}

impl GuestKind {
    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            GuestKind::Module => "module",
            GuestKind::Component => "component",
            GuestKind::Http => "http",
        }
    }
}

/// What native code was made by, and for. It is run where all of it is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRecord {
    /// The full version of wasmtime.
    pub wasmtime: String,
    /// Hash of the settings that shape code, in hex.
    pub settings: String,
    /// Architecture, operating system, and the CPU features that the code may use.
    pub target: String,
}

/// A record where its field is there: null is none. A reader of version 1 knows no such field, null or not.
pub(super) fn there<'de, D: Deserializer<'de>>(value: D) -> Result<Option<GuestRecord>, D::Error> {
    GuestRecord::deserialize(value).map(Some)
}

/// One step from the file to the guest section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestStep {
    /// What was done, such as `strip`.
    pub name: String,
    /// Bytes before it.
    pub before: u64,
    /// Bytes after it.
    pub after: u64,
}
