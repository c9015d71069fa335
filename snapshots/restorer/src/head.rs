//! [`Head`]: the head of an image that may be used. There is no way to get one that was not checked.

use crate::checksum;
use crate::image::{
    ADDRESS_END, ADDRESS_START, ANONYMOUS, DATA_OFFSET, EXECUTE, FIRST_FILE, FileId, Header, IMAGE, MAGIC, MAX_FILES,
    PAGE, PATH_MAX, Range, SHARED, Segment, VERSION, WRITE, read, take,
};
use crate::refusal::Refusal;

/// A head whose sum is right and whose numbers keep the rules of the format.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Head<'a> {
    pub header: &'a Header,
    pub segments: &'a [Segment],
    pub files: &'a [FileId],
    pub ranges: &'a [Range],
    pub paths: &'a [u8],
    pub label: &'a [u8],
}

impl<'a> Head<'a> {
    /// Checks the head that `bytes` begin with, of an image of `image_len` bytes. `bytes` must be aligned to 8.
    ///
    /// Checked are magic, version, lengths and the sum; that segments lie in user addresses, in their file, and let
    /// nothing be executed that is not in a file of its own; that files have paths.
    pub fn of(bytes: &'a [u8], image_len: u64) -> Result<Head<'a>, Refusal> {
        let header: Header = read(bytes).ok_or(Refusal::NotAnImage)?;
        if header.magic != MAGIC {
            return Err(Refusal::NotAnImage);
        }
        if header.version != VERSION {
            return Err(Refusal::Version(header.version));
        }
        let len = usize::try_from(header.head_len).map_err(|_| Refusal::NotAnImage)?;
        let bytes = bytes.get(..len).ok_or(Refusal::NotAnImage)?;
        if checksum::of_head(bytes) != header.checksum {
            return Err(Refusal::Checksum);
        }
        if header.image_len != image_len {
            return Err(Refusal::NotAnImage);
        }
        let head = Head::parts(bytes).ok_or(Refusal::Layout)?;
        if head.keeps_the_rules() { Ok(head) } else { Err(Refusal::Layout) }
    }

    fn parts(bytes: &'a [u8]) -> Option<Head<'a>> {
        let (header, rest) = take::<Header>(bytes, 1)?;
        let header = &header[0];
        let label_len = header.label_len as usize;
        let label = rest.get(..label_len)?;
        let rest = rest.get(label_len.checked_next_multiple_of(8)?..)?;
        let (segments, rest) = take::<Segment>(rest, header.segments as usize)?;
        let (files, rest) = take::<FileId>(rest, header.files as usize)?;
        let (ranges, rest) = take::<Range>(rest, header.ranges as usize)?;
        let paths = rest.get(..header.paths_len as usize)?;
        Some(Head { header, segments, files, ranges, paths, label })
    }

    fn keeps_the_rules(&self) -> bool {
        let aligned = |value: u64| value.is_multiple_of(PAGE);
        let within = |start: u64, len: u64| {
            aligned(start)
                && aligned(len)
                && len > 0
                && start >= ADDRESS_START
                && start.checked_add(len).is_some_and(|end| end <= ADDRESS_END)
        };
        let place = |address: u64| (ADDRESS_START..ADDRESS_END).contains(&address);
        let good_segment = |segment: &Segment| {
            let ends_in = |len: u64| segment.offset.checked_add(segment.len).is_some_and(|end| end <= len);
            let permitted = match segment.source {
                ANONYMOUS => segment.flags & (EXECUTE | SHARED) == 0,
                IMAGE => {
                    segment.flags & (EXECUTE | SHARED) == 0
                        && segment.offset >= DATA_OFFSET
                        && ends_in(self.header.image_len)
                }
                file => {
                    ((file - FIRST_FILE) as usize) < self.files.len()
                        && segment.flags & (WRITE | SHARED) != (WRITE | SHARED)
                }
            };
            permitted && within(segment.start, segment.len) && aligned(segment.offset)
        };
        let thread = &self.header.thread;
        self.header.head_len <= DATA_OFFSET
            && self.files.len() <= MAX_FILES
            && self.segments.iter().all(good_segment)
            && self.files.iter().all(|file| self.path(file).is_some())
            && self.ranges.iter().all(|range| self.lies_in_its_file(range))
            && self.header.vdso.mappings.iter().all(|&[start, len]| len == 0 || within(start, len))
            && [thread.letter, thread.stack_pointer, thread.resume, thread.fs_base, thread.tid_address]
                .into_iter()
                .all(place)
    }

    /// Whether a part that a start reads is one of the image, or of a file. The last page of a file need not be full.
    fn lies_in_its_file(&self, range: &Range) -> bool {
        let len = match range.source.checked_sub(u64::from(FIRST_FILE)) {
            None if range.source == u64::from(IMAGE) => Some(self.header.image_len),
            None => None,
            Some(index) => usize::try_from(index).ok().and_then(|index| self.files.get(index)).map(|file| file.len),
        };
        let (len, end) = (len.and_then(|len| len.checked_next_multiple_of(PAGE)), range.offset.checked_add(range.len));
        len.zip(end).is_some_and(|(len, end)| end <= len)
    }

    /// A file's path, its NUL included.
    pub fn path(&self, file: &FileId) -> Option<&'a [u8]> {
        let rest = self.paths.get(usize::try_from(file.path).ok()?..)?;
        let end = rest.iter().take(PATH_MAX).position(|&byte| byte == 0)?;
        (end > 0).then(|| &rest[..=end])
    }
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
