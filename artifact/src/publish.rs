//! A file that exists under its name only once it is whole.
//!
//! Where the system has unnamed temporary files (Linux, `O_TMPFILE`), a process that dies leaves nothing. Elsewhere
//! the file carries a temporary name until then, and is removed when the writer gives up.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A file being written, to appear at its destination all at once.
#[derive(Debug)]
pub struct PendingFile {
    file: File,
    directory: PathBuf,
    destination: PathBuf,
    /// The temporary name, while there is one.
    name: Option<PathBuf>,
}

impl PendingFile {
    /// Starts a file that is to appear at `destination`, in the same directory.
    pub fn create(destination: &Path) -> io::Result<PendingFile> {
        if destination.file_name().is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name"));
        }
        let directory = match destination.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let destination = destination.to_owned();
        match unnamed(&directory) {
            Some(file) => Ok(PendingFile { file, directory, destination, name: None }),
            None => {
                let name = temporary_name(&destination);
                let file = File::options().read(true).write(true).create_new(true).open(&name)?;
                Ok(PendingFile { file, directory, destination, name: Some(name) })
            }
        }
    }

    /// The file, open for reading and writing.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Where it is to appear.
    pub fn destination(&self) -> &Path {
        &self.destination
    }

    /// Syncs the file, makes it read-only, puts it at its destination in place of what is there, and syncs the
    /// directory.
    pub fn publish(mut self) -> io::Result<()> {
        self.file.set_permissions(std::fs::Permissions::from_mode(0o444))?;
        self.file.sync_all()?;
        if self.name.is_none() {
            let name = temporary_name(&self.destination);
            link(&self.file, &name)?;
            self.name = Some(name);
        }
        if let Some(name) = &self.name {
            std::fs::rename(name, &self.destination)?;
        }
        self.name = None;
        File::open(&self.directory)?.sync_all()
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            // Nobody is left to hear of a failure.
            let _ = std::fs::remove_file(name);
        }
    }
}

fn temporary_name(destination: &Path) -> PathBuf {
    let name = destination.file_name().unwrap_or_default().to_string_lossy();
    destination.with_file_name(format!(".{name}.{}.tmp", std::process::id()))
}

#[cfg(target_os = "linux")]
fn unnamed(directory: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    open(directory, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, Mode::from_raw_mode(0o600)).ok().map(File::from)
}

#[cfg(target_os = "linux")]
fn link(file: &File, name: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd;
    let source = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, source, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn unnamed(_: &Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
fn link(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
