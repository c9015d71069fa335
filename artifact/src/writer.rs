//! [`ArtifactWriter`]: sections in, one artifact out, all or nothing.
//!
//! Sections stream through; none is held in memory. The same sections give the same bytes, of the oldest format
//! version that has them all.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use crate::error::{OpenError, WriteError};
use crate::header::{self, ExecutionProvider, FORMAT_VERSION, Header, OrtVersion, PAGE, WITHOUT_GUEST, structure_hash};
use crate::publish::{self, PendingFile};
use crate::reader::Artifact;
use crate::table::{self, Section, SectionKind};
use crate::target::HostClass;

/// Bytes a write to the file carries, at offsets that are multiples of it: on file systems with large folios the
/// page cache then holds the weights in huge pages.
pub(crate) const CHUNK: usize = 4 << 20;

/// What an artifact is made for, and how many parts it has.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Plan {
    pub host_class: HostClass,
    pub provider: ExecutionProvider,
    pub ort: OrtVersion,
    pub models: u32,
    pub sections: u32,
}

/// An artifact being written.
pub struct ArtifactWriter {
    plan: Plan,
    sections: Vec<Section>,
    out: ChunkWriter,
}

/// An artifact that is whole and checked, and has no name yet. Dropped, it leaves nothing.
#[derive(Debug)]
pub struct PendingArtifact {
    file: PendingFile,
    artifact: Arc<Artifact>,
}

impl ArtifactWriter {
    /// Starts an artifact that is to appear at `destination`, which may be free, a file, or a link to a file.
    pub fn create(destination: &Path, plan: Plan) -> Result<ArtifactWriter, WriteError> {
        header::check_sections(plan.sections)?;
        header::check_models(plan.models)?;
        ArtifactWriter::into_file(PendingArtifact::place(destination)?, plan)
    }

    /// Starts an artifact in `file`, which is empty: one that [`PendingArtifact::place`] has made, or that was lent.
    pub fn into_file(file: PendingFile, plan: Plan) -> Result<ArtifactWriter, WriteError> {
        header::check_sections(plan.sections)?;
        header::check_models(plan.models)?;
        let out = ChunkWriter { file, offset: 0, chunk: Vec::with_capacity(CHUNK), hasher: blake3::Hasher::new() };
        let mut writer = ArtifactWriter { plan, sections: Vec::new(), out };
        writer.pad_to(table::table_end(plan.sections))?;
        Ok(writer)
    }

    /// Adds a section of exactly `len` bytes, which `write` gives. Once this has failed, [`ArtifactWriter::finish`]
    /// fails too, unless `write` had given nothing.
    pub fn section(
        &mut self,
        kind: SectionKind,
        model: Option<u32>,
        alignment: u32,
        len: u64,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let index = self.sections.len();
        if index >= self.plan.sections as usize {
            return Err(WriteError::SectionCount { found: index + 1, planned: self.plan.sections });
        }
        table::check_alignment(index, alignment)?;
        if len == 0 {
            return Err(OpenError::SectionEmpty { index }.into());
        }
        let offset = self.out.offset.next_multiple_of(u64::from(alignment));
        self.pad_to(offset)?;
        self.out.hasher.reset();
        write(&mut self.out).map_err(|source| self.io(source))?;
        let found = self.out.offset - offset;
        if found != len {
            return Err(WriteError::SectionLength { kind, found, expected: len });
        }
        let hash = *self.out.hasher.finalize().as_bytes();
        self.sections.push(Section { kind, model, offset, len, alignment, hash });
        Ok(())
    }

    /// Writes header and table, and opens the result as a reader would: what breaks the format is never published.
    pub fn finish(mut self) -> Result<PendingArtifact, WriteError> {
        let found = self.sections.len();
        if found != self.plan.sections as usize {
            return Err(WriteError::SectionCount { found, planned: self.plan.sections });
        }
        self.pad_to(self.out.offset.next_multiple_of(PAGE))?;
        self.out.flush_chunk().map_err(|source| self.io(source))?;
        let table: Vec<u8> = self.sections.iter().flat_map(Section::encode).collect();
        let Plan { host_class, provider, ort, models, sections } = self.plan;
        let version = match provider {
            ExecutionProvider::Cpu => self.sections.iter().map(|section| section.kind.since()).max(),
            ExecutionProvider::Cuda => Some(FORMAT_VERSION),
        };
        let version = version.unwrap_or(WITHOUT_GUEST);
        let (file_len, unhashed) = (self.out.offset, [0; 32]);
        let signature = None;
        let mut header = Header {
            version,
            file_len,
            sections,
            models,
            host_class,
            provider,
            ort,
            structure_hash: unhashed,
            signature,
        };
        header.structure_hash = structure_hash(&header.encode(), &table);
        let head = [&header.encode()[..], &table].concat();
        let file = self.out.file.file();
        file.write_all_at(&head, 0).map_err(|source| self.io(source))?;
        PendingArtifact::of(self.out.file)
    }

    fn pad_to(&mut self, offset: u64) -> Result<(), WriteError> {
        let zeros = [0; 4096];
        while self.out.offset < offset {
            let len = (offset - self.out.offset).min(zeros.len() as u64) as usize;
            self.out.write_all(&zeros[..len]).map_err(|source| self.io(source))?;
        }
        Ok(())
    }

    fn io(&self, source: io::Error) -> WriteError {
        WriteError::Io { path: self.out.file.destination().to_owned(), source }
    }
}

impl PendingArtifact {
    /// An empty file that is to appear at `destination`, which may be free, a file, or a link to a file.
    pub fn place(destination: &Path) -> Result<PendingFile, WriteError> {
        let path = || destination.to_owned();
        if publish::file_name(destination).is_none() {
            return Err(WriteError::NoFileName { path: path() });
        }
        if destination.exists() && !destination.is_file() {
            return Err(WriteError::NotAFile { path: path() });
        }
        PendingFile::create(destination).map_err(|source| WriteError::Io { path: path(), source })
    }

    /// What another process has written to `file`, opened as a reader would: what breaks the format is never published.
    pub fn of(file: PendingFile) -> Result<PendingArtifact, WriteError> {
        let artifact = Artifact::from_file(file.file(), file.destination())?;
        Ok(PendingArtifact { file, artifact: Arc::new(artifact) })
    }

    /// The artifact, to try it before it gets its name.
    pub fn artifact(&self) -> Arc<Artifact> {
        Arc::clone(&self.artifact)
    }

    /// The file that it is in.
    pub fn file(&self) -> &File {
        self.file.file()
    }

    /// Puts the artifact at its destination, read-only: a mapped file must not change. A file that was there is
    /// replaced; who has it mapped keeps it.
    pub fn publish(self) -> Result<(), WriteError> {
        let path = self.file.destination().to_owned();
        self.file.publish(0o444).map_err(|source| WriteError::Io { path, source })
    }
}

/// Writes in aligned chunks and hashes what passes.
struct ChunkWriter {
    file: PendingFile,
    offset: u64,
    chunk: Vec<u8>,
    hasher: blake3::Hasher,
}

impl ChunkWriter {
    fn flush_chunk(&mut self) -> io::Result<()> {
        let start = self.offset - self.chunk.len() as u64;
        self.file.file().write_all_at(&self.chunk, start)?;
        self.chunk.clear();
        Ok(())
    }
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = CHUNK - self.chunk.len();
        let taken = &bytes[..bytes.len().min(room)];
        self.chunk.extend_from_slice(taken);
        self.hasher.update(taken);
        self.offset += taken.len() as u64;
        if self.chunk.len() == CHUNK {
            self.flush_chunk()?;
        }
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
