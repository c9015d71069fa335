//! Rules on the source itself: which crate may use which, and where `unsafe` may stand. A rule that fails here asks for
//! a decision; the text says what to weigh and where to write the outcome down.

mod arrows;
mod promises;
mod unsafe_code;

use std::path::{Path, PathBuf};

/// The workspace's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace").to_owned()
}
