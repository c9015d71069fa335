//! The restorer: what makes a running worker of an image, and what both sides of an image must agree on.
//!
//! | file | what it holds |
//! |---|---|
//! | `image.rs`, `head.rs` | the layout of an image's head, and its checks |
//! | `checksum.rs` | the sum over it |
//! | `host.rs` | what makes two hosts the same to an image |
//! | `refusal.rs` | every reason not to restore |
//! | `channel.rs` | what the program and whoever started it agree on |
//! | `system.rs` | system calls without libc |
//! | `main.rs`, `environment.rs`, `mappings.rs`, `thread.rs` | the program |
//!
//! The library is for those who write images and read their heads; it touches nothing. The program is static, has no
//! libc, allocates nothing, and trusts nothing in an image whose sum it has not computed.
#![no_std]

pub mod channel;
pub mod checksum;
mod head;
pub mod host;
pub mod image;
pub mod refusal;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod system;
