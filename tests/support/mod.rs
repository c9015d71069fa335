//! What the tests of the whole product share. Each test binary takes the part it needs.
//!
//! | file | what it gives |
//! |---|---|
//! | `browser.rs`, `measure.js` | Chromium, and what it is asked about a page |
//! | `cuda.rs`, `cuda_log.rs` | stand-ins for NVIDIA's libraries, and what they wrote down (Linux on x86-64) |
//! | `folder.rs` | a directory of its own, and `blink` run in it |
//! | `changes.rs` | artifacts that are changed where they lie |
//! | `ended.rs` | how a `blink` ended, and what to expect of that |
//! | `files.rs` | models and tensors as files in a folder |
//! | `forged.rs` | artifacts that the compiler did not write |
//! | `home.rs` | a folder with snapshots of its own |
//! | `models.rs` | small models that many tests drive |
//! | `refused_calls.rs` | a command where system calls are refused (Linux) |
//! | `tracer.rs` | a process watched at every system call (Linux) |
//!
//! Nothing is skipped: a machine that cannot run a test fails it, and the text says why.
#![allow(dead_code)]

pub(crate) mod browser;
pub(crate) mod changes;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod cuda;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) mod cuda_log;
pub(crate) mod ended;
pub(crate) mod files;
pub(crate) mod folder;
pub(crate) mod forged;
pub(crate) mod home;
pub(crate) mod models;
#[cfg(target_os = "linux")]
pub(crate) mod refused_calls;
#[cfg(target_os = "linux")]
pub(crate) mod tracer;

pub(crate) use ended::{Ended, Refusal};
pub(crate) use folder::Folder;
