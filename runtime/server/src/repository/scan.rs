//! Files and directories become [`Candidate`]s: artifacts by the names and versions that their places give them.
//!
//! In a directory count `NAME.blink` and `NAME/VERSION/model.blink`; all else is not ours. What is hidden is being
//! written, or is a mount's own. Links are followed: that is how volumes are mounted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{LoadError, RepositoryError};
use super::name;
use crate::integrity::Identity;

/// Most artifacts that are looked at. Each holds a descriptor.
const MAX_ARTIFACTS: usize = 10_000;
/// What artifacts are called.
const EXTENSION: &str = "blink";
/// What they are called in the directory of a version.
const VERSIONED: &str = "model.blink";

/// A place where an artifact is, or should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) version: u64,
    /// The file's; why it is no candidate after all where it cannot be.
    pub(super) identity: Result<Identity, LoadError>,
}

/// All candidates, and the sources that could not be looked at this time.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) candidates: Vec<Candidate>,
    pub(super) unreadable: Vec<(PathBuf, RepositoryError)>,
    /// There were more than are looked at.
    pub(super) is_cut: bool,
}

/// Looks at `sources`: artifacts, and directories of them.
pub(super) fn scan(sources: &[PathBuf]) -> Scan {
    let mut scan = Scan::default();
    for source in sources {
        if let Err(error) = scan.source(source) {
            scan.unreadable.push((source.clone(), error));
        }
    }
    scan.candidates.sort_by(|a, b| (&a.name, a.version, &a.path).cmp(&(&b.name, b.version, &b.path)));
    scan.candidates.dedup_by(|a, b| a.path == b.path);
    scan
}

impl Scan {
    fn source(&mut self, source: &Path) -> Result<(), RepositoryError> {
        let failed = |error| RepositoryError::Source { path: source.to_owned(), source: error };
        let metadata = fs::metadata(source).map_err(failed)?;
        if metadata.is_dir() {
            return self.directory(source).map_err(failed);
        }
        if !metadata.is_file() {
            return Err(RepositoryError::SourceKind { path: source.to_owned() });
        }
        self.add(source.to_owned(), stem(source), 1);
        Ok(())
    }

    fn directory(&mut self, directory: &Path) -> io::Result<()> {
        for (file_name, path) in visible(directory)? {
            // Gone since the directory was read, or a link to nothing: as if it had not been listed.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if metadata.is_dir() {
                self.versions(file_name, &path);
            } else if path.extension().is_some_and(|extension| extension == EXTENSION) {
                self.add(path.clone(), stem(&path), 1);
            }
        }
        Ok(())
    }

    /// Looks for `VERSION/model.blink` in the directory of a name.
    fn versions(&mut self, name: String, directory: &Path) {
        let Ok(entries) = visible(directory) else { return };
        for (file_name, path) in entries {
            let Some(version) = version(&file_name) else { continue };
            if path.is_dir() {
                self.add(path.join(VERSIONED), name.clone(), version);
            }
        }
    }

    fn add(&mut self, path: PathBuf, name: String, version: u64) {
        if self.candidates.len() >= MAX_ARTIFACTS {
            self.is_cut = true;
            return;
        }
        let identity = match (name::check(&name), fs::metadata(&path)) {
            (Err(rule), _) => Err(LoadError::Name { rule }),
            (Ok(()), Ok(metadata)) => Ok(Identity::from(&metadata)),
            (Ok(()), Err(error)) if error.kind() == io::ErrorKind::NotFound => Err(LoadError::NoArtifact),
            (Ok(()), Err(error)) => Err(LoadError::Directory(error.to_string())),
        };
        self.candidates.push(Candidate { path, name, version, identity });
    }
}

/// What is in a directory, without what is hidden. Names that are not UTF-8 come as near to text as they can: they are
/// refused as names later, with words.
fn visible(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        if !file_name.starts_with('.') {
            entries.push((file_name, entry.path()));
        }
    }
    Ok(entries)
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A version as its directory is called: a number from 1 up, written in one way only.
fn version(name: &str) -> Option<u64> {
    let plain = name.bytes().all(|byte| byte.is_ascii_digit()) && !name.starts_with('0');
    name.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn files(directory: &Path, names: &[&str]) {
        for name in names {
            let path = directory.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }

    fn found(sources: &[PathBuf]) -> Vec<(String, u64)> {
        let scan = scan(sources);
        assert!(scan.unreadable.is_empty());
        scan.candidates.into_iter().map(|candidate| (candidate.name, candidate.version)).collect()
    }

    #[test]
    fn names_and_versions_come_from_places() {
        let directory = tempfile::tempdir().unwrap();
        let names = ["a.blink", "b/1/model.blink", "b/12/model.blink", "c/3/model.blink", "named.other"];
        files(directory.path(), &names);
        let all = found(&[directory.path().to_owned(), directory.path().join("named.other")]);
        let expected = [("a", 1), ("b", 1), ("b", 12), ("c", 3), ("named", 1)];
        assert_eq!(all, expected.map(|(name, version)| (name.to_owned(), version)));
        // Named twice, it is there once.
        assert_eq!(found(&[directory.path().join("a.blink"), directory.path().join("a.blink")]).len(), 1);
    }

    #[test]
    fn what_is_hidden_or_called_otherwise_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let names = [".blink-1-2.tmp", ".x.blink", "..data/y.blink", "README.md", "a.blink.part", "d/x/model.blink"];
        files(directory.path(), &names);
        files(directory.path(), &["e/01/model.blink", "e/0/model.blink", "e/1/other.blink.tmp", "f/.1/model.blink"]);
        symlink("nowhere", directory.path().join("gone.blink")).unwrap();
        let scan = scan(&[directory.path().to_owned()]);
        // The directory of a version without its artifact is told of.
        assert_eq!(scan.candidates.len(), 1, "{:?}", scan.candidates);
        assert_eq!((scan.candidates[0].name.as_str(), scan.candidates[0].version), ("e", 1));
        assert_eq!(scan.candidates[0].identity, Err(LoadError::NoArtifact));
    }

    #[test]
    fn links_are_followed() {
        let directory = tempfile::tempdir().unwrap();
        files(directory.path(), &["..data/a.blink"]);
        symlink("..data/a.blink", directory.path().join("a.blink")).unwrap();
        assert_eq!(found(&[directory.path().to_owned()]), [("a".to_owned(), 1)]);
    }

    #[test]
    fn names_that_cannot_be_served_are_told_of() {
        let directory = tempfile::tempdir().unwrap();
        files(directory.path(), &["my model.blink"]);
        let scan = scan(&[directory.path().to_owned()]);
        assert!(matches!(scan.candidates[0].identity, Err(LoadError::Name { .. })));
    }

    #[test]
    fn a_source_that_is_not_there_is_told_of_apart() {
        let scan = scan(&["/nowhere/at/all".into(), "/dev/null".into()]);
        assert!(matches!(scan.unreadable[0].1, RepositoryError::Source { .. }));
        assert!(matches!(scan.unreadable[1].1, RepositoryError::SourceKind { .. }));
    }
}
