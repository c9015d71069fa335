//! NumPy's `.npz` files: zip archives of `.npy` files, one tensor a name.
//!
//! Nothing is inflated past what the archive declares, and what it declares is held against [`Limits`] first, so
//! an archive made to explode costs an error. Entries of one name, and entries that share bytes, are refused.
//! Written archives are stored, not deflated, and hold no clock: the same tensors give the same bytes.

use std::collections::HashSet;
use std::io::{Cursor, Read, Seek, Write};

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::npy::{self, NpyError};
use crate::{DType, Tensor, TensorView};

/// Why an npz file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum NpzError {
    #[error("npz archive: {0}")]
    Zip(#[from] ZipError),
    #[error("npz archive has {found} entries, expected at most {expected}")]
    Entries { expected: usize, found: usize },
    #[error("npz archive has two entries of one name: give every tensor a name of its own")]
    DuplicateName,
    #[error("npz archive has entries that share bytes: save it again with numpy.savez")]
    Overlap,
    #[error("npz archive has entry '{name}', expected only names that end in .npy")]
    Name { name: String },
    #[error("npz tensor '{name}' inflates to {found} bytes, expected at most {expected}")]
    EntrySize { name: String, expected: u64, found: u64 },
    #[error("npz archive inflates to more than {expected} bytes in total")]
    TotalSize { expected: u64 },
    #[error("npz tensor '{name}' does not inflate to the {declared} bytes that the archive declares")]
    DeclaredSize { name: String, declared: u64 },
    #[error("npz tensor '{name}' could not be inflated: {source}")]
    Read { name: String, source: std::io::Error },
    #[error("npz tensor '{name}': {source}")]
    Npy { name: String, source: NpyError },
}

/// What an archive may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tensors.
    pub entries: usize,
    /// Bytes of one inflated entry.
    pub entry_bytes: u64,
    /// Bytes of all inflated entries together.
    pub total_bytes: u64,
}

impl Default for Limits {
    /// 4096 tensors, 1 GiB each, 2 GiB together.
    fn default() -> Limits {
        Limits { entries: 4096, entry_bytes: 1 << 30, total_bytes: 2 << 30 }
    }
}

/// The tensors of an npz archive with their names (without `.npy`), in the archive's order, under the default
/// [`Limits`].
pub fn decode(bytes: &[u8]) -> Result<Vec<(String, Tensor)>, NpzError> {
    decode_as(bytes, Limits::default(), |_| None)
}

/// As [`decode`], under `limits`; `wanted` is the dtype that [`npy::decode_as`] is to want for a name.
pub fn decode_as(
    bytes: &[u8],
    limits: Limits,
    wanted: impl Fn(&str) -> Option<DType>,
) -> Result<Vec<(String, Tensor)>, NpzError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    if archive.len() > limits.entries {
        return Err(NpzError::Entries { expected: limits.entries, found: archive.len() });
    }
    if archive.has_duplicate_names() {
        return Err(NpzError::DuplicateName);
    }
    if archive.has_overlapping_entries()? {
        return Err(NpzError::Overlap);
    }
    let mut left = limits.total_bytes;
    let mut names = HashSet::new();
    let mut tensors = Vec::new();
    for index in 0..archive.len() {
        let (name, inflated) = inflate(&mut archive, index, limits, &mut left)?;
        if !names.insert(name.clone()) {
            return Err(NpzError::DuplicateName);
        }
        let tensor = npy::decode_as(&inflated, wanted(&name));
        let tensor = tensor.map_err(|source| NpzError::Npy { name: name.clone(), source })?;
        tensors.push((name, tensor));
    }
    Ok(tensors)
}

fn inflate(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    limits: Limits,
    left: &mut u64,
) -> Result<(String, Vec<u8>), NpzError> {
    let entry = archive.by_index(index)?;
    let file_name = entry.name()?;
    let name = match file_name.strip_suffix(".npy") {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => return Err(NpzError::Name { name: file_name.into_owned() }),
    };
    let declared = entry.size();
    if declared > limits.entry_bytes {
        return Err(NpzError::EntrySize { name, expected: limits.entry_bytes, found: declared });
    }
    *left = left.checked_sub(declared).ok_or(NpzError::TotalSize { expected: limits.total_bytes })?;
    let mut inflated = Vec::new();
    // One byte more than declared is enough to know that it lied.
    let read = entry.take(declared.saturating_add(1)).read_to_end(&mut inflated);
    read.map_err(|source| NpzError::Read { name: name.clone(), source })?;
    if inflated.len() as u64 != declared {
        return Err(NpzError::DeclaredSize { name, declared });
    }
    Ok((name, inflated))
}

/// Writes the tensors as an npz archive. Names must be neither empty nor equal.
pub fn encode(tensors: &[(String, TensorView<'_>)], out: impl Write + Seek) -> Result<(), NpzError> {
    let mut names = HashSet::new();
    let mut archive = ZipWriter::new(out);
    for (name, view) in tensors {
        if name.is_empty() {
            return Err(NpzError::Name { name: ".npy".to_owned() });
        }
        if !names.insert(name) {
            return Err(NpzError::DuplicateName);
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::default())
            .unix_permissions(0o644)
            // Sizes past 32 bits are known only once written; the header that can hold them costs 20 bytes.
            .large_file(true);
        archive.start_file(format!("{name}.npy"), options)?;
        npy::encode(*view, &mut archive).map_err(|source| NpzError::Npy { name: name.clone(), source })?;
    }
    archive.finish()?;
    Ok(())
}
