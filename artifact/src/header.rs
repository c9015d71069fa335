//! The 256 bytes at the start of every artifact (layout: `docs/format.md`).
//!
//! [`Header::decode`] checks every field that can be judged without the table. It decodes nothing else and
//! allocates nothing.

use crate::error::OpenError;
use crate::signature::Signature;
use crate::target::HostClass;

/// First bytes of every artifact.
pub(crate) const MAGIC: [u8; 8] = *b"\x89BLNK\r\n\x1a";
/// The newest format version that this code writes and reads: the one of artifacts for a device.
pub const FORMAT_VERSION: u32 = 3;
/// The version of artifacts with a guest.
pub(crate) const WITH_GUEST: u32 = 2;
/// The version of artifacts without a guest. It and [`WITH_GUEST`] are for the CPU.
pub(crate) const WITHOUT_GUEST: u32 = 1;
/// Bytes the header takes.
pub(crate) const HEADER_LEN: usize = 256;
/// The smallest alignment of a section, and the unit of the file's length.
pub const PAGE: u64 = 4096;
/// The largest alignment of a section: a huge page.
pub const HUGE_PAGE: u64 = 2 << 20;
/// Fewest sections an artifact can have: a manifest and a graph.
pub(crate) const MIN_SECTIONS: u32 = 2;
/// Most sections an artifact can have.
pub(crate) const MAX_SECTIONS: u32 = 256;
/// Most models an artifact can have.
pub(crate) const MAX_MODELS: u32 = 64;

/// Bytes of the header that the structure hash covers.
pub(crate) const HASHED: std::ops::Range<usize> = 0..64;
/// Where the structure hash stands.
pub(crate) const STRUCTURE_HASH: std::ops::Range<usize> = 64..96;
/// Bytes set aside, all zero.
pub(crate) const ZERO: [std::ops::Range<usize>; 3] = [46..48, 52..64, 96..128];
/// Where the signature block stands (`signature/block.rs`).
pub(crate) const SIGNATURE: std::ops::Range<usize> = 128..256;

/// Which hardware runs the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExecutionProvider {
    /// ONNX Runtime's CPU provider.
    Cpu,
    /// ONNX Runtime's CUDA provider. From format version 3 on, which is of nothing else.
    Cuda,
}

impl ExecutionProvider {
    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            ExecutionProvider::Cpu => "cpu",
            ExecutionProvider::Cuda => "cuda",
        }
    }

    pub(crate) const fn code(self) -> u32 {
        match self {
            ExecutionProvider::Cpu => 1,
            ExecutionProvider::Cuda => 2,
        }
    }

    fn from_code(code: u32) -> Option<ExecutionProvider> {
        [ExecutionProvider::Cpu, ExecutionProvider::Cuda].into_iter().find(|provider| provider.code() == code)
    }
}

/// A version of ONNX Runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct OrtVersion {
    pub major: u16,
    pub minor: u16,
    pub patch: u16,
}

impl OrtVersion {
    /// Reads `1.31.1`; `None` for anything but three numbers of 16 bits.
    pub fn parse(text: &str) -> Option<OrtVersion> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        let version = OrtVersion { major: parts.next()??, minor: parts.next()??, patch: parts.next()?? };
        parts.next().is_none().then_some(version)
    }
}

impl std::fmt::Display for OrtVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl serde::Serialize for OrtVersion {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What the header says, each field already within its own bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Format version: 3 for CUDA; for the CPU 2 with a guest, 1 without.
    pub version: u32,
    /// Length of the whole file in bytes.
    pub file_len: u64,
    /// Entries of the section table.
    pub sections: u32,
    /// Models in the artifact.
    pub models: u32,
    /// The class of host the graphs were optimised for.
    pub host_class: HostClass,
    /// The execution provider the graphs were optimised for.
    pub provider: ExecutionProvider,
    /// The ONNX Runtime build that wrote the graphs.
    pub ort: OrtVersion,
    /// Hash of the rest of the header and of the table.
    pub structure_hash: [u8; 32],
    /// Who says to have signed it; `None`: nobody. Not checked: see [`Artifact::verify_signature`].
    ///
    /// [`Artifact::verify_signature`]: crate::Artifact::verify_signature
    pub signature: Option<Signature>,
}

impl Header {
    /// Reads and checks the header of a file of `real_len` bytes whose first bytes are `bytes`.
    pub fn decode(bytes: &[u8], real_len: u64) -> Result<Header, OpenError> {
        let magic = bytes.get(..MAGIC.len()).unwrap_or(bytes);
        if magic.is_empty() {
            return Err(OpenError::Empty);
        }
        if !MAGIC.starts_with(magic) {
            return Err(OpenError::NotAnArtifact { found: magic.to_vec() });
        }
        let Some(bytes) = bytes.first_chunk::<HEADER_LEN>() else {
            return Err(OpenError::TruncatedHeader { found: bytes.len() as u64 });
        };
        let version = u32_at(bytes, 8);
        if !(WITHOUT_GUEST..=FORMAT_VERSION).contains(&version) {
            return Err(OpenError::FormatVersion { found: version });
        }
        let found = u32_at(bytes, 12);
        if found as usize != HEADER_LEN {
            return Err(OpenError::HeaderLength { found });
        }
        let file_len = u64_at(bytes, 16);
        if file_len != real_len {
            return Err(OpenError::FileLength { recorded: file_len, found: real_len });
        }
        if !file_len.is_multiple_of(PAGE) {
            return Err(OpenError::FileLengthUnaligned { recorded: file_len });
        }
        let sections = u32_at(bytes, 24);
        check_sections(sections)?;
        let found = u32_at(bytes, 28);
        if found as usize != crate::table::ENTRY_LEN {
            return Err(OpenError::EntryLength { found });
        }
        let code = u32_at(bytes, 32);
        let host_class = HostClass::from_code(code).map_err(|_| OpenError::HostClass { code })?;
        let code = u32_at(bytes, 36);
        let provider = ExecutionProvider::from_code(code).ok_or(OpenError::Provider { code })?;
        if (provider == ExecutionProvider::Cuda) != (version == FORMAT_VERSION) {
            return Err(OpenError::Provider { code });
        }
        let ort = OrtVersion { major: u16_at(bytes, 40), minor: u16_at(bytes, 42), patch: u16_at(bytes, 44) };
        let models = u32_at(bytes, 48);
        check_models(models)?;
        for range in ZERO {
            if let Some(at) = bytes[range.clone()].iter().position(|&byte| byte != 0) {
                return Err(OpenError::ReservedHeaderByte { offset: range.start + at });
            }
        }
        let signature = bytes.last_chunk().map(Signature::decode).transpose()?.flatten();
        let mut structure_hash = [0; 32];
        structure_hash.copy_from_slice(&bytes[STRUCTURE_HASH]);
        Ok(Header { version, file_len, sections, models, host_class, provider, ort, structure_hash, signature })
    }

    /// The header as it stands in the file.
    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(0, &MAGIC);
        put(8, &self.version.to_le_bytes());
        put(12, &(HEADER_LEN as u32).to_le_bytes());
        put(16, &self.file_len.to_le_bytes());
        put(24, &self.sections.to_le_bytes());
        put(28, &(crate::table::ENTRY_LEN as u32).to_le_bytes());
        put(32, &self.host_class.code().to_le_bytes());
        put(36, &self.provider.code().to_le_bytes());
        put(40, &self.ort.major.to_le_bytes());
        put(42, &self.ort.minor.to_le_bytes());
        put(44, &self.ort.patch.to_le_bytes());
        put(48, &self.models.to_le_bytes());
        put(STRUCTURE_HASH.start, &self.structure_hash);
        if let Some(signature) = self.signature {
            put(SIGNATURE.start, &signature.encode());
        }
        bytes
    }
}

/// Whether an artifact can have this many sections.
pub(crate) fn check_sections(found: u32) -> Result<(), OpenError> {
    if (MIN_SECTIONS..=MAX_SECTIONS).contains(&found) { Ok(()) } else { Err(OpenError::SectionCount { found }) }
}

/// Whether an artifact can have this many models.
pub(crate) fn check_models(found: u32) -> Result<(), OpenError> {
    if (1..=MAX_MODELS).contains(&found) { Ok(()) } else { Err(OpenError::ModelCount { found }) }
}

/// The hash that [`Header::structure_hash`] must hold.
pub(crate) fn structure_hash(header: &[u8; HEADER_LEN], table: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(&header[HASHED]).update(table).finalize().as_bytes()
}

fn u16_at(bytes: &[u8; HEADER_LEN], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub(crate) fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub(crate) fn u64_at<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
