//! Reading from disk what a restored worker is about to touch, in the order of the files, beside its start.
//!
//! Which parts those are was recorded when the snapshot was made. Where image and artifact are in memory, as two reads
//! that do not wait can tell, nothing is done.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::IoSliceMut;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::thread;

use blink_artifact::MappedFile;
use blink_snapshots::image::OwnedHead;
use blink_snapshots::store::Found;
use rustix::fs::{Advice, fadvise};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

/// The most that is read at once, in bytes.
const PIECE: usize = 8 << 20;
/// Parts from this length on are asked for in huge pages, as the worker maps them.
const HUGE: u64 = 2 << 20;

/// Begins to read what a worker of `found` needs, if it is not in memory.
pub(super) fn begin(found: &Found, artifact: &Path) {
    if !(is_on_disk(&found.file) || File::open(artifact).is_ok_and(|file| is_on_disk(&file))) {
        return;
    }
    let (Ok(file), path) = (found.file.try_clone(), found.path.clone()) else { return };
    // Without it, the worker reads for itself.
    let _ = thread::Builder::new().name("blink-read-ahead".into()).spawn(move || read(&file, &path));
}

/// Whether reading the middle or the end of `file` would wait for the disk.
fn is_on_disk(file: &File) -> bool {
    let Ok(len) = file.metadata().map(|metadata| metadata.len()) else { return false };
    let mut byte = [0];
    let mut waits = |offset| {
        let read = preadv2(file, &mut [IoSliceMut::new(&mut byte)], offset, ReadWriteFlags::NOWAIT);
        read == Err(Errno::AGAIN)
    };
    waits(len / 2) || waits(len.saturating_sub(1))
}

/// Asks for every part that the image lists. Short ones are asked for all at once, and come while the worker starts;
/// long ones, which are weights, are then read one after the other, in the order of the file.
fn read(image: &File, path: &Path) {
    let Ok(Ok(head)) = OwnedHead::read(image) else { return };
    let mut files: BTreeMap<PathBuf, Option<File>> = BTreeMap::new();
    let mut long = Vec::new();
    for (path, offset, len) in head.touched(path) {
        let file = files.entry(path.clone()).or_insert_with_key(|path| File::open(path).ok());
        match file {
            Some(file) if len < HUGE => _ = fadvise(file, offset, NonZeroU64::new(len), Advice::WillNeed),
            Some(_) => long.push((path, offset, len)),
            None => {}
        }
    }
    for (path, offset, len) in long {
        let Ok(map) = MappedFile::open(&path) else { continue };
        let (offset, len) = (offset as usize, len as usize);
        map.prefer_huge_pages(offset, len);
        (offset..offset + len).step_by(PIECE).for_each(|from| map.read_ahead(from, PIECE.min(offset + len - from)));
    }
}
