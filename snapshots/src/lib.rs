//! The warm state of a worker. Today that is the tensor arena: the memory that sessions allocate from.
//!
//! The arena keeps what lives as long as a session (packed weights) apart from what lives for one run
//! (activations), because only the first is worth keeping between workers.

mod arena;
mod free_list;
mod region;

pub use arena::{ArenaStats, Lifetime, TensorArena};
