//! [`Integrity`]: whether the file of a model is still what was opened, and what is done to find out.
//!
//! A file that is not is poisoned: what rests on it is refused, nothing of it is started, and no look at the disk serves it
//! again before another file is in its place.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use blink_runtime::Level;

use crate::error::RequestError;
use crate::model::Model;

/// Why a model is not served whose file is poisoned.
pub(crate) const POISONED: &str =
    "its file is damaged, or was changed while it was served; it is served again when a whole one is in its place";

/// How long a file that was just changed may be one that is still being written.
const YOUNG: Duration = Duration::from_secs(60);

/// Which file it is, and in which state: what differs in any of these is another artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

impl Identity {
    /// The state of `file` now.
    pub(crate) fn of(file: &File) -> io::Result<Identity> {
        Ok(Identity::from(&file.metadata()?))
    }

    /// Whether it was changed just now, as far as this clock can tell.
    pub(crate) fn is_young(&self) -> bool {
        let modified = u64::try_from(self.modified.0).map_or(UNIX_EPOCH, |secs| UNIX_EPOCH + Duration::from_secs(secs));
        SystemTime::now().duration_since(modified).is_ok_and(|age| age < YOUNG)
    }

    /// Whether this is the same file as `other`, written to in between.
    pub(crate) fn was_written(&self, other: &Identity) -> bool {
        (self.device, self.inode) == (other.device, other.inode) && self != other
    }
}

impl From<&Metadata> for Identity {
    fn from(metadata: &Metadata) -> Identity {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Identity { device: metadata.dev(), inode: metadata.ino(), len: metadata.len(), modified }
    }
}

/// What is known of a file that is served. All models of one artifact share it.
#[derive(Debug)]
pub struct Integrity {
    identity: Identity,
    /// BLAKE3 of header and section table, and through that of every byte.
    structure: [u8; 32],
    level: Level,
    is_poisoned: AtomicBool,
    is_checked: AtomicBool,
    /// Files that were poisoned since the server was started.
    total: Arc<AtomicU64>,
}

impl Integrity {
    pub(crate) fn new(identity: Identity, structure: [u8; 32], level: Level, total: Arc<AtomicU64>) -> Integrity {
        Integrity { identity, structure, level, is_poisoned: false.into(), is_checked: false.into(), total }
    }

    /// That of a file that nobody looks at.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Integrity {
        let identity = Identity { device: 0, inode: 0, len: 0, modified: (0, 0) };
        Integrity::new(identity, [0; 32], Level::Code, Arc::default())
    }

    /// Whether it may be used no more.
    pub fn is_poisoned(&self) -> bool {
        self.is_poisoned.load(Ordering::Acquire)
    }

    /// It may be used no more from now on. Whether that is news.
    pub(crate) fn poison(&self) -> bool {
        let is_news = !self.is_poisoned.swap(true, Ordering::AcqRel);
        if is_news {
            self.total.fetch_add(1, Ordering::Relaxed);
        }
        is_news
    }

    /// Whether `file`, which is this one, is as long and was written to as long ago as when it was opened.
    pub(crate) fn is_unchanged(&self, file: &File) -> bool {
        Identity::of(file).is_ok_and(|now| now == self.identity)
    }

    /// Whether each start asks for that: where every byte is checked once, for the file as it was then.
    pub(crate) fn is_asked_at_starts(&self) -> bool {
        self.level != Level::Code
    }

    /// Whether every byte is to be checked now, after an answer. True once.
    pub(crate) fn is_to_be_checked(&self) -> bool {
        self.level == Level::Lazy && !self.is_checked.swap(true, Ordering::AcqRel)
    }

    /// Whether `now` is the state of this very file, written to since.
    pub(crate) fn was_written(&self, now: &Identity) -> bool {
        self.identity.was_written(now)
    }

    /// Whether `other` is of the same bytes, as far as both files are whole.
    pub(crate) fn is_of_same_bytes(&self, other: &Integrity) -> bool {
        self.structure == other.structure
    }
}

impl Model {
    /// What a request to it is told where its file is poisoned.
    pub fn poisoned(&self) -> Option<RequestError> {
        self.integrity.is_poisoned().then(|| poisoned(&self.name))
    }
}

/// What a request to the model of this name is told, once its file is poisoned.
pub(crate) fn poisoned(name: &str) -> RequestError {
    RequestError::Unavailable(format!("model '{name}' is not served: {POISONED}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn integrity(file: &File, level: Level) -> Integrity {
        Integrity::new(Identity::of(file).unwrap(), [0; 32], level, Arc::default())
    }

    #[test]
    fn poison_is_found_once_and_stays() {
        let file = tempfile::tempfile().unwrap();
        let integrity = integrity(&file, Level::Code);
        assert!(!integrity.is_poisoned());
        assert!(integrity.poison() && !integrity.poison() && integrity.is_poisoned());
        assert_eq!(integrity.total.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_file_that_is_written_to_has_changed_and_another_one_has_not() {
        let directory = tempfile::tempdir().unwrap();
        let [a, b] = ["a", "b"].map(|name| directory.path().join(name));
        [&a, &b].into_iter().for_each(|path| std::fs::write(path, "some").unwrap());
        let file = File::options().read(true).append(true).open(&a).unwrap();
        let integrity = integrity(&file, Level::Full);
        assert!(integrity.is_unchanged(&file));
        let other = Identity::of(&File::open(&b).unwrap()).unwrap();
        assert!(!integrity.was_written(&other));
        (&file).write_all(b"more").unwrap();
        assert!(!integrity.is_unchanged(&file) && integrity.was_written(&Identity::of(&file).unwrap()));
    }

    #[test]
    fn only_the_lazy_level_checks_after_an_answer_and_once() {
        let file = tempfile::tempfile().unwrap();
        for level in Level::ALL {
            let integrity = integrity(&file, level);
            let asked = [integrity.is_to_be_checked(), integrity.is_to_be_checked()];
            assert_eq!(asked, [level == Level::Lazy, false]);
            assert_eq!(integrity.is_asked_at_starts(), level != Level::Code);
        }
    }
}
