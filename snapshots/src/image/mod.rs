//! An image: a parked worker, written to a file.
//!
//! | file | what it holds |
//! |---|---|
//! | `process.rs` | what the kernel tells of the worker: its mappings, threads and descriptors |
//! | `parked.rs` | the worker itself, which gives its memory piece by piece |
//! | `take.rs` | which pages are saved, and where in the file |
//! | `head.rs` | the head, written and read again |
//! | `ranges.rs` | which parts of which files a start reads |

pub(crate) mod head;
mod parked;
mod process;
mod ranges;
mod take;

pub use head::OwnedHead;
pub use parked::Parked;
pub use process::{Process, ProcessError};
pub use take::{TakeError, Taken, take};

use blink_restorer::host::Host;

/// The host this code runs on; `None` where there are no images.
pub(crate) fn here() -> Option<Host> {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    return Some(Host::here());
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    None
}
