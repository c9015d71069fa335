//! The artifact: one file that a worker maps and runs. Layout: `docs/format.md`.
//!
//! | step | type |
//! |---|---|
//! | write | [`ArtifactWriter`] -> [`PendingArtifact`] -> a file with a name |
//! | open | a path -> [`Artifact`], checked and mapped; by a process that must live, through reads ([`Artifact::read`]) |
//! | verify | [`Artifact::verify`]: every byte |
//! | sign | [`signature::sign`]: a signed copy in its place; [`signature::TrustStore::admit`]: who may be trusted |
//!
//! This crate knows bytes, hashes and places. It runs nothing and parses no graph.

mod error;
mod header;
pub mod manifest;
mod map;
#[cfg(test)]
mod parsed_tests;
mod publish;
mod reader;
pub mod signature;
mod source;
mod table;
pub mod target;
mod temporary;
mod tripwires;
mod writer;

pub use error::{OpenError, WriteError};
pub use header::{ExecutionProvider, FORMAT_VERSION, HUGE_PAGE, Header, OrtVersion, PAGE};
pub use manifest::{Manifest, ManifestError};
pub use map::{FileId, MappedFile, open_file};
pub use publish::PendingFile;
pub use reader::Artifact;
pub use table::{Section, SectionKind};
pub use target::HostClass;
pub use writer::{ArtifactWriter, PendingArtifact, Plan};
