//! A worker's guest: from an artifact to a linked program, and the models that it may ask.
//!
//! | file | what it holds |
//! |---|---|
//! | `link.rs` | which native code is run: the artifact's own, or the cache's |
//! | `code_cache.rs` | [`CodeCache`]: native code made on this host for this host |
//! | `own_code.rs` | who has signed an artifact's own |
//! | `models.rs` | the worker's instances as the guest sees them |
//!
//! What runs the guest is the crate `blink-guest`.

mod code_cache;
mod link;
mod models;
mod own_code;

pub use code_cache::{CodeCache, CodeCacheError};
pub use link::{GuestError, NativeCode, link, native_code};
pub(crate) use models::{FirstRun, Loader, WorkerModels};
pub use own_code::own_code;
