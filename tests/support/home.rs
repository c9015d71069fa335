//! [`Home`]: a folder with a cache directory of its own, so with snapshots of its own, seen from the command line and
//! through the library.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use blink_runtime::library::{self, CACHE_VARIABLE, LIBRARY_VARIABLE};
use blink_runtime::{Launcher, StartMode, Warmed, WorkerSpec};

use super::Folder;
use super::folder::{BLINK, Blink};

/// A folder whose snapshots are nobody else's.
pub(crate) struct Home {
    /// What lies beside the cache directory.
    pub(crate) folder: Folder,
    library: PathBuf,
}

impl Home {
    /// A home around `folder`.
    pub(crate) fn of(folder: Folder) -> Home {
        let library = library::find().expect("the harness has set the library up").path;
        Home { folder, library: std::path::absolute(library).expect("a working directory") }
    }

    /// ONNX Runtime's library, which is not in this cache directory.
    pub(crate) fn library(&self) -> &PathBuf {
        &self.library
    }

    /// The directory of snapshots, which may not be there.
    pub(crate) fn snapshots(&self) -> PathBuf {
        self.folder.path("cache").join("snapshots")
    }

    /// Everything in the directory of snapshots, hidden files included.
    pub(crate) fn images(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.snapshots()) else { return Vec::new() };
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    }

    /// Writes an image to where its maker would have put it, as its maker would have.
    pub(crate) fn image(&self, path: &std::path::Path, bytes: &[u8]) {
        fs::write(path, bytes).expect("the directory is ours");
        fs::set_permissions(path, fs::Permissions::from_mode(0o400)).expect("the file is ours");
    }

    /// `blink` in the folder, with these snapshots.
    pub(crate) fn blink(&self, arguments: &str) -> Blink {
        let cache = self.folder.path("cache");
        self.folder.blink(arguments).env(CACHE_VARIABLE, cache).env(LIBRARY_VARIABLE, &self.library)
    }

    /// A launcher of the binary under test, with these snapshots.
    pub(crate) fn launcher(&self) -> Launcher {
        // As `blink` knows itself.
        let program = fs::canonicalize(BLINK).expect("the binary under test");
        Launcher::new(program).with_snapshots(self.snapshots())
    }

    /// A worker of an artifact in the folder.
    pub(crate) fn spec(&self, artifact: &str, start: StartMode) -> WorkerSpec {
        WorkerSpec { start, ..WorkerSpec::new(self.folder.path(artifact)) }
    }

    /// Makes the snapshot of an artifact in the folder.
    pub(crate) fn warm(&self, artifact: &str) -> Warmed {
        let warmed = self.launcher().warm(&self.spec(artifact, StartMode::Auto));
        warmed.unwrap_or_else(|error| panic!("{artifact}: {error}"))
    }
}
