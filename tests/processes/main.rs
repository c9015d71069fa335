//! What the processes of `blink` touch, hold and leave behind.
//!
//! | file | what it proves |
//! |---|---|
//! | `silence.rs` | nothing leaves the machine, nothing under the home directory is opened |
//! | `killed.rs` | a compilation that is killed leaves nothing, and an older artifact whole |
//! | `memory.rs` | a worker has no private copy of the weights |
//!
//! All three ask the kernel, in Linux's own ways, and make promises for Linux.

#[cfg(target_os = "linux")]
mod killed;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod silence;
#[path = "../support/mod.rs"]
mod support;
