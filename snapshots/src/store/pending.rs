//! [`PendingImage`]: an image that is being made.
//!
//! Until it is published nobody finds it, and whoever gives up or dies leaves no image. Two makers of one key do not
//! disturb each other: the last to publish wins.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use blink_artifact::PendingFile;

use super::StoreError;
use super::trust::IMAGE_MODE;

/// An image without its name.
#[derive(Debug)]
pub struct PendingImage(PendingFile);

impl PendingImage {
    pub(super) fn create(destination: &Path) -> Result<PendingImage, StoreError> {
        let failed = || StoreError::io("made", destination);
        let pending = PendingFile::create(destination).map_err(failed())?;
        // Where it must have a temporary name, others may not read a worker's memory by it.
        pending.file().set_permissions(Permissions::from_mode(0o600)).map_err(failed())?;
        Ok(PendingImage(pending))
    }

    /// The file, empty at first, open for reading and writing. It gets the key's label with the rest of its head.
    pub fn file(&self) -> &File {
        self.0.file()
    }

    /// A path by which this process can open the file before it is published.
    pub fn path(&self) -> PathBuf {
        self.0.path()
    }

    /// Where it is to appear.
    pub fn destination(&self) -> &Path {
        self.0.destination()
    }

    /// Syncs the image to disk, closes it to everybody but its owner and to all writing, and gives it its name, in place
    /// of an older one.
    pub fn publish(self) -> Result<(), StoreError> {
        let destination = self.destination().to_owned();
        self.0.publish(IMAGE_MODE).map_err(StoreError::io("written", &destination))
    }
}
