//! Answers under load and sweeps, of real workers, through the library that `blink bench` uses.
//!
//! | file | what it proves |
//! |---|---|
//! | `loads.rs` | every worker answers under load as at first, and one that dies is an error |
//! | `sweeps.rs` | each axis gives what was asked for at each value, and what cannot grow is refused by name |

mod loads;
#[path = "../support/mod.rs"]
mod support;
mod sweeps;

use blink_benches::setup::{Plan, Starts};
use support::Folder;
use support::folder::BLINK;

/// An artifact of `folder` with one thread, started in every way, its files in the folder.
fn plan(folder: &Folder, artifact: &str) -> Plan {
    Plan {
        program: std::fs::canonicalize(BLINK).expect("the binary under test"),
        artifact: folder.path(artifact),
        model: None,
        inputs: None,
        guest: None,
        threads: 1,
        prepack: None,
        starts: Starts::Any,
        levels: vec![blink_runtime::Level::default()],
        peers: Vec::new(),
        device: None,
        resident: None,
        strict_placement: false,
        from_disk: false,
        is_bare: false,
        directory: folder.path("."),
    }
}
