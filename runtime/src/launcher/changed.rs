//! Whether a worker has died of its artifact: of a page that the file has lost, or that its disk cannot give.
//!
//! The kernel ends a process that touches such a page (SIGBUS), and nothing in a worker stands in its way: no handler
//! goes on from there. It may as well have been a page of the snapshot, or of a library. So the artifact is looked at, by
//! reads, and only where it is not whole any more is it to blame.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use blink_artifact::{Artifact, OpenError};

use super::Ended;

/// What is wrong with the artifact of a worker that ended so; `None` where it ended otherwise, or the artifact is whole.
pub(super) fn found(ended: Ended, path: &Path, file: Option<&Arc<File>>) -> Option<OpenError> {
    if !ended.has_lost_a_page() {
        return None;
    }
    let artifact = match file {
        Some(file) => Artifact::read_from(Arc::clone(file), path),
        None => Artifact::read(path),
    };
    artifact.and_then(|artifact| artifact.verify(|_| ())).err()
}
