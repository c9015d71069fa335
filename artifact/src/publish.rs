//! A file that exists under its name only once it is whole.
//!
//! Until then it has no name (Linux, `O_TMPFILE`): a process that dies leaves nothing. Where that cannot be had, or
//! while an older file is being replaced, it has a temporary one (see `temporary`), which is removed when the writer
//! gives up; what a killed process could not remove, the next file that needs such a name in that directory does.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, openat, renameat, unlinkat};
use rustix::io::Errno;

use crate::temporary;

/// A file being written, to appear at its destination all at once.
///
/// The directory is opened once: moved meanwhile, it still gets the file.
#[derive(Debug)]
pub struct PendingFile {
    file: File,
    /// `None`: it is lent, and somebody else's to publish.
    directory: Option<File>,
    destination: PathBuf,
    /// Its name at the destination.
    file_name: OsString,
    /// The temporary name, while there is one.
    name: Option<String>,
}

impl PendingFile {
    /// Starts a file that is to appear at `destination`, in the same directory.
    pub fn create(destination: &Path) -> io::Result<PendingFile> {
        PendingFile::with(destination, temporary::unnamed)
    }

    fn with(destination: &Path, unnamed: impl FnOnce(&File) -> Option<File>) -> io::Result<PendingFile> {
        let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path has no file name");
        let file_name = file_name(destination).ok_or_else(no_name)?.to_owned();
        let directory = open_directory(destination)?;
        let (file, name) = match unnamed(&directory) {
            Some(file) => (file, None),
            None => temporary::named(&directory).map(|(file, name)| (file, Some(name)))?,
        };
        let directory = Some(directory);
        Ok(PendingFile { file, directory, destination: destination.to_owned(), file_name, name })
    }

    /// `file`, which another process has made to appear at `destination` and lends to this one: it is written to here,
    /// and cannot be published here.
    pub fn lent(file: File, destination: &Path) -> PendingFile {
        let (destination, file_name) = (destination.to_owned(), OsString::new());
        PendingFile { file, directory: None, destination, file_name, name: None }
    }

    /// Removes what processes that died have left beside `destination`: files with temporary names that nobody holds.
    pub fn remove_abandoned(destination: &Path) {
        // What cannot be looked at is left to the next file that needs such a name.
        if let Ok(directory) = open_directory(destination) {
            temporary::remove_abandoned(&directory);
        }
    }

    /// The file, open for reading and writing.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// A path by which this process can open the file now.
    pub fn path(&self) -> PathBuf {
        match &self.name {
            Some(name) => parent(&self.destination).join(name),
            None => PathBuf::from(format!("/proc/self/fd/{}", self.file.as_raw_fd())),
        }
    }

    /// Where it is to appear.
    pub fn destination(&self) -> &Path {
        &self.destination
    }

    /// Syncs the file, gives it `mode` less what the umask takes, puts it at its destination in place of what is
    /// there (a symbolic link is replaced, not followed), and syncs the directory.
    ///
    /// Fails with nothing changed, but for the last step: then the file is in place and a crash may undo that.
    pub fn publish(mut self, mode: u32) -> io::Result<()> {
        self.set_mode(mode)?;
        self.file.sync_all()?;
        let directory = self.put_in_place()?;
        match directory.sync_all() {
            // Some file systems have no such operation on directories.
            Err(error) if error.raw_os_error() == Some(Errno::INVAL.raw_os_error()) => Ok(()),
            synced => synced,
        }
    }

    /// As [`PendingFile::publish`], but leaves it to the system when the bytes reach the disk: for files that are
    /// quickly made again. Only a crash of the whole system can cut it short.
    pub fn publish_unsynced(mut self, mode: u32) -> io::Result<()> {
        self.set_mode(mode)?;
        self.put_in_place().map(drop)
    }

    fn set_mode(&self, mode: u32) -> io::Result<()> {
        let allowed = self.file.metadata()?.permissions().mode();
        self.file.set_permissions(Permissions::from_mode(mode & allowed))
    }

    /// Gives it its name, and gives the directory that it has it in.
    fn put_in_place(&mut self) -> io::Result<&File> {
        let lent = || io::Error::new(io::ErrorKind::Unsupported, "the file is lent: whoever made it publishes it");
        let directory = self.directory.as_ref().ok_or_else(lent)?;
        if self.name.is_none() {
            match temporary::link(&self.file, directory, &self.file_name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                linked => return linked.map(|()| directory),
            }
        }
        let name = match self.name.take() {
            Some(name) => name,
            None => temporary::give_name(&self.file, directory)?,
        };
        let name = self.name.insert(name);
        renameat(directory, name.as_str(), directory, &self.file_name)?;
        self.name = None;
        Ok(directory)
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if let (Some(name), Some(directory)) = (self.name.take(), &self.directory) {
            // Nobody is left to hear of a failure.
            let _ = unlinkat(directory, name, AtFlags::empty());
        }
    }
}

/// The last part of `path`; `None` where `path` names a directory by its form: `a/`, `a/.`, `a/..`.
pub(crate) fn file_name(path: &Path) -> Option<&OsStr> {
    path.file_name().filter(|name| path.as_os_str().as_bytes().ends_with(name.as_bytes()))
}

fn open_directory(destination: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(File::from(openat(CWD, parent(destination), flags, Mode::empty())?))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// As on a system without unnamed files.
    fn with_name(destination: &Path) -> PendingFile {
        PendingFile::with(destination, |_| None).unwrap()
    }

    #[test]
    fn a_file_with_a_temporary_name_is_published_or_removed() {
        let home = tempfile::tempdir().unwrap();
        let destination = home.path().join("out");
        let mut pending = with_name(&destination);
        assert_eq!(names(home.path()), [pending.path().file_name().unwrap().to_str().unwrap()]);
        pending.file.write_all(b"first").unwrap();
        pending.publish(0o444).unwrap();
        assert_eq!(
            (names(home.path()), std::fs::read(&destination).unwrap()),
            (vec!["out".to_owned()], b"first".into())
        );

        let mut pending = with_name(&destination);
        pending.file.write_all(b"second").unwrap();
        assert_eq!(std::fs::read(pending.path()).unwrap(), b"second");
        drop(pending);
        assert_eq!(
            (names(home.path()), std::fs::read(&destination).unwrap()),
            (vec!["out".to_owned()], b"first".into())
        );
    }

    #[test]
    fn two_files_with_temporary_names_do_not_disturb_each_other() {
        let home = tempfile::tempdir().unwrap();
        let destination = home.path().join("out");
        let (first, second) = (with_name(&destination), with_name(&destination));
        assert_ne!(first.path(), second.path());
        second.publish(0o444).unwrap();
        first.publish(0o444).unwrap();
        assert_eq!(names(home.path()), ["out"]);
    }

    #[test]
    fn what_a_killed_process_left_goes_when_the_next_file_needs_a_name() {
        let home = tempfile::tempdir().unwrap();
        let (destination, left) = (home.path().join("out"), home.path().join(".blink-1-0.tmp"));
        for start in [PendingFile::create, |path: &Path| PendingFile::with(path, |_| None)] {
            std::fs::write(&destination, "older").unwrap();
            std::fs::write(&left, "left").unwrap();
            start(&destination).unwrap().publish(0o444).unwrap();
            assert_eq!(names(home.path()), ["out"]);
        }
    }

    #[test]
    fn a_file_that_is_not_synced_takes_its_place_as_any_other() {
        let home = tempfile::tempdir().unwrap();
        let destination = home.path().join("out");
        for start in [PendingFile::create, |path: &Path| PendingFile::with(path, |_| None)] {
            for text in ["first", "second"] {
                let mut pending = start(&destination).unwrap();
                pending.file.write_all(text.as_bytes()).unwrap();
                pending.publish_unsynced(0o444).unwrap();
                assert_eq!(
                    (names(home.path()), std::fs::read_to_string(&destination).unwrap()),
                    (vec!["out".to_owned()], text.to_owned())
                );
                assert!(std::fs::metadata(&destination).unwrap().permissions().readonly());
            }
            std::fs::remove_file(&destination).unwrap();
        }
    }

    #[test]
    fn a_lent_file_is_written_to_and_published_by_its_maker_alone() {
        let home = tempfile::tempdir().unwrap();
        let destination = home.path().join("out");
        let made = PendingFile::create(&destination).unwrap();
        let lent = PendingFile::lent(made.file().try_clone().unwrap(), &destination);
        lent.file().write_all(b"text").unwrap();
        assert_eq!(lent.publish(0o444).unwrap_err().kind(), io::ErrorKind::Unsupported);
        assert_eq!(names(home.path()), [""; 0]);
        made.publish(0o444).unwrap();
        assert_eq!(std::fs::read(&destination).unwrap(), b"text");
    }

    #[test]
    fn what_a_dead_process_left_can_be_removed_by_itself() {
        let home = tempfile::tempdir().unwrap();
        let destination = home.path().join("out");
        let held = with_name(&destination);
        std::fs::write(home.path().join(".blink-1-0.tmp"), "left").unwrap();
        PendingFile::remove_abandoned(&destination);
        assert_eq!(names(home.path()), [held.path().file_name().unwrap().to_str().unwrap()]);
    }

    #[test]
    fn a_moved_directory_still_gets_the_file() {
        let home = tempfile::tempdir().unwrap();
        let (before, after) = (home.path().join("before"), home.path().join("after"));
        std::fs::create_dir(&before).unwrap();
        let pending = [PendingFile::create(&before.join("a")).unwrap(), with_name(&before.join("b"))];
        std::fs::rename(&before, &after).unwrap();
        pending.into_iter().for_each(|pending| pending.publish(0o444).unwrap());
        let mut found = names(&after);
        found.sort();
        assert_eq!(found, ["a", "b"]);
    }

    #[test]
    fn a_path_that_names_a_directory_has_no_file_name() {
        for path in ["a/", "a/.", "a/..", "..", ".", "/", ""] {
            assert_eq!(file_name(Path::new(path)), None, "{path}");
            let refused = PendingFile::create(Path::new(path)).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{path}");
        }
        assert_eq!(file_name(Path::new("a/b.blink")), Some(OsStr::new("b.blink")));
        assert_eq!((parent(Path::new("b")), parent(Path::new("/b"))), (Path::new("."), Path::new("/")));
    }
}
