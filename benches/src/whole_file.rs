//! Files that are there whole, or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Whether a file could be written as `path` now: for asking before what is to be in it takes long to find.
pub fn could_be_written(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    tempfile::tempfile_in(directory(path)).map(drop)
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes `bytes` as the file `path`, in place of one that may be there. A write that fails leaves the old one. All may
/// read it, as far as the umask lets.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file =
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o666)).tempfile_in(directory(path))?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for bytes in [&b"first"[..], b"second"] {
            write(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o600, 0o600);
        could_be_written(&path).unwrap();
        could_be_written(&directory.path().join("other")).unwrap();
        for not in [directory.path(), &directory.path().join("none/file")] {
            assert!(write(not, b"").is_err() && could_be_written(not).is_err());
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
