//! [`Vouched`]: that a trusted key has signed an artifact, as a value that only a [`TrustStore`](super::TrustStore) makes.
//!
//! It names what was signed by its hash, and no file: whoever is told the hash finds out whether the artifact that it has
//! open is that one, whatever has become of paths and descriptors in between.

use std::os::unix::fs::FileExt;
use std::path::Path;

use super::keys::KeyId;
use crate::error::OpenError;
use crate::header::{HEADER_LEN, Header, SIGNATURE};
use crate::map::open_file;
use crate::reader::Artifact;
use crate::table::{self, SectionKind};

/// Bytes that are read at first: header and table of nearly every artifact.
const FIRST: usize = 4096;

/// A trusted key has signed the header and the section table with this hash, and through the table's hashes every section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouched {
    key: KeyId,
    structure_hash: [u8; 32],
}

impl Vouched {
    pub(super) fn new(key: KeyId, structure_hash: [u8; 32]) -> Vouched {
        Vouched { key, structure_hash }
    }

    /// The key.
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The structure hash that it has signed.
    pub fn structure_hash(&self) -> &[u8; 32] {
        &self.structure_hash
    }

    /// Whether `artifact`, whose structure hash was checked as it was opened, is what was signed.
    pub fn is_of(&self, artifact: &Artifact) -> bool {
        self.structure_hash == artifact.header().structure_hash
    }
}

/// The header of the artifact at `path`, where it has native code and says to be signed: then there is something to ask
/// a [`TrustStore`](super::TrustStore) for. Nothing of it is checked here.
///
/// It is on the way of starts: of an artifact without a signature one read and no more.
pub fn signed_code(path: &Path) -> Result<Option<Header>, OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    let file = open_file(path).map_err(io)?;
    let mut first = [0; FIRST];
    let read = file.read_at(&mut first, 0).map_err(io)?;
    let first = first.get(..read).unwrap_or(&first);
    if first.get(SIGNATURE).is_none_or(|block| block.iter().all(|&byte| byte == 0)) {
        return Ok(None);
    }
    let header = Header::decode(first, file.metadata().map_err(io)?.len())?;
    let end = table::table_end(header.sections) as usize;
    let mut whole = Vec::new();
    let table = match first.get(HEADER_LEN..end) {
        Some(table) => table,
        None => {
            whole.resize(end.saturating_sub(HEADER_LEN), 0);
            file.read_exact_at(&mut whole, HEADER_LEN as u64).map_err(io)?;
            &whole
        }
    };
    let has_code = table::decode(&header, table)?.iter().any(|section| section.kind == SectionKind::Code);
    Ok(has_code.then_some(header))
}
