//! What an image says of itself, and whether it can be restored here: where the store reads images.
//!
//! Judged is all that the restorer judges, but for the vDSO, which only a new process has.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use blink_restorer::host::Host;
use blink_restorer::refusal::Refusal;

use super::key::Key;
use crate::image::{OwnedHead, head, here};
use crate::reason::{Reason, os_error};

/// What the image's label says; of the head no more is checked. Empty where it has none.
pub(super) fn label(file: &File) -> io::Result<Vec<u8>> {
    match head::label(file) {
        // Shorter than its own label.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
        label => label,
    }
}

/// The key of the image at `path`, opened as `file`. A label that does not give the file its name is none.
pub(super) fn key(file: &File, path: &Path) -> Option<Key> {
    let label = label(file).ok()?;
    Key::from_label(&label).filter(|key| path.file_name() == Some(OsStr::new(&key.file_name())))
}

/// Whether the image at `path`, opened as `file`, can be restored here.
pub(super) fn judge(file: &File, path: &Path) -> Result<(), Reason> {
    let head = match OwnedHead::read(file) {
        Ok(Ok(head)) => head,
        Ok(Err(refusal)) => return Err(told(file, path, refusal)),
        Err(error) => return Err(Reason::Unreadable { path: path.to_owned(), error: error.to_string() }),
    };
    let key = key(file, path).ok_or(Reason::OtherKey)?;
    let here = here().ok_or(Reason::Unsupported)?;
    head.check(&here).map_err(|refusal| in_words(refusal, path, || Some(head)))?;
    match fs::metadata(&key.artifact) {
        Ok(_) => Ok(()),
        Err(error) => Err(Reason::Unreadable { path: key.artifact, error: error.to_string() }),
    }
}

/// Whether the image in `file` maps `artifact` by `path`, and is younger than the last change of that file. The time of
/// a change is the kernel's: who writes to a file can set other times back, not this one.
pub(super) fn is_of(file: &File, path: &Path, artifact: &File) -> io::Result<bool> {
    let (image, artifact) = (file.metadata()?, artifact.metadata()?);
    let Ok(head) = OwnedHead::read(file)? else { return Ok(false) };
    let is_younger = (artifact.ctime(), artifact.ctime_nsec()) <= (image.mtime(), image.mtime_nsec());
    Ok(is_younger && head.maps(path, &artifact))
}

/// The reason for which the restorer has refused the image at `path`, opened as `file`.
pub(super) fn told(file: &File, path: &Path, refusal: Refusal) -> Reason {
    in_words(refusal, path, || OwnedHead::read(file).ok()?.ok())
}

/// A refusal in words. It names by number what stands in the image's head.
fn in_words(refusal: Refusal, path: &Path, head: impl FnOnce() -> Option<OwnedHead>) -> Reason {
    let file = |index, head: Option<OwnedHead>| head.and_then(|head| head.file(index)).unwrap_or(path.to_owned());
    match refusal {
        Refusal::NotAnImage => Reason::Damaged { how: "it does not begin as one does, or is cut short" },
        Refusal::Version(found) => Reason::Format { found },
        Refusal::Checksum => Reason::Damaged { how: "the sum over its head is not the one it carries" },
        Refusal::Layout => Reason::Damaged { how: "its head breaks a rule of the format" },
        Refusal::Kernel => {
            let made_on = |Host { kernel_release, kernel_version, .. }: Host| {
                format!("{} {}", text(&kernel_release), text(&kernel_version))
            };
            Reason::Kernel { made_on: head().map_or("one that is not known".to_owned(), |head| made_on(head.host())) }
        }
        Refusal::Cpu => Reason::Cpu,
        Refusal::Vdso => Reason::Vdso,
        Refusal::Unreadable(index, error) => {
            Reason::Unreadable { path: file(index, head()), error: os_error(error).to_string() }
        }
        Refusal::Changed(index) => Reason::FileChanged { path: file(index, head()) },
        Refusal::Forbidden(step, error) => Reason::Forbidden { step, error },
    }
}

/// What stands before the zeros.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.split(|&byte| byte == 0).next().unwrap_or_default())
}
