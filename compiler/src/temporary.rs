//! [`Temporaries`]: the files that a compilation needs meanwhile, on the file system of its artifact.
//!
//! They have no name where the system can do that, and go with whoever holds them. A process that is about to give up
//! its right to make files makes them before.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};

use blink_artifact::PendingFile;

use crate::error::CompileError;

/// Most temporary files of one model: graph and weights as optimised, as turned round and as tried, two tries of two
/// flatbuffers; for a device, what half floats need.
pub(crate) const MOST: usize = 10;

/// Where temporary files come from.
pub(crate) struct Temporaries {
    /// Where the artifact will be.
    beside: PathBuf,
    /// Those that were made before. What has kept more from being made is told when more are needed.
    made: RefCell<Vec<PendingFile>>,
    failed: RefCell<Option<io::Error>>,
}

impl Temporaries {
    /// Files beside `output`, made when they are needed.
    pub(crate) fn beside(output: &Path) -> Temporaries {
        let (made, failed) = (RefCell::default(), RefCell::default());
        Temporaries { beside: output.to_owned(), made, failed }
    }

    /// The same, with `count` of them made now.
    pub(crate) fn made_beside(output: &Path, count: usize) -> Temporaries {
        let temporaries = Temporaries::beside(output);
        for _ in 0..count {
            match PendingFile::create(output) {
                Ok(file) => temporaries.made.borrow_mut().push(file),
                Err(error) => {
                    temporaries.failed.replace(Some(error));
                    break;
                }
            }
        }
        temporaries
    }

    /// An empty file.
    pub(crate) fn create(&self) -> Result<PendingFile, CompileError> {
        if let Some(file) = self.made.borrow_mut().pop() {
            return Ok(file);
        }
        let made = self.failed.take().map_or_else(|| PendingFile::create(&self.beside), Err);
        made.map_err(|source| self.failed(source))
    }

    /// What it says where one of them cannot be used.
    pub(crate) fn failed(&self, source: io::Error) -> CompileError {
        CompileError::Temporary { path: self.beside.clone(), source }
    }

    /// What errors about them name.
    pub(crate) fn path(&self) -> &Path {
        &self.beside
    }

    /// The paths by which those that were made can be opened.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.made.borrow().iter().map(PendingFile::path).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_before_is_used_first() {
        let home = tempfile::tempdir().unwrap();
        let temporaries = Temporaries::made_beside(&home.path().join("out"), 2);
        std::fs::remove_dir(home.path()).unwrap();
        assert_eq!(temporaries.paths().len(), 2);
        for _ in 0..2 {
            std::io::Write::write_all(&mut temporaries.create().unwrap().file(), b"text").unwrap();
        }
        assert!(matches!(temporaries.create(), Err(CompileError::Temporary { .. })));
    }

    #[test]
    fn why_none_could_be_made_is_told_when_one_is_needed() {
        let home = tempfile::tempdir().unwrap();
        let temporaries = Temporaries::made_beside(&home.path().join("absent/out"), 2);
        let error = temporaries.create().map(drop).unwrap_err();
        assert!(error.to_string().contains("No such file"), "{error}");
    }
}
