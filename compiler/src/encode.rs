//! A graph in the form that goes into the artifact.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use blink_artifact::manifest::GraphEncoding;
use blink_artifact::{Artifact, HUGE_PAGE, MappedFile, PAGE};
use blink_runtime::engine::Graph;

use crate::error::CompileError;
use crate::external::ExternalLayout;
use crate::optimise::Optimised;
use crate::ort_format::{self, Layout};
use crate::placement;
use crate::temporary::Temporaries;

/// An optimised graph, counted and ready to be written.
pub(crate) struct Encoded {
    /// Nodes of the graph, subgraphs included.
    pub(crate) nodes: u64,
    /// Nodes of each operator, by `domain:op_type`.
    pub(crate) operators: BTreeMap<String, u64>,
    pub(crate) form: Form,
}

/// Where a graph and its weights are until they are written.
pub(crate) enum Form {
    /// A flatbuffer, to be laid out once its place in the file is known.
    Ort(Arc<MappedFile>),
    /// The same, of another artifact.
    TakenOrt(Arc<Artifact>, u32),
    Onnx(ExternalLayout),
    /// The sections of another artifact.
    TakenOnnx(Arc<Artifact>, u32),
}

/// A graph section and the weights section after it, for one place in the file.
pub(crate) struct Laid<'a> {
    pub(crate) graph: Cow<'a, [u8]>,
    /// 0 where there are no large weights, and no such section.
    pub(crate) weights_len: u64,
    /// Of the weights section.
    pub(crate) alignment: u64,
    weights: Weights<'a>,
}

enum Weights<'a> {
    Ort(Layout, &'a [u8]),
    Onnx(&'a ExternalLayout),
    Taken(&'a [u8]),
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

    /// The graph as it will be in the artifact, to be tried before its manifest can be written.
    pub(crate) fn to_try(optimised: &Optimised, files: &Temporaries) -> Result<Graph, CompileError> {
        let file = match optimised {
            Optimised::Ort(file) => file,
            Optimised::Onnx(saved) => return Ok(saved.graph()),
        };
        let layout = ort_format::relayout(file, 0, PAGE)?;
        let temporary = |source| files.failed(source);
        let pending = files.create()?;
        let mut out = BufWriter::with_capacity(4 << 20, pending.file());
        out.write_all(&layout.metadata).map_err(temporary)?;
        let gap = layout.weights_start - layout.metadata.len() as u64;
        placement::zeros(gap, &mut out).map_err(temporary)?;
        layout.write_weights(file, &mut out).and_then(|()| out.flush()).map_err(temporary)?;
        drop(out);
        Ok(Graph::OrtFile(Arc::new(MappedFile::of(pending.file(), files.path())?)))
    }
}

impl Form {
    /// The graph of model `index` of `artifact`, which says that it is in `encoding`.
    pub(crate) fn taken(artifact: &Arc<Artifact>, index: u32, encoding: GraphEncoding) -> Form {
        match encoding {
            GraphEncoding::Ort => Form::TakenOrt(Arc::clone(artifact), index),
            GraphEncoding::Onnx => Form::TakenOnnx(Arc::clone(artifact), index),
        }
    }

    /// How the manifest calls it.
    pub(crate) fn encoding(&self) -> GraphEncoding {
        match self {
            Form::Ort(_) | Form::TakenOrt(..) => GraphEncoding::Ort,
            Form::Onnx(_) | Form::TakenOnnx(..) => GraphEncoding::Onnx,
        }
    }

    /// Lays it out with its graph at byte `offset` of the file, which is a multiple of a page.
    ///
    /// A flatbuffer counts on where its weights begin, so one that was laid out for another place is laid out again; at
    /// a like place that gives the same bytes.
    pub(crate) fn lay_out(&self, offset: u64) -> Result<Laid<'_>, CompileError> {
        let (graph, weights_len, weights) = match self {
            Form::Ort(file) => return laid_ort(file, offset),
            Form::TakenOrt(artifact, index) => return laid_ort(artifact.graph_and_weights(*index), offset),
            Form::Onnx(layout) => (&layout.graph[..], layout.weights_len, Weights::Onnx(layout)),
            Form::TakenOnnx(artifact, index) => {
                let weights = artifact.weights(*index);
                (artifact.graph(*index), weights.len() as u64, Weights::Taken(weights))
            }
        };
        Ok(Laid { graph: Cow::Borrowed(graph), weights_len, alignment: alignment(weights_len), weights })
    }
}

impl Laid<'_> {
    /// Writes the weights section.
    pub(crate) fn write_weights(&self, mut out: &mut dyn Write) -> io::Result<()> {
        match &self.weights {
            Weights::Ort(layout, ort) => layout.write_weights(ort, &mut out),
            Weights::Onnx(layout) => layout.write_weights(out),
            Weights::Taken(bytes) => out.write_all(bytes),
        }
    }
}

fn laid_ort(ort: &[u8], offset: u64) -> Result<Laid<'_>, CompileError> {
    let mut layout = ort_format::relayout(ort, offset, alignment(ort.len() as u64))?;
    let graph = Cow::Owned(std::mem::take(&mut layout.metadata));
    let alignment = alignment(ort.len() as u64);
    Ok(Laid { graph, weights_len: layout.weights_len, alignment, weights: Weights::Ort(layout, ort) })
}

/// Of the weights section of a graph with this many bytes of weights or so.
fn alignment(bytes: u64) -> u64 {
    if bytes >= HUGE_PAGE { HUGE_PAGE } else { PAGE }
}
