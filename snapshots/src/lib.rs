//! The warm state of workers: kept in memory while they live, written down for those that come after.
//!
//! | file | what it holds |
//! |---|---|
//! | `arena.rs`, `free_list.rs`, `region.rs` | the memory that sessions allocate from |
//! | `park.rs`, `park_elsewhere.rs`, `restored.rs` | where a worker is written down, and where it comes back |
//! | `image/` | a worker in a file |
//! | `store/` | the directory of images: found, made, listed, removed |
//! | `reason.rs` | why a snapshot is not used |
//! | `descriptors.rs` | what a process has inherited without being meant to |
//! | `program.rs`, `restorer/` | the program that makes a worker of an image |
//!
//! The arena keeps what lives as long as a session (packed weights) apart from what lives for one run
//! (activations), because only the first is worth keeping between workers.

mod arena;
mod descriptors;
mod free_list;
pub mod image;
#[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), path = "park_elsewhere.rs")]
mod park;
mod program;
mod reason;
mod region;
mod restored;
pub mod store;

pub use arena::{ArenaStats, Lifetime, TensorArena};
pub use blink_restorer::{channel, refusal};
pub use descriptors::close_inherited;
pub use free_list::FreeList;
pub use park::{ParkError, park};
pub use program::restorer;
pub use reason::{Distrust, Reason};
pub use restored::Restored;
