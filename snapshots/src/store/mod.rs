//! [`Store`]: the directory of images, one for each [`Key`].
//!
//! | file | what it holds |
//! |---|---|
//! | `key.rs` | what a snapshot is of, and the name that gives its image |
//! | `trust.rs` | opening directory and images, and whether they are trusted |
//! | `judge.rs` | what an image says of itself, and whether it can be restored here |
//! | `pending.rs` | an image that is being made |
//! | `list.rs` | every image there is |
//! | `prune.rs` | removing those that are of no use, or too many |
//!
//! An image has its name only once it is whole and on disk, and is never changed. So there are no locks: names are given
//! by renaming and taken by unlinking, and whoever has opened or mapped an image keeps it.

mod judge;
mod key;
mod list;
mod pending;
mod prune;
mod trust;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use blink_restorer::refusal::Refusal;

pub use self::key::Key;
pub use self::list::Entry;
pub use self::pending::PendingImage;
pub use self::prune::{Prune, Pruned, Removed, Why};
use crate::reason::Reason;

/// Why the store cannot do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StoreError {
    /// What is there must not, or cannot, be used.
    #[error(transparent)]
    Refused(#[from] Reason),
    #[error("{path} cannot be {action}: {source}", path = path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl StoreError {
    fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        move |source| StoreError::Io { action, path: path.to_owned(), source }
    }
}

impl From<StoreError> for Reason {
    fn from(error: StoreError) -> Reason {
        match error {
            StoreError::Refused(reason) => reason,
            StoreError::Io { path, source, .. } => Reason::Unreadable { path, error: source.to_string() },
        }
    }
}

/// Opens a file that is to be executed: nobody but its owner may have written it or put it there, as for images. `None`
/// where there is none.
pub fn open_trusted(path: &Path) -> Result<Option<File>, StoreError> {
    let Some(directory) = trust::directory(path.parent().unwrap_or(Path::new(".")))? else { return Ok(None) };
    Ok(trust::image(&directory, path)?.map(|(file, _)| file))
}

/// The directory of images.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// An image that was found: trusted, and of the key that was asked for. Whether it can be restored is the restorer's to say.
#[derive(Debug)]
pub struct Found {
    /// Open for reading.
    pub file: File,
    /// Its name when it was opened.
    pub path: PathBuf,
}

impl Found {
    /// Whether this image was made of `artifact`, open and called `path`, and that file has not been changed since. One
    /// that cannot be read was not. It reads the head: for those who must know, as restorers ask for themselves.
    pub fn is_of(&self, path: &Path, artifact: &File) -> bool {
        judge::is_of(&self.file, path, artifact).unwrap_or(false)
    }

    /// The reason that `refusal` is, when the restorer refused this image.
    pub fn reason(&self, refusal: Refusal) -> Reason {
        judge::told(&self.file, &self.path, refusal)
    }
}

impl Store {
    /// The store in `directory`. Nothing is touched, and the directory need not be there.
    pub fn new(directory: PathBuf) -> Store {
        // A path that ends with a slash or a dot would lead through a symbolic link.
        Store { directory: directory.components().collect() }
    }

    /// Where the images are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The image of `key`; `None` where none was made. This is on the way of every start: two opens and two reads.
    ///
    /// Refused are an image or a directory that somebody else could have written, and an image of another key.
    pub fn find(&self, key: &Key) -> Result<Option<Found>, StoreError> {
        let Some(directory) = trust::directory(&self.directory)? else { return Ok(None) };
        let label = key.label();
        let path = self.directory.join(key.file_name());
        let Some((file, _)) = trust::image(&directory, &path)? else { return Ok(None) };
        if judge::label(&file).map_err(StoreError::io("read", &path))? != label {
            return Err(judge::judge(&file, &path).err().unwrap_or(Reason::OtherKey).into());
        }
        Ok(Some(Found { file, path }))
    }

    /// Starts the image of `key`. The directory is made where it is missing, for its owner alone.
    pub fn begin(&self, key: &Key) -> Result<PendingImage, StoreError> {
        self.make()?;
        PendingImage::create(&self.directory.join(key.file_name()))
    }

    fn make(&self) -> Result<(), StoreError> {
        use std::os::unix::fs::DirBuilderExt;
        let failed = || StoreError::io("made", &self.directory);
        if trust::directory(&self.directory)?.is_some() {
            return Ok(());
        }
        if let Some(parent) = self.directory.parent() {
            fs::create_dir_all(parent).map_err(failed())?;
        }
        match fs::DirBuilder::new().mode(0o700).create(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed()(error)),
            _ => {}
        }
        match trust::directory(&self.directory)? {
            Some(_) => Ok(()),
            None => Err(failed()(io::ErrorKind::NotFound.into())),
        }
    }

    /// Removes an image that was found, unless its name has gone to another since; whether it did. Workers that were
    /// made of it are not disturbed.
    pub fn remove(&self, found: &Found) -> io::Result<bool> {
        // The file is open, so nobody else has its number.
        let here = found.file.metadata()?;
        trust::unlink(&found.path, |there| (there.dev(), there.ino()) == (here.dev(), here.ino()))
    }
}
