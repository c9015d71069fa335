//! Snapshots: what a restored worker is, when there is none, and that none is ever wrong.
//!
//! | file | what it proves |
//! |---|---|
//! | `processes.rs` | a restored worker is a process of its own: what must be new is new, what must agree agrees |
//! | `secrets.rs` | a snapshot holds nothing of whoever made it |
//! | `rules.rs` | every rule on an image's head, broken on purpose, is a reason and a normal start |
//! | `bits.rs` | no bit of a head can be flipped |
//! | `files.rs` | so are files that were changed since |
//! | `trust.rs` | and images that somebody else could have written |
//! | `makers.rs` | makers at once, a full disk, snapshots that are removed while they are used |
//! | `killed.rs` | makers that are killed leave nothing wrong behind |
//! | `deaths.rs` | workers that die after they were restored |
//! | `refused.rs` | what no snapshot is made of |
//! | `limits.rs` | limits, other users, closed descriptors, systems that do not tell |
//! | `sandbox.rs` | system calls that are forbidden |
//! | `head.rs` | an image's head, taken apart and put together again |
//! | `fallback.rs` | what is expected of every start for which there is no snapshot |
//!
//! That restored workers answer as others do is `tests/law/restored.rs`. Snapshots are of x86-64 Linux; elsewhere one
//! test says that there are none.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod elsewhere;
#[path = "../support/mod.rs"]
mod support;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod here {
    pub(crate) use blink_runtime::{Start, StartMode, Warmed, Worker};

    use crate::support::{files, home::Home, models};

    /// A home with `one.blink`, `x.npy`, and the snapshot that was made of them.
    pub(crate) fn warmed_one() -> (Home, Warmed) {
        let home = Home::of(models::compiled_one());
        let warmed = home.warm("one.blink");
        (home, warmed)
    }

    /// Whether `one` answers as it should.
    pub(crate) fn answers(worker: &mut Worker) -> bool {
        match worker.run(&[("x", models::x().view())]) {
            Ok(answer) => files::same(answer.get(0), models::y().view()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A worker of `one` that came from its snapshot, and has answered.
    pub(crate) fn restored(home: &Home) -> Worker {
        let worker = home.launcher().launch(&home.spec("one.blink", StartMode::Snapshot));
        let mut worker = worker.unwrap_or_else(|error| panic!("{error}"));
        assert!(answers(&mut worker) && *worker.start() == Start::Snapshot);
        worker
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod bits;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod deaths;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod fallback;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod files;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod head;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod killed;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod limits;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod makers;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod processes;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod refused;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod rules;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod sandbox;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod secrets;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod trust;
