//! The page cache: emptied of a file, asked whether it is, and filled again in order.
//!
//! Linux only; elsewhere every function fails.
#![cfg_attr(target_os = "linux", allow(unsafe_code))]

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// How much is read at once, in bytes.
const PIECE: usize = 1 << 20;

/// How often the page cache is asked to let go of files, and how long it is given in between: whoever read them for the
/// last worker may still have them mapped.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// A part of a file: its path, where it begins, its length in bytes.
pub type Part = (PathBuf, u64, u64);

/// Files that a start reads.
#[derive(Clone, Debug)]
pub struct Files(Vec<PathBuf>);

impl Files {
    /// These files; each counts once.
    pub fn new(mut paths: Vec<PathBuf>) -> Files {
        paths.sort();
        paths.dedup();
        Files(paths)
    }

    /// Takes them out of the page cache. Where some of a file stays for half a second: the file, and how many bytes.
    pub fn forget(&self) -> io::Result<Option<(&Path, u64)>> {
        let mut left = None;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                sleep(PAUSE);
            }
            left = None;
            for path in &self.0 {
                let bytes = drop_cached(path)?;
                left = left.or((bytes > 0).then_some((path.as_path(), bytes)));
            }
            if left.is_none() {
                break;
            }
        }
        Ok(left)
    }

    /// Bytes of them that are in the page cache, in whole pages.
    pub fn cached(&self) -> io::Result<u64> {
        self.0.iter().try_fold(0, |cached, path| Ok(cached + resident(&File::open(path)?)?))
    }
}

/// Takes the file at `path` out of the page cache, once it is on disk; the bytes of it that stay. Pages that a process
/// has mapped do.
pub fn drop_cached(path: &Path) -> io::Result<u64> {
    let file = File::open(path)?;
    file.sync_all()?;
    forget(&file)?;
    resident(&file)
}

/// Reads `parts` one after the other, each from its begin to its end, and gives the bytes that were read.
pub fn read_in_order(parts: &[Part]) -> io::Result<u64> {
    let mut buffer = vec![0; PIECE];
    let mut total = 0;
    let mut open: Option<(&Path, File)> = None;
    for (path, start, len) in parts {
        if open.as_ref().is_none_or(|(opened, _)| opened != path) {
            open = Some((path, File::open(path)?));
        }
        let Some((_, file)) = &open else { continue };
        let (mut at, end) = (*start, start.saturating_add(*len));
        while at < end {
            let piece = usize::try_from(end - at).map_or(PIECE, |left| left.min(PIECE));
            match file.read_at(&mut buffer[..piece], at) {
                // Mappings end with a whole page, files need not.
                Ok(0) => break,
                Ok(count) => {
                    at += count as u64;
                    total += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(total)
}

#[cfg(target_os = "linux")]
fn forget(file: &File) -> io::Result<()> {
    Ok(rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed)?)
}

/// Bytes of `file` that are in the page cache, in whole pages.
#[cfg(target_os = "linux")]
fn resident(file: &File) -> io::Result<u64> {
    use std::ptr;

    use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

    let len = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    if len == 0 {
        return Ok(0);
    }
    let page = rustix::param::page_size();
    let mut pages = vec![0u8; len.div_ceil(page)];
    // SAFETY: a new mapping, at an address of the kernel's choice, through which nothing is ever read.
    let start = unsafe { mmap(ptr::null_mut(), len, ProtFlags::READ, MapFlags::SHARED, file, 0)? };
    // SAFETY: the range is mapped, and there is a byte for each of its pages.
    let asked = unsafe { libc::mincore(start, len, pages.as_mut_ptr()) };
    let failed = io::Error::last_os_error();
    // SAFETY: the mapping was made above, and nothing borrows from it.
    unsafe { munmap(start, len)? };
    if asked != 0 {
        return Err(failed);
    }
    let count = pages.iter().filter(|&&state| state & 1 == 1).count();
    Ok((count * page) as u64)
}

#[cfg(not(target_os = "linux"))]
fn forget(_: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
fn resident(_: &File) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read_whole_and_in_order_and_end_with_their_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str, len: usize| {
            let path = directory.path().join(name);
            std::fs::write(&path, vec![7; len]).unwrap();
            path
        };
        let (one, two) = (path("one", 3 * PIECE + 5), path("two", 10));
        let parts = [(one.clone(), 0, 4096), (one.clone(), 8192, u64::MAX), (two.clone(), 0, 4096), (two, 10, 1)];
        assert_eq!(read_in_order(&parts).unwrap(), 4096 + (3 * PIECE + 5 - 8192) as u64 + 10);
        assert_eq!(read_in_order(&[]).unwrap(), 0);
        assert!(read_in_order(&[(directory.path().join("three"), 0, 1)]).is_err());
    }

    #[test]
    fn several_files_are_one_and_each_counts_once() {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["a", "b", "a"].map(|name| directory.path().join(name));
        std::fs::write(&paths[0], vec![1; 8192]).unwrap();
        std::fs::write(&paths[1], vec![1; 8192]).unwrap();
        let files = Files::new(paths.into());
        assert_eq!(files.cached().unwrap(), 16_384);
        assert!(files.forget().unwrap().is_none_or(|(_, left)| left <= 8192));
        assert!(Files::new(vec![directory.path().join("none")]).cached().is_err());
    }

    #[test]
    fn what_was_just_written_is_resident_and_an_empty_file_never_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, vec![1; 100_000]).unwrap();
        assert!(resident(&File::open(&path).unwrap()).unwrap() >= 100_000);
        // How much stays is the file system's to say, never more than the file's pages.
        let left = drop_cached(&path).unwrap();
        assert!(left <= 100_000u64.next_multiple_of(4096), "{left}");
        assert_eq!(std::fs::read(&path).unwrap(), [1; 100_000]);
        assert_eq!(resident(&File::create(directory.path().join("empty")).unwrap()).unwrap(), 0);
        assert!(drop_cached(&directory.path().join("missing")).is_err());
    }
}
