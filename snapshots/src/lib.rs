//! The warm state of workers: kept in memory while they live, written down for those that come after.
//!
//! | file | what it holds |
//! |---|---|
//! | `arena.rs`, `free_list.rs`, `region.rs` | the memory that sessions allocate from |
//! | `park.rs` | where a worker is written down, and where it comes back |
//! | `image/` | a worker in a file |
//! | `program.rs`, `restorer/` | the program that makes a worker of an image |
//!
//! The arena keeps what lives as long as a session (packed weights) apart from what lives for one run
//! (activations), because only the first is worth keeping between workers.

mod arena;
mod free_list;
#[cfg(target_os = "linux")]
pub mod image;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod park;
mod program;
mod region;

pub use arena::{ArenaStats, Lifetime, TensorArena};
pub use blink_restorer::{channel, refusal};
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub use park::{ParkError, Restored, close_inherited, park};
pub use program::restorer;
