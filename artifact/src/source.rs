//! [`Source`]: an artifact's bytes while they are checked: where they are mapped, or read through the descriptor.
//!
//! Whoever touches a mapped page that its file has lost meanwhile is ended by a signal (SIGBUS). A worker may be: its
//! launcher lives. A process that must live reads, and a file that was cut is an error.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::error::OpenError;
use crate::map::MappedFile;

/// Bytes of a mapping that are looked at between two reports.
const MAPPED_AT_ONCE: usize = 8 << 20;
/// Bytes that are read at once: few enough to be hashed out of the processor's cache.
const READ_AT_ONCE: usize = 256 << 10;

/// A file, mapped, and how its bytes are come by.
#[derive(Debug)]
pub(crate) struct Source {
    map: MappedFile,
    /// What is read in place of the mapping.
    file: Option<Arc<File>>,
}

impl Source {
    /// The mapping itself.
    pub(crate) fn mapped(map: MappedFile) -> Source {
        Source { map, file: None }
    }

    /// The file that `map` is of, by reads.
    pub(crate) fn read(map: MappedFile, file: Arc<File>) -> Source {
        Source { map, file: Some(file) }
    }

    /// The mapping, whose bytes are checked and may be gone.
    pub(crate) fn map(&self) -> &MappedFile {
        &self.map
    }

    /// Bytes of the file, as it was opened.
    pub(crate) fn len(&self) -> u64 {
        self.map.len() as u64
    }

    /// The bytes of `range`, which is in the file.
    pub(crate) fn bytes(&self, range: Range<u64>, path: &Path) -> Result<Cow<'_, [u8]>, OpenError> {
        let Some(file) = &self.file else { return Ok(self.mapped_bytes(range).into()) };
        let mut bytes = vec![0; (range.end - range.start) as usize];
        self.fill(file, &mut bytes, range.start, path)?;
        Ok(bytes.into())
    }

    /// Shows the bytes of `range`, which is in the file, piece by piece, in order, each with its offset.
    pub(crate) fn each(
        &self,
        range: Range<u64>,
        path: &Path,
        mut look: impl FnMut(u64, &[u8]) -> Result<(), OpenError>,
    ) -> Result<(), OpenError> {
        let Some(file) = &self.file else {
            let pieces = self.mapped_bytes(range.clone()).chunks(MAPPED_AT_ONCE);
            return pieces.zip((range.start..).step_by(MAPPED_AT_ONCE)).try_for_each(|(piece, at)| look(at, piece));
        };
        let mut buffer = vec![0; READ_AT_ONCE.min((range.end - range.start) as usize)];
        let mut at = range.start;
        while at < range.end {
            let piece = &mut buffer[..READ_AT_ONCE.min((range.end - at) as usize)];
            self.fill(file, piece, at, path)?;
            look(at, piece)?;
            at += piece.len() as u64;
        }
        Ok(())
    }

    fn mapped_bytes(&self, range: Range<u64>) -> &[u8] {
        &self.map[range.start as usize..range.end as usize]
    }

    fn fill(&self, file: &File, bytes: &mut [u8], at: u64, path: &Path) -> Result<(), OpenError> {
        file.read_exact_at(bytes, at).map_err(|source| match source.kind() {
            io::ErrorKind::UnexpectedEof => {
                OpenError::Cut { expected: self.len(), found: file.metadata().map_or(0, |metadata| metadata.len()) }
            }
            _ => OpenError::Io { path: path.to_owned(), source },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of 600,000 bytes that differ, both ways.
    fn sources() -> (tempfile::TempDir, Arc<File>, [Source; 2]) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let bytes: Vec<u8> = (0..600_000_u32).map(|at| (at % 251) as u8).collect();
        std::fs::write(&path, bytes).unwrap();
        let file = Arc::new(File::options().read(true).write(true).open(&path).unwrap());
        let map = || MappedFile::of(&file, &path).unwrap();
        let sources = [Source::mapped(map()), Source::read(map(), Arc::clone(&file))];
        (directory, file, sources)
    }

    #[test]
    fn both_ways_give_the_same() {
        let (_directory, _file, sources) = sources();
        for range in [0..0, 0..1, 5..600_000, 262_144..262_145, 262_000..524_500, 600_000..600_000] {
            let [mapped, read] = sources.each_ref().map(|source| source.bytes(range.clone(), Path::new("")).unwrap());
            assert_eq!(mapped, read);
            for source in &sources {
                let mut seen = Vec::new();
                let look = |at: u64, piece: &[u8]| {
                    assert_eq!(at, range.start + seen.len() as u64);
                    seen.extend_from_slice(piece);
                    Ok(())
                };
                source.each(range.clone(), Path::new(""), look).unwrap();
                assert_eq!(seen, *mapped);
            }
        }
    }

    #[test]
    fn a_file_that_was_cut_is_an_error_to_who_reads() {
        let (_directory, file, [_, read]) = sources();
        file.set_len(300_000).unwrap();
        let cut = |result: Result<(), OpenError>| match result {
            Err(OpenError::Cut { expected: 600_000, found: 300_000 }) => {}
            other => panic!("{other:?}"),
        };
        cut(read.bytes(299_999..300_001, Path::new("")).map(drop));
        cut(read.each(0..600_000, Path::new(""), |_, _| Ok(())));
        read.each(0..300_000, Path::new(""), |_, _| Ok(())).unwrap();
    }
}
