//! The sandbox of workers: the same bits behind walls, walls that stand however a worker came up, and words for those
//! that do not. That each wall holds is tried in `runtime/tests/walls/`.
//!
//! | file | what it proves |
//! |---|---|
//! | `law.rs` | the law behind walls; what the kernel says of a worker |
//! | `guests.rs` | a guest has what it was granted, and its worker no more |
//! | `missing.rs` | a kernel without a wall: told and counted, or refused |
//! | `words.rs` | the command line and the server |

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod guests;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod law;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod missing;
#[path = "../support/mod.rs"]
mod support;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod words;
