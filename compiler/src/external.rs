//! The `onnx` encoding: a graph whose large weights stand apart, in order of first use (`docs/format.md`).
//!
//! ONNX Runtime saved the optimised graph with its weights in one file, in no useful order. Here the graph gets new
//! places for them and the weights are streamed to those places; they are never held in memory. Weights first used by
//! one node stand in the order of their names.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use blink_artifact::manifest::DeviceWeight;
use blink_runtime::engine::WEIGHTS_FILE;
use blink_tensors::DType;
use bytes::Bytes;
use prost::Message;

use crate::error::CompileError;
use crate::external_order;
use crate::onnx::proto::{
    DataLocation, Dimension, DimensionValue, GraphProto, StringStringEntryProto, TensorProto, TypeValue, ValueInfoProto,
};
use crate::placement;
use crate::saved::SavedModel;

/// Most bytes of a weight's name and most weights that a manifest tells of (`docs/format.md`).
const MAX_NAME: usize = 1024;
const MAX_UPLOADS: usize = 65_536;

/// A graph in the `onnx` encoding.
pub(crate) struct ExternalLayout {
    /// The graph section.
    pub(crate) graph: Vec<u8>,
    /// Length of the weights section; 0 where there are no large weights.
    pub(crate) weights_len: u64,
    /// The weights that are initializers of the graph itself and have a dtype of ours, in the order of their places.
    pub(crate) uploads: Vec<DeviceWeight>,
    /// Each weight's place in the weights section, ascending.
    weights: Vec<(u64, Bytes)>,
}

impl ExternalLayout {
    /// Lays out an optimised model.
    pub(crate) fn new(saved: &SavedModel) -> Result<ExternalLayout, CompileError> {
        let mut model = saved.proto.clone();
        external_order::sort(&mut model);
        let mut placed = Placed { saved, end: 0, weights: Vec::new() };
        let mut uploads = Vec::new();
        if let Some(graph) = &mut model.graph {
            placed.graph(graph)?;
            uploads = uploads_of(graph);
        }
        let weights_len = placement::section_len(placed.end);
        Ok(ExternalLayout { graph: model.encode_to_vec(), weights_len, uploads, weights: placed.weights })
    }

    /// Writes the weights section.
    pub(crate) fn write_weights(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut written = 0;
        for (offset, bytes) in &self.weights {
            placement::zeros(offset - written, out)?;
            out.write_all(bytes)?;
            written = offset + bytes.len() as u64;
        }
        placement::zeros(self.weights_len - written, out)
    }
}

struct Placed<'a> {
    saved: &'a SavedModel,
    end: u64,
    weights: Vec<(u64, Bytes)>,
}

impl Placed<'_> {
    /// Places the weights of `graph` and of its subgraphs, in the order of its nodes, which is topological; the weights
    /// that one node uses first in the order that they have, which is that of their names.
    fn graph(&mut self, graph: &mut GraphProto) -> Result<(), CompileError> {
        graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info).for_each(forget_open);
        let mut order: HashMap<String, usize> = HashMap::new();
        for (position, node) in graph.node.iter().enumerate() {
            for input in &node.input {
                order.entry(input.clone()).or_insert(position);
            }
        }
        let mut external: Vec<&mut TensorProto> =
            graph.initializer.iter_mut().filter(|tensor| is_external(tensor)).collect();
        external.sort_by_key(|tensor| order.get(tensor.name()).copied().unwrap_or(usize::MAX));
        for tensor in external {
            self.place(tensor)?;
        }
        for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
            for subgraph in attribute.g.as_deref_mut().into_iter().chain(&mut attribute.graphs) {
                self.graph(subgraph)?;
            }
        }
        Ok(())
    }

    fn place(&mut self, tensor: &mut TensorProto) -> Result<(), CompileError> {
        let stray = || CompileError::StrayWeight { name: tensor.name().to_owned() };
        let bytes = self.saved.tensor_bytes(tensor).ok_or_else(stray)?;
        let len = bytes.len() as u64;
        let offset = placement::place(self.end, len);
        self.end = offset + len;
        self.weights.push((offset, bytes));
        tensor.external_data = external_data(WEIGHTS_FILE, offset, len);
        Ok(())
    }
}

/// The initializers of a graph that has been placed which may lie on a device before the session is made. Defaults of
/// inputs may not: a caller can give others.
fn uploads_of(graph: &GraphProto) -> Vec<DeviceWeight> {
    let inputs: HashSet<&str> = graph.input.iter().map(|input| input.name()).collect();
    let upload = |tensor: &TensorProto| {
        let place = tensor.external_data.iter().find(|entry| entry.key() == "offset")?;
        let dtype = DType::from_onnx_code(tensor.data_type()).filter(|dtype| *dtype != DType::String)?;
        let shape = tensor.dims.iter().map(|dim| u64::try_from(*dim).ok()).collect::<Option<_>>()?;
        Some(DeviceWeight { name: tensor.name().to_owned(), dtype, shape, offset: place.value().parse().ok()? })
    };
    let can_be_told = |weight: &DeviceWeight| (1..=MAX_NAME).contains(&weight.name.len());
    let external = graph.initializer.iter().filter(|tensor| is_external(tensor) && !inputs.contains(tensor.name()));
    let mut uploads: Vec<_> = external.filter_map(upload).filter(can_be_told).collect();
    uploads.sort_by_key(|weight| weight.offset);
    uploads.truncate(MAX_UPLOADS);
    uploads
}

/// What ONNX calls `len` bytes at `offset` of the file `location`.
pub(crate) fn external_data(location: &str, offset: u64, len: u64) -> Vec<StringStringEntryProto> {
    let entry = |key: &str, value: String| StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) };
    vec![entry("location", location.to_owned()), entry("offset", offset.to_string()), entry("length", len.to_string())]
}

/// Forgets the shape of a value where a dim is open, as `ort_format/shapes.rs` does and for its reasons.
fn forget_open(value: &mut ValueInfoProto) {
    let is_fixed = |dim: &Dimension| matches!(dim.value, Some(DimensionValue::DimValue(_)));
    if let Some(TypeValue::Tensor(tensor)) = value.r#type.as_mut().and_then(|kind| kind.value.as_mut())
        && tensor.shape.as_ref().is_some_and(|shape| !shape.dim.iter().all(is_fixed))
    {
        tensor.shape = None;
    }
}

fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location() == DataLocation::External
}
