//! Artifacts made by the writer.

use std::path::Path;

use blink_artifact::manifest::{GraphEncoding, ModelRecord};
use blink_artifact::{
    Artifact, ArtifactWriter, ExecutionProvider, HostClass, OrtVersion, PendingArtifact, Plan, SectionKind, WriteError,
};

use super::{SplitMix64, device, golden, guest, manifest, manifest_with_guest, record};

/// One section to be written.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) kind: SectionKind,
    pub(crate) model: Option<u32>,
    pub(crate) alignment: u32,
    pub(crate) bytes: Vec<u8>,
}

/// A plan for the CPU of some hosts.
pub(crate) fn plan(models: u32, sections: usize) -> Plan {
    Plan {
        host_class: HostClass::X86_64Avx2,
        provider: ExecutionProvider::Cpu,
        ort: OrtVersion { major: 1, minor: 31, patch: 1 },
        models,
        sections: sections as u32,
    }
}

/// A plan for CUDA.
pub(crate) fn plan_for_cuda(models: u32, sections: usize) -> Plan {
    Plan { host_class: HostClass::X86_64, provider: ExecutionProvider::Cuda, ..plan(models, sections) }
}

impl Part {
    /// A section aligned to a page.
    pub(crate) fn new(kind: SectionKind, model: Option<u32>, bytes: Vec<u8>) -> Part {
        Part { kind, model, alignment: 4096, bytes }
    }
}

/// Sections of a small artifact of one model: manifest, golden, graph and weights, a page each.
pub(crate) fn parts() -> Vec<Part> {
    let mut random = SplitMix64(1);
    vec![
        Part::new(SectionKind::Manifest, None, manifest(vec![small()])),
        Part::new(SectionKind::Golden, Some(0), random.bytes(100)),
        Part::new(SectionKind::Graph, Some(0), random.bytes(1000)),
        Part::new(SectionKind::Weights, Some(0), random.bytes(3000)),
    ]
}

/// The same with a guest after it, and two pages of its native code.
pub(crate) fn parts_with_guest() -> Vec<Part> {
    let (mut parts, mut random) = (parts(), SplitMix64(2));
    parts[0].bytes = manifest_with_guest(vec![small()], guest());
    parts.push(Part::new(SectionKind::Guest, None, random.bytes(500)));
    parts.push(Part::new(SectionKind::Code, None, random.bytes(5000)));
    parts
}

/// The sections of [`parts`], of a model for CUDA.
pub(crate) fn parts_for_device() -> Vec<Part> {
    let mut parts = parts();
    let record = ModelRecord { encoding: GraphEncoding::Onnx, device: Some(device()), ..small() };
    parts[0].bytes = manifest(vec![record]);
    parts
}

fn small() -> ModelRecord {
    ModelRecord { golden: Some(golden(Some((8, 92)))), ..record("small") }
}

/// Writes an artifact of these sections; it has no name yet.
pub(crate) fn write_all(path: &Path, plan: Plan, parts: &[Part]) -> Result<PendingArtifact, WriteError> {
    let mut writer = ArtifactWriter::create(path, plan)?;
    for Part { kind, model, alignment, bytes } in parts {
        writer.section(*kind, *model, *alignment, bytes.len() as u64, |out| out.write_all(bytes))?;
    }
    writer.finish()
}

/// Writes an artifact of these sections to `path`.
pub(crate) fn write(path: &Path, models: u32, parts: &[Part]) -> Result<(), WriteError> {
    write_all(path, plan(models, parts.len()), parts)?.publish()
}

/// Writes an artifact of these sections and gives it open, with its bytes.
pub(crate) fn artifact(models: u32, parts: &[Part]) -> (Artifact, Vec<u8>) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("made.blink");
    write(&path, models, parts).unwrap();
    (Artifact::open(&path).unwrap(), std::fs::read(&path).unwrap())
}
