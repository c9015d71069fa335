//! From a `location` inside a model to a mapped file, never leaving the model's directory.
//!
//! Refuses absolute paths, `..`, symbolic links in any component, files with more than one hard link, anything
//! but a regular file, and the names that ONNX Runtime reserves for addresses in memory.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::map::{MappedFile, Stamp};

/// Why the location of external data was refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LocationError {
    #[error("location '{location}' is not a plain relative path: external data must be beside the model")]
    NotRelative { location: String },
    #[error("location '{location}' is a name that ONNX Runtime reserves for memory addresses")]
    Reserved { location: String },
    #[error("{path} is a symbolic link: put the data file itself beside the model")]
    SymbolicLink { path: PathBuf },
    #[error("{path} has {links} hard links: put a copy of its own beside the model")]
    HardLink { path: PathBuf, links: u64 },
    #[error("{path} is not a regular file")]
    NotAFile { path: PathBuf },
    #[error("{path} is outside the model's directory {directory}")]
    Outside { path: PathBuf, directory: PathBuf },
    #[error("{path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
}

/// The components of `location`, each a plain name.
fn plain(location: &str) -> Result<PathBuf, LocationError> {
    let refused = || LocationError::NotRelative { location: location.to_owned() };
    if location.contains(['\\', '\0']) {
        return Err(refused());
    }
    let mut path = PathBuf::new();
    for component in Path::new(location).components() {
        match component {
            Component::Normal(name) if name == "*" => {
                return Err(LocationError::Reserved { location: location.to_owned() });
            }
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(refused()),
        }
    }
    if path.as_os_str().is_empty() { Err(refused()) } else { Ok(path) }
}

/// Maps the file at `location` below `directory`.
pub(super) fn open(directory: &Path, location: &str) -> Result<MappedFile, LocationError> {
    let unreadable = |path: &Path, source| LocationError::Unreadable { path: path.to_owned(), source };
    let directory = directory.canonicalize().map_err(|source| unreadable(directory, source))?;
    let relative = plain(location)?;
    let mut path = directory.clone();
    for component in relative.components() {
        path.push(component);
        let metadata = path.symlink_metadata().map_err(|source| unreadable(&path, source))?;
        if metadata.is_symlink() {
            return Err(LocationError::SymbolicLink { path });
        }
    }
    let metadata = path.symlink_metadata().map_err(|source| unreadable(&path, source))?;
    if !metadata.is_file() {
        return Err(LocationError::NotAFile { path });
    }
    if metadata.nlink() > 1 {
        return Err(LocationError::HardLink { path, links: metadata.nlink() });
    }
    let file = MappedFile::open(&path, Stamp::of(&metadata)).map_err(|source| unreadable(&path, source))?;
    // The stamp ties the mapping to the file just examined; this ties that file to the directory.
    let real = path.canonicalize().map_err(|source| unreadable(&path, source))?;
    if real != path {
        return Err(LocationError::Outside { path: real, directory });
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_beside_and_below_the_model_open() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("weights")).unwrap();
        fs::write(directory.path().join("weights/a.bin"), b"abc").unwrap();
        fs::write(directory.path().join("empty.bin"), b"").unwrap();
        for location in ["weights/a.bin", "./weights/./a.bin"] {
            assert_eq!(&open(directory.path(), location).unwrap().bytes()[..], b"abc");
        }
        assert!(open(directory.path(), "empty.bin").unwrap().bytes().is_empty());
    }

    #[test]
    fn locations_that_could_leave_the_directory_are_refused() {
        let outer = tempfile::tempdir().unwrap();
        let directory = outer.path().join("model");
        fs::create_dir(&directory).unwrap();
        fs::write(outer.path().join("secret"), b"abc").unwrap();
        let absolute = outer.path().join("secret").to_str().unwrap().to_owned();
        for location in ["../secret", "x/../../secret", "", ".", "a\\b", "a\0b", &absolute] {
            assert!(matches!(open(&directory, location), Err(LocationError::NotRelative { .. })), "{location}");
        }
        assert!(matches!(open(&directory, "*/_ORT_MEM_ADDR_/*"), Err(LocationError::Reserved { .. })));

        symlink("../secret", directory.join("link")).unwrap();
        symlink("..", directory.join("up")).unwrap();
        for location in ["link", "up/secret"] {
            assert!(matches!(open(&directory, location), Err(LocationError::SymbolicLink { .. })), "{location}");
        }
        fs::hard_link(outer.path().join("secret"), directory.join("hard")).unwrap();
        assert!(matches!(open(&directory, "hard"), Err(LocationError::HardLink { links: 2, .. })));
        fs::create_dir(directory.join("folder")).unwrap();
        assert!(matches!(open(&directory, "folder"), Err(LocationError::NotAFile { .. })));
        assert!(matches!(open(&directory, "absent"), Err(LocationError::Unreadable { .. })));
    }

    #[test]
    fn a_file_that_changes_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a"), b"abc").unwrap();
        let file = open(directory.path(), "a").unwrap();
        assert!(file.is_unchanged());
        fs::write(directory.path().join("b"), b"abc").unwrap();
        fs::rename(directory.path().join("b"), directory.path().join("a")).unwrap();
        assert!(!file.is_unchanged());
    }
}
