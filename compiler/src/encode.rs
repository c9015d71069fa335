//! The optimised graph in the form that goes into the artifact, and the artifact around it.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use blink_artifact::manifest::GraphEncoding;
use blink_artifact::{
    ArtifactWriter, ExecutionProvider, HUGE_PAGE, HostClass, Manifest, MappedFile, OrtVersion, PAGE, PendingArtifact,
    PendingFile, Plan, SectionKind,
};
use blink_runtime::engine::Graph;
use blink_runtime::library;

use crate::error::CompileError;
use crate::external::ExternalLayout;
use crate::optimise::Optimised;
use crate::ort_format;
use crate::placement;

/// An optimised graph, counted and ready to be written.
pub(crate) struct Encoded {
    /// Nodes of the graph, subgraphs included.
    pub(crate) nodes: u64,
    /// Nodes of each operator, by `domain:op_type`.
    pub(crate) operators: BTreeMap<String, u64>,
    form: Form,
}

enum Form {
    /// To be laid out once its place in the file is known.
    Ort(Arc<MappedFile>),
    Onnx(ExternalLayout),
}

impl Encoded {
    /// Reads an optimised graph back and counts it.
    pub(crate) fn new(optimised: &Optimised) -> Result<Encoded, CompileError> {
        match optimised {
            Optimised::Ort(file) => {
                let census = ort_format::census(file)?;
                let operators = census.operators.into_iter().map(|(name, count)| (name, count as u64)).collect();
                Ok(Encoded { nodes: census.nodes as u64, operators, form: Form::Ort(Arc::clone(file)) })
            }
            Optimised::Onnx(saved) => {
                let census = saved.census();
                let form = Form::Onnx(ExternalLayout::new(saved)?);
                Ok(Encoded { nodes: census.nodes, operators: census.operators, form })
            }
        }
    }

    /// How the manifest calls it.
    pub(crate) fn encoding(&self) -> GraphEncoding {
        match self.form {
            Form::Ort(_) => GraphEncoding::Ort,
            Form::Onnx(_) => GraphEncoding::Onnx,
        }
    }

    /// The graph as it will be in the artifact, to be tried before its manifest can be written.
    pub(crate) fn to_try(optimised: &Optimised, beside: &Path) -> Result<Graph, CompileError> {
        let file = match optimised {
            Optimised::Ort(file) => file,
            Optimised::Onnx(saved) => return Ok(saved.graph()),
        };
        let layout = ort_format::relayout(file, 0, PAGE)?;
        let temporary = |source| CompileError::Temporary { path: beside.to_owned(), source };
        let pending = PendingFile::create(beside).map_err(temporary)?;
        let mut out = BufWriter::with_capacity(4 << 20, pending.file());
        out.write_all(&layout.metadata).map_err(temporary)?;
        let gap = layout.weights_start - layout.metadata.len() as u64;
        placement::zeros(gap, &mut out).map_err(temporary)?;
        layout.write_weights(file, &mut out).and_then(|()| out.flush()).map_err(temporary)?;
        drop(out);
        Ok(Graph::OrtFile(Arc::new(MappedFile::of(pending.file(), beside)?)))
    }

    /// Writes the artifact; it has no name yet.
    pub(crate) fn write(
        &self,
        output: &Path,
        host_class: HostClass,
        manifest: &Manifest,
        golden: &[u8],
    ) -> Result<PendingArtifact, CompileError> {
        let manifest = manifest.encode();
        // Header and table of one model fit a page; manifest and golden outputs follow on pages of their own.
        let graph_offset =
            PAGE + [manifest.len(), golden.len()].map(|len| (len as u64).next_multiple_of(PAGE)).iter().sum::<u64>();
        match &self.form {
            Form::Ort(file) => {
                let alignment = if file.len() as u64 >= HUGE_PAGE { HUGE_PAGE } else { PAGE };
                let layout = ort_format::relayout(file, graph_offset, alignment)?;
                let parts =
                    Parts { manifest, golden, graph: &layout.metadata, weights_len: layout.weights_len, alignment };
                parts.write(output, host_class, |mut out| layout.write_weights(file, &mut out))
            }
            Form::Onnx(layout) => {
                let alignment = if layout.weights_len >= HUGE_PAGE { HUGE_PAGE } else { PAGE };
                let parts =
                    Parts { manifest, golden, graph: &layout.graph, weights_len: layout.weights_len, alignment };
                parts.write(output, host_class, |out| layout.write_weights(out))
            }
        }
    }
}

/// The sections of an artifact of one model.
struct Parts<'a> {
    manifest: Vec<u8>,
    golden: &'a [u8],
    graph: &'a [u8],
    weights_len: u64,
    /// Of the weights.
    alignment: u64,
}

impl Parts<'_> {
    fn write(
        &self,
        output: &Path,
        host_class: HostClass,
        weights: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<PendingArtifact, CompileError> {
        let ort = OrtVersion::parse(library::ORT_VERSION).expect("the pinned version is three numbers");
        let sections = 2 + u32::from(!self.golden.is_empty()) + u32::from(self.weights_len > 0);
        let plan = Plan { host_class, provider: ExecutionProvider::Cpu, ort, models: 1, sections };
        let mut writer = ArtifactWriter::create(output, plan)?;
        let small = [
            (SectionKind::Manifest, None, &self.manifest[..]),
            (SectionKind::Golden, Some(0), self.golden),
            (SectionKind::Graph, Some(0), self.graph),
        ];
        for (kind, model, bytes) in small {
            if !bytes.is_empty() {
                writer.section(kind, model, PAGE as u32, bytes.len() as u64, |out| out.write_all(bytes))?;
            }
        }
        if self.weights_len > 0 {
            writer.section(SectionKind::Weights, Some(0), self.alignment as u32, self.weights_len, weights)?;
        }
        Ok(writer.finish()?)
    }
}
