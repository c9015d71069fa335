//! A worker's guest: from an artifact to a linked program, and the models that it may ask.
//!
//! | file | what it holds |
//! |---|---|
//! | `link.rs` | which native code is run: the artifact's own, or the cache's |
//! | `code_cache.rs` | [`CodeCache`]: native code made on this host for this host |
//! | `models.rs` | the worker's instances as the guest sees them |
//!
//! What runs the guest is the crate `blink-guest`.

mod code_cache;
mod link;
mod models;

pub use code_cache::{CodeCache, CodeCacheError};
pub use link::GuestError;
pub use link::link;
pub(crate) use models::{FirstRun, Loader, WorkerModels};
