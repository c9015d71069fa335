//! The head of an image in memory: written once everything else is, read again by whoever asks what an image is.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use blink_restorer::checksum;
use blink_restorer::host::Host;
use blink_restorer::image::{
    CHECKSUM_OFFSET, DATA_OFFSET, FIRST_FILE, FileId, Head, Header, Layout, MAGIC, PAGE, Range, Segment, Thread,
    VERSION, Vdso, bytes_of, read,
};
use blink_restorer::refusal::Refusal;
use blink_tensors::AlignedBuffer;

use super::process::{Process, identity};
use super::ranges::touched;
use super::take::TakeError;

/// What a head is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) image_len: u64,
    pub(crate) host: Host,
    pub(crate) vdso: Vdso,
    pub(crate) layout: Layout,
    pub(crate) thread: Thread,
    pub(crate) segments: Vec<Segment>,
    pub(crate) files: Vec<FileId>,
    pub(crate) ranges: Vec<Range>,
    pub(crate) paths: Vec<u8>,
    pub(crate) label: Vec<u8>,
}

impl Parts {
    /// The head's bytes; `None` where they do not fit before [`DATA_OFFSET`].
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let label_len = self.label.len().next_multiple_of(8);
        let tables = size_of_val(&self.segments[..]) + size_of_val(&self.files[..]) + size_of_val(&self.ranges[..]);
        let tables = label_len + tables + self.paths.len();
        let head_len = (size_of::<Header>() + tables).next_multiple_of(PAGE as usize);
        if head_len as u64 > DATA_OFFSET {
            return None;
        }
        let header = Header {
            magic: MAGIC,
            version: VERSION,
            segments: self.segments.len() as u32,
            checksum: 0,
            head_len: head_len as u64,
            image_len: self.image_len,
            files: self.files.len() as u32,
            paths_len: self.paths.len() as u32,
            ranges: self.ranges.len() as u32,
            label_len: self.label.len() as u32,
            host: self.host,
            vdso: self.vdso,
            layout: self.layout,
            thread: self.thread,
        };
        let mut bytes = bytes_of(&header).to_vec();
        bytes.extend_from_slice(&self.label);
        bytes.resize(size_of::<Header>() + label_len, 0);
        self.segments.iter().for_each(|segment| bytes.extend_from_slice(bytes_of(segment)));
        self.files.iter().for_each(|file| bytes.extend_from_slice(bytes_of(file)));
        self.ranges.iter().for_each(|range| bytes.extend_from_slice(bytes_of(range)));
        bytes.extend_from_slice(&self.paths);
        bytes.resize(head_len, 0);
        let sum = checksum::of_head(&bytes);
        bytes[CHECKSUM_OFFSET..][..8].copy_from_slice(&sum.to_ne_bytes());
        Some(bytes)
    }
}

/// A head, read from an image and checked. It tells what an image needs; only the restorer can restore it.
pub struct OwnedHead {
    bytes: AlignedBuffer,
    image_len: u64,
}

impl OwnedHead {
    /// Reads and checks the head of the image in `file`.
    pub fn read(file: &File) -> io::Result<Result<OwnedHead, Refusal>> {
        let image_len = file.metadata()?.len();
        if image_len < DATA_OFFSET {
            return Ok(Err(Refusal::NotAnImage));
        }
        let mut bytes = AlignedBuffer::zeroed(DATA_OFFSET as usize);
        file.read_exact_at(&mut bytes, 0)?;
        let checked = Head::of(&bytes, image_len).map(drop);
        Ok(checked.map(|()| OwnedHead { bytes, image_len }))
    }

    pub(crate) fn head(&self) -> Head<'_> {
        Head::of(&self.bytes, self.image_len).expect("checked when it was read, and not changed since")
    }

    /// Whether a process of this host can go on with it: the restorer's own questions but for the vDSO, which only a
    /// new process has. Paths of files that are missing or changed are named by [`OwnedHead::file`].
    pub fn check(&self, here: &Host) -> Result<(), Refusal> {
        let head = self.head();
        head.header.host.check(here)?;
        for (index, file) in head.files.iter().enumerate() {
            match fs::symlink_metadata(path_of(&head, file)) {
                Ok(found) if identity(&found, file.path) == *file => {}
                Ok(_) => return Err(Refusal::Changed(index as u32)),
                Err(error) => {
                    return Err(Refusal::Unreadable(index as u32, error.raw_os_error().unwrap_or(0).cast_unsigned()));
                }
            }
        }
        Ok(())
    }

    /// Whether it maps the file at `path`, and that is the one that `found` tells of.
    pub fn maps(&self, path: &Path, found: &fs::Metadata) -> bool {
        let head = self.head();
        head.files.iter().any(|file| path_of(&head, file) == path && identity(found, file.path) == *file)
    }

    /// The path of the file at `index` of the image's table.
    pub fn file(&self, index: u32) -> Option<PathBuf> {
        let head = self.head();
        head.files.get(index as usize).map(|file| path_of(&head, file))
    }

    /// Writes into the image in `file`, whose head this is, what a start of it reads: what `process` has touched, a
    /// worker that was restored from it and has answered. Where there are too many parts to keep, none are.
    pub fn record_touched(&self, process: Process, file: &File) -> Result<usize, TakeError> {
        let ranges = touched(process, self)?;
        let Head { header, segments, files, paths, label, .. } = self.head();
        let parts = Parts {
            image_len: header.image_len,
            host: header.host,
            vdso: header.vdso,
            layout: header.layout,
            thread: header.thread,
            segments: segments.to_vec(),
            files: files.to_vec(),
            ranges,
            paths: paths.to_vec(),
            label: label.to_vec(),
        };
        let Some(bytes) = parts.encode() else { return Ok(0) };
        file.write_all_at(&bytes, 0).map_err(TakeError::Write)?;
        Ok(parts.ranges.len())
    }

    /// What a start reads: path, offset and length of each part, by file, in order. `image` is the image's own path.
    pub fn touched(&self, image: &Path) -> Vec<(PathBuf, u64, u64)> {
        let head = self.head();
        let path = |source: u64| match source.checked_sub(u64::from(FIRST_FILE)) {
            None => Some(image.to_owned()),
            Some(index) => head.files.get(index as usize).map(|file| path_of(&head, file)),
        };
        head.ranges.iter().filter_map(|range| Some((path(range.source)?, range.offset, range.len))).collect()
    }

    /// What the image is of, as its maker said.
    pub fn label(&self) -> Vec<u8> {
        self.head().label.to_vec()
    }

    /// What the image was made on.
    pub fn host(&self) -> Host {
        self.head().header.host
    }
}

/// The label of the image in `file`, without a check of anything else: one read, for the way of a start.
pub(crate) fn label(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; PAGE as usize];
    let len = file.read_at(&mut bytes, 0)?;
    let header: Option<Header> = read(&bytes[..len]);
    let Some(label_len) = header.map(|header| header.label_len as usize) else { return Ok(Vec::new()) };
    if label_len > DATA_OFFSET as usize {
        return Ok(Vec::new());
    }
    let place = size_of::<Header>();
    if let Some(label) = bytes[..len].get(place..place + label_len) {
        return Ok(label.to_vec());
    }
    let mut label = vec![0; label_len];
    file.read_exact_at(&mut label, place as u64)?;
    Ok(label)
}

fn path_of(head: &Head<'_>, file: &FileId) -> PathBuf {
    let path = head.path(file).unwrap_or_default();
    PathBuf::from(OsStr::from_bytes(path.strip_suffix(b"\0").unwrap_or(path)))
}
