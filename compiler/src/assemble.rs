//! The artifact around its parts: every section in its place.
//!
//! Small things stand first, each on pages of its own; then the guest and its native code; then each graph with its
//! weights. A graph's bytes hang on where it stands, so places are known before anything is written.

use blink_artifact::{
    ArtifactWriter, ExecutionProvider, HostClass, Manifest, OrtVersion, PAGE, PendingArtifact, PendingFile, Plan,
    SectionKind,
};
use blink_runtime::library;

use crate::encode::Laid;
use crate::error::CompileError;
use crate::guest;
use crate::prepare::Prepared;

/// Bytes of the header, and of each entry of the table (`docs/format.md`).
const HEADER: u64 = 256;
const ENTRY: u64 = 64;

/// What an artifact is put together of.
pub(crate) struct Assembly<'a> {
    pub(crate) host_class: HostClass,
    pub(crate) provider: ExecutionProvider,
    pub(crate) manifest: &'a Manifest,
    pub(crate) models: &'a [Prepared],
    pub(crate) guest: Option<&'a guest::Prepared>,
}

/// A section of which every byte is at hand.
struct Small<'a> {
    kind: SectionKind,
    model: Option<u32>,
    bytes: &'a [u8],
}

impl Assembly<'_> {
    /// Writes the artifact to `file`; it has no name yet.
    pub(crate) fn write(&self, file: PendingFile) -> Result<PendingArtifact, CompileError> {
        let manifest = self.manifest.encode();
        let small = self.small(&manifest);
        let (sections, laid) = self.lay_out(&small)?;
        let ort = OrtVersion::parse(library::ORT_VERSION).expect("the pinned version is three numbers");
        // There are 64 models at most, of three sections at most.
        let (models, sections) = (self.models.len() as u32, sections as u32);
        let plan = Plan { host_class: self.host_class, provider: self.provider, ort, models, sections };
        let mut writer = ArtifactWriter::into_file(file, plan)?;
        for Small { kind, model, bytes } in small {
            writer.section(kind, model, PAGE as u32, bytes.len() as u64, |out| out.write_all(bytes))?;
        }
        for (index, laid) in (0..).zip(&laid) {
            let (kind, len) = (SectionKind::Graph, laid.graph.len() as u64);
            writer.section(kind, Some(index), PAGE as u32, len, |out| out.write_all(&laid.graph))?;
            if laid.weights_len > 0 {
                let (kind, alignment) = (SectionKind::Weights, laid.alignment as u32);
                writer.section(kind, Some(index), alignment, laid.weights_len, |out| laid.write_weights(out))?;
            }
        }
        Ok(writer.finish()?)
    }

    fn small<'a>(&'a self, manifest: &'a [u8]) -> Vec<Small<'a>> {
        let mut small = vec![Small { kind: SectionKind::Manifest, model: None, bytes: manifest }];
        for (index, model) in (0..).zip(self.models).filter(|(_, model)| !model.golden.is_empty()) {
            small.push(Small { kind: SectionKind::Golden, model: Some(index), bytes: &model.golden });
        }
        if let Some(guest) = self.guest {
            small.push(Small { kind: SectionKind::Guest, model: None, bytes: &guest.wasm });
            if let Some(code) = &guest.code {
                small.push(Small { kind: SectionKind::Code, model: None, bytes: code });
            }
        }
        small
    }

    /// How many sections there are, and each model laid out for its place after the `small` ones.
    fn lay_out(&self, small: &[Small<'_>]) -> Result<(usize, Vec<Laid<'_>>), CompileError> {
        let first = |sections: usize| (HEADER + ENTRY * sections as u64).next_multiple_of(PAGE);
        let mut sections = small.len() + 2 * self.models.len();
        loop {
            let small_len =
                small.iter().map(|section| (section.bytes.len() as u64).next_multiple_of(PAGE)).sum::<u64>();
            let mut end = first(sections) + small_len;
            let mut laid = Vec::new();
            for model in self.models {
                let graph = end.next_multiple_of(PAGE);
                let place = model.form.lay_out(graph)?;
                end = graph + place.graph.len() as u64;
                if place.weights_len > 0 {
                    end = end.next_multiple_of(place.alignment) + place.weights_len;
                }
                laid.push(place);
            }
            let found = small.len() + laid.iter().map(|laid| 1 + usize::from(laid.weights_len > 0)).sum::<usize>();
            // Without some weights the table may be a page shorter.
            if first(found) == first(sections) {
                return Ok((found, laid));
            }
            sections = found;
        }
    }
}
