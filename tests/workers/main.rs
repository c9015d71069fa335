//! Workers: processes that answer for one model, in the hands of a `Launcher`.
//!
//! | file | what it proves |
//! |---|---|
//! | `answers.rs` | a worker answers as an instance in this process does, bit for bit, however often it is asked |
//! | `failures.rs` | what fails in a worker fails in its caller's hands, in the same words and of the same class |
//! | `changed.rs` | an artifact that changes while a worker has it; what each level of checking finds |
//! | `deaths.rs` | a worker that dies is an error, never a hang, and leaves nothing behind |
//! | `limits.rs` | what ends a worker from outside: its memory, a stopper; and the file that it is started from |
//! | `process.rs` | the process has what its launcher gave it, and nothing else |
//! | `latency.rs` | a measurement, for whoever asks for it |

mod answers;
#[cfg(target_os = "linux")]
mod changed;
mod deaths;
mod failures;
mod latency;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod process;
#[path = "../support/mod.rs"]
mod support;

use blink_runtime::{Launcher, StartMode, Worker, WorkerSpec};
use support::Folder;
use support::folder::BLINK;

/// A launcher of the binary under test.
fn launcher() -> Launcher {
    Launcher::new(BLINK)
}

/// A normal start of an artifact in `folder`, with two threads.
fn spec(folder: &Folder, artifact: &str) -> WorkerSpec {
    let mut spec = WorkerSpec::new(folder.path(artifact));
    spec.start = StartMode::Normal;
    spec.options.threads = Some(2);
    spec
}

/// A worker for an artifact in `folder`.
fn launched(folder: &Folder, artifact: &str) -> Worker {
    launcher().launch(&spec(folder, artifact)).expect("a worker is launched")
}
