//! The directory of images as makers, starts and whoever tidies up use it, with images that hold nothing but a head.
//!
//! | file | what it drives |
//! |---|---|
//! | `find.rs` | what a start finds, and what it refuses to trust |
//! | `publish.rs` | makers that meet, give up, are killed, or run out of space |
//! | `list.rs` | what is said of every image |
//! | `prune.rs` | what is removed, and what stays |
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod find;
mod list;
mod prune;
mod publish;
mod support;
