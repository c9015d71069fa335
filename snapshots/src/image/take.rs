//! Which pages of a parked worker are saved, and where in the image they stand.
//!
//! What a file holds is mapped from that file again; saved is what the worker changed, and what it alone has. Pages of
//! zeros are not saved: they come as zeros. Long runs stand in the image as they stand in huge pages in memory, and are
//! written so that the page cache can hold them in such.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use blink_restorer::checksum;
use blink_restorer::image::{
    ANONYMOUS, DATA_OFFSET, EXECUTE, FIRST_FILE, FileId, HUGE, IMAGE, MAX_FILES, PAGE, PATH_MAX, READ, SHARED, Segment,
    Vdso, WRITE,
};

use super::head::Parts;
use super::here;
use super::parked::Parked;
use super::process::{Kind, Mapping, ProcessError, file_id};

/// Bytes of a huge page.
const HUGE_PAGE: u64 = 2 << 20;
/// The most that is read and written at once. Writes end at multiples of it.
const PIECE: u64 = 4 << 20;
/// So many pages of zeros between two saved runs are saved too: a mapping costs more than they do.
const GAP: usize = 4;
/// So many behind a run of a quarter as many at least: such are packed weights, which are worth whole huge pages.
const GAP_OF_LONG: usize = (HUGE_PAGE / PAGE) as usize;
/// Address space kept for the stack to grow into: what a process gets by default.
const STACK: u64 = 8 << 20;
/// Address space below the stack in which nothing is mapped, so that passing its end is a fault.
const GUARD: u64 = 1 << 20;

/// Why an image could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum TakeError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("worker ended while its memory was read: {0}")]
    Memory(io::Error),
    #[error("image cannot be written: {0}")]
    Write(io::Error),
    #[error("worker's memory is in too many pieces: {segments} segments and {files} files")]
    Pieces { segments: usize, files: usize },
    #[error("worker has no vDSO, which an image needs")]
    NoVdso,
    #[error("snapshots are not made on this system: x86-64 Linux only")]
    Unsupported,
}

/// What was saved.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// Bytes of the image.
    pub len: u64,
    /// Of these, pages of the worker.
    pub saved: u64,
    /// Mappings that a restore makes.
    pub segments: usize,
}

/// Writes the image of a parked worker to `file`, which is empty. `label` says what it is of.
pub fn take<W: Write, R: Read>(parked: &mut Parked<W, R>, file: &File, label: &[u8]) -> Result<Taken, TakeError> {
    let process = parked.process();
    process.check()?;
    let mappings = process.mappings()?;
    let mut image =
        Image { file, segments: Vec::new(), files: Vec::new(), paths: Vec::new(), len: DATA_OFFSET, saved: 0 };
    let mut vdso = Vdso::default();
    let mut data_mappings = 1;
    for (index, mapping) in mappings.iter().enumerate() {
        match &mapping.kind {
            Kind::Vdso { is_code: true } => {
                vdso.mappings[0] = [mapping.start, mapping.end - mapping.start];
                let mut code = vec![0; (mapping.end - mapping.start) as usize];
                parked.read_at(mapping.start, &mut code).map_err(TakeError::Memory)?;
                vdso.checksum = checksum::sum(&code);
            }
            Kind::Vdso { is_code: false } => {
                let known = vdso.mappings.get_mut(data_mappings).ok_or(TakeError::NoVdso)?;
                *known = [mapping.start, mapping.end - mapping.start];
                data_mappings += 1;
            }
            Kind::Stack => {
                let below = index.checked_sub(1).map_or(0, |index| mappings[index].end);
                image.stack(below, mapping);
                image.own_pages(parked, mapping)?;
            }
            Kind::Anonymous => {
                image.base(mapping, ANONYMOUS, 0);
                image.own_pages(parked, mapping)?;
            }
            Kind::File { path, inode } => {
                let source = image.file(path, *inode)?;
                image.base(mapping, source, mapping.offset);
                if mapping.flags & SHARED == 0 {
                    image.own_pages(parked, mapping)?;
                }
            }
        }
    }
    if vdso.mappings[0] == [0, 0] {
        return Err(TakeError::NoVdso);
    }
    let thread = *parked.thread();
    let layout = process.layout(thread.brk)?;
    let host = here().ok_or(TakeError::Unsupported)?;
    let Image { segments, files, paths, len, saved, .. } = image;
    let counts = (segments.len(), files.len());
    let (ranges, label) = (Vec::new(), label.to_vec());
    let parts = Parts { image_len: len, host, vdso, layout, thread, segments, files, ranges, paths, label };
    let head = parts.encode().ok_or(TakeError::Pieces { segments: counts.0, files: counts.1 })?;
    file.set_len(len).and_then(|()| file.write_all_at(&head, 0)).map_err(TakeError::Write)?;
    Ok(Taken { len, saved, segments: counts.0 })
}

/// An image that grows.
struct Image<'a> {
    file: &'a File,
    segments: Vec<Segment>,
    files: Vec<FileId>,
    paths: Vec<u8>,
    len: u64,
    saved: u64,
}

impl Image<'_> {
    /// What a mapping is without the worker's own pages.
    fn base(&mut self, mapping: &Mapping, source: u32, offset: u64) {
        let (start, len) = (mapping.start, mapping.end - mapping.start);
        self.segments.push(Segment { start, len, offset, source, flags: mapping.flags });
    }

    /// The stack, with the room it may grow into. `below` is the end of what stands below it.
    fn stack(&mut self, below: u64, mapping: &Mapping) {
        let start = mapping.start.min(mapping.end.saturating_sub(STACK).max(below + GUARD));
        let flags = mapping.flags & !EXECUTE;
        self.segments.push(Segment { start, len: mapping.end - start, offset: 0, source: ANONYMOUS, flags });
        if start >= below + GUARD {
            let guard = Segment { start: start - GUARD, len: GUARD, offset: 0, source: ANONYMOUS, flags: 0 };
            self.segments.push(guard);
        }
    }

    /// The source of a file: its place among the files.
    fn file(&mut self, path: &Path, inode: u64) -> Result<u32, TakeError> {
        let bytes = [path.as_os_str().as_bytes(), b"\0"].concat();
        let known = self.files.iter().position(|file| self.paths[file.path as usize..].starts_with(&bytes));
        let index = match known {
            Some(index) => index,
            None => {
                let mut id = file_id(path, inode)?;
                id.path = self.paths.len() as u64;
                if bytes.len() > PATH_MAX || self.files.len() == MAX_FILES {
                    return Err(TakeError::Pieces { segments: self.segments.len(), files: self.files.len() });
                }
                self.paths.extend_from_slice(&bytes);
                self.files.push(id);
                self.files.len() - 1
            }
        };
        Ok(FIRST_FILE + index as u32)
    }

    /// Saves the pages of a private mapping that are the worker's own.
    fn own_pages<W: Write, R: Read>(&mut self, parked: &mut Parked<W, R>, mapping: &Mapping) -> Result<(), TakeError> {
        if mapping.flags & READ == 0 || mapping.wiped {
            return Ok(());
        }
        let is_anonymous = !matches!(mapping.kind, Kind::File { .. });
        let mut own = parked.process().own_pages(mapping.start, mapping.end)?;
        if is_anonymous {
            drop_zeros(parked, mapping.start, &mut own)?;
        }
        if own.iter().all(|own| *own) {
            // Nothing of what stands below would be seen.
            self.segments.pop();
        }
        for (first, last) in runs(&own) {
            let start = mapping.start + first as u64 * PAGE;
            self.save(parked, start, (last - first) as u64 * PAGE, mapping.flags)?;
        }
        Ok(())
    }

    /// Saves `len` bytes from `start` on.
    fn save<W: Write, R: Read>(
        &mut self,
        parked: &mut Parked<W, R>,
        start: u64,
        len: u64,
        flags: u32,
    ) -> Result<(), TakeError> {
        if len >= HUGE_PAGE {
            self.len += start.wrapping_sub(self.len) % HUGE_PAGE;
        }
        let (offset, end) = (self.len, self.len + len);
        while self.len < end {
            let piece_end = end.min((self.len / PIECE + 1) * PIECE);
            let mut bytes = vec![0; (piece_end - self.len) as usize];
            parked.read_at(start + (self.len - offset), &mut bytes).map_err(TakeError::Memory)?;
            self.file.write_all_at(&bytes, self.len).map_err(TakeError::Write)?;
            self.len = piece_end;
        }
        self.saved += len;
        let huge = if len >= HUGE_PAGE { flags & HUGE } else { 0 };
        let flags = flags & (READ | WRITE) | huge;
        self.segments.push(Segment { start, len, offset, source: IMAGE, flags });
        Ok(())
    }
}

/// Takes pages of zeros out of `own`, the pages from `start` on.
fn drop_zeros<W: Write, R: Read>(parked: &mut Parked<W, R>, start: u64, own: &mut [bool]) -> Result<(), TakeError> {
    const AT_ONCE: usize = 256;
    let mut index = 0;
    let mut bytes = vec![0; AT_ONCE * PAGE as usize];
    while index < own.len() {
        let count = own[index..].iter().take(AT_ONCE).take_while(|own| **own).count();
        if count == 0 {
            index += 1;
            continue;
        }
        let bytes = &mut bytes[..count * PAGE as usize];
        parked.read_at(start + index as u64 * PAGE, bytes).map_err(TakeError::Memory)?;
        for (own, page) in own[index..index + count].iter_mut().zip(bytes.chunks(PAGE as usize)) {
            *own = page.iter().any(|&byte| byte != 0);
        }
        index += count;
    }
    Ok(())
}

/// First and one past the last page of each run of own pages, short gaps taken in.
fn runs(own: &[bool]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for index in (0..own.len()).filter(|&index| own[index]) {
        match runs.last_mut() {
            Some((first, last)) if index - *last <= gap_behind(*last - *first) => *last = index + 1,
            _ => runs.push((index, index + 1)),
        }
    }
    runs
}

/// How many pages of zeros are saved along behind a run of `len` pages, where another follows.
fn gap_behind(len: usize) -> usize {
    if len >= GAP_OF_LONG / 4 { GAP_OF_LONG } else { GAP }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_gaps_are_taken_in_and_long_ones_are_not() {
        let own = |text: &str| text.bytes().map(|byte| byte == b'x').collect::<Vec<_>>();
        assert_eq!(runs(&own("..x....x.....xx.")), [(2, 8), (13, 15)]);
        assert_eq!(runs(&own("....")), []);
        assert_eq!(runs(&own("xxxx")), [(0, 4)]);
        let behind =
            |len: usize, gap: usize| runs(&own(&["x".repeat(len), ".".repeat(gap), "x".into()].concat())).len();
        assert_eq!((behind(127, 5), behind(128, 5), behind(128, 512), behind(128, 513)), (2, 1, 1, 2));
    }
}
