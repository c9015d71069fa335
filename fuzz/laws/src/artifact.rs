//! Artifacts: whatever opens has its sections in the file, one after the other, and is the same when it was written
//! again.
//!
//! Each file is opened twice: as it is, and with length and hashes made right, since no changed file gets past them.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::OnceLock;

use blink_artifact::{Artifact, ArtifactWriter, PendingArtifact, Plan, SectionKind};
use tempfile::TempDir;

use crate::Outcome;

const HEADER: usize = 256;
const ENTRY: usize = 64;
const PAGE: u64 = 4096;
/// Most entries that are sealed: more than an artifact can have.
const ENTRIES: usize = 257;

/// Checks a file.
pub fn check(bytes: &[u8]) -> Outcome {
    let plain = open(bytes);
    open(&sealed(bytes)).or(plain)
}

fn open(bytes: &[u8]) -> Outcome {
    let artifact = match Artifact::from_file(&file(bytes), "fuzzed.blink") {
        Ok(artifact) => artifact,
        Err(error) => return Outcome::refused(&error),
    };
    lies_in_its_file(&artifact, bytes);
    gives_its_sections(&artifact, bytes);
    let is_whole = artifact.verify(|at| assert!(at <= bytes.len() as u64)).is_ok();
    let encoded = artifact.manifest().encode();
    let manifest = &bytes[place(&artifact, 0)];
    for manifest in [manifest, &encoded] {
        let pending = written(&artifact, bytes, manifest);
        let again = pending.artifact();
        assert_eq!(again.manifest(), artifact.manifest());
        again.verify(|_| ()).expect("what was just written is whole");
        if is_whole && manifest == &bytes[place(&artifact, 0)] {
            assert_eq!(again.sections(), artifact.sections());
            assert_eq!(again.header().file_len, artifact.header().file_len);
        }
    }
    Outcome::Taken
}

fn place(artifact: &Artifact, index: usize) -> std::ops::Range<usize> {
    let section = &artifact.sections()[index];
    section.offset as usize..section.end() as usize
}

fn lies_in_its_file(artifact: &Artifact, bytes: &[u8]) {
    let header = artifact.header();
    assert_eq!(header.file_len, bytes.len() as u64);
    assert_eq!(header.sections as usize, artifact.sections().len());
    assert_eq!(header.models as usize, artifact.manifest().models.len());
    let mut end = (HEADER + ENTRY * artifact.sections().len()) as u64;
    for (index, section) in artifact.sections().iter().enumerate() {
        assert!(section.len > 0 && section.offset >= end && section.end() <= header.file_len);
        assert!(section.offset.is_multiple_of(PAGE) && section.offset - end < u64::from(section.alignment));
        assert!(section.model.is_none_or(|model| model < header.models));
        if matches!(section.kind, SectionKind::Manifest | SectionKind::Graph) {
            assert_eq!(*blake3::hash(&bytes[place(artifact, index)]).as_bytes(), section.hash);
        }
        end = section.end();
    }
}

fn gives_its_sections(artifact: &Artifact, bytes: &[u8]) {
    let named = |kind, model| {
        let mut sections = artifact.sections().iter();
        let index = sections.position(|section| section.kind == kind && section.model == model);
        index.map_or(&[][..], |index| &bytes[place(artifact, index)])
    };
    for model in 0..artifact.header().models {
        let [graph, weights] = [SectionKind::Graph, SectionKind::Weights].map(|kind| named(kind, Some(model)));
        assert_eq!((artifact.graph(model), artifact.weights(model)), (graph, weights));
        assert_eq!(&*artifact.golden(model).expect("it was verified"), named(SectionKind::Golden, Some(model)));
        let both = artifact.graph_and_weights(model);
        assert!(!graph.is_empty() && both.starts_with(graph) && both.ends_with(weights));
    }
    if let Ok(Some(guest)) = artifact.guest() {
        assert_eq!(artifact.guest_hash(), Some(blake3::hash(&guest).as_bytes()));
        assert_eq!(guest, named(SectionKind::Guest, None));
    }
    if let Ok(Some(code)) = artifact.native_code() {
        assert_eq!(code, named(SectionKind::Code, None));
    }
}

/// The artifact, written again with `manifest` in place of its own.
fn written(artifact: &Artifact, bytes: &[u8], manifest: &[u8]) -> PendingArtifact {
    let header = artifact.header();
    let plan = Plan {
        host_class: header.host_class,
        provider: header.provider,
        ort: header.ort,
        models: header.models,
        sections: header.sections,
    };
    let mut writer = ArtifactWriter::create(&destination(), plan).expect("a plan that was read can be written");
    for (index, section) in artifact.sections().iter().enumerate() {
        let content = if index == 0 { manifest } else { &bytes[place(artifact, index)] };
        let write = |out: &mut dyn Write| out.write_all(content);
        let written = writer.section(section.kind, section.model, section.alignment, content.len() as u64, write);
        written.expect("a section that was read can be written");
    }
    writer.finish().expect("what was read can be written")
}

/// Where artifacts would get their names; none does.
fn destination() -> PathBuf {
    static DIRECTORY: OnceLock<TempDir> = OnceLock::new();
    DIRECTORY.get_or_init(|| tempfile::tempdir().expect("a directory")).path().join("written.blink")
}

/// A file without a name.
fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(bytes).expect("room for it");
    file
}

/// The file, up to a whole page, with its length and every hash made right.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.resize(bytes.len().next_multiple_of(PAGE as usize), 0);
    if bytes.is_empty() {
        return bytes;
    }
    let len = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&len.to_le_bytes());
    let sections = u32::from_le_bytes([bytes[24], bytes[25], bytes[26], bytes[27]]) as usize;
    let table_end = HEADER + ENTRY * sections.min(ENTRIES);
    if table_end > bytes.len() {
        return bytes;
    }
    for entry in (HEADER..table_end).step_by(ENTRY) {
        let word =
            |at: usize| bytes[entry + at..][..8].iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
        let (offset, end) = (word(8), word(8).saturating_add(word(16)));
        if end <= len {
            let hash = blake3::hash(&bytes[offset as usize..end as usize]);
            bytes[entry + 32..entry + ENTRY].copy_from_slice(hash.as_bytes());
        }
    }
    let hash = blake3::Hasher::new().update(&bytes[..64]).update(&bytes[HEADER..table_end]).finalize();
    bytes[64..96].copy_from_slice(hash.as_bytes());
    bytes
}
