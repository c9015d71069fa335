//! Weights turned round for matrix products that start unpacked.
//!
//! Unpacked, ONNX Runtime packs each weight anew in every run, panel by panel: 16 columns wide, all rows deep. Of a
//! weight `[K, N]` that reads 64 bytes of every row, each on another page; of its transpose `[N, K]` it reads 16
//! whole rows. The panels are the same, and so are the bits of the results, but for products of a single row, which
//! have a kernel of their own. So a product with a constant f32 weight becomes one with the transposed weight and
//! `transB=1`.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Write};

use bytes::Bytes;
use prost::Message;

use crate::error::CompileError;
use crate::external::external_data;
use crate::onnx::proto::{
    AttributeProto, AttributeType, DataLocation, GraphProto, NodeProto, OperatorSetIdProto, TensorProto,
};
use crate::saved::{SavePlace, SavedModel};
use crate::temporary::Temporaries;

/// Weights smaller than this stay: they are in cache whichever way they are read.
const SMALLEST: usize = 64 << 10;
const F32: i32 = 1;
/// Fewer bytes than this in all are not worth a second pass.
const WORTHWHILE: usize = 1 << 20;

/// Turns the weights of `saved` round, in new ones of `files`; `None` where there are too few to matter.
pub(crate) fn transpose(saved: &SavedModel, files: &Temporaries) -> Result<Option<SavedModel>, CompileError> {
    let mut proto = saved.proto.clone();
    let Some(graph) = &mut proto.graph else { return Ok(None) };
    let chosen = choose(graph, saved);
    if chosen.values().map(Bytes::len).sum::<usize>() < WORTHWHILE {
        return Ok(None);
    }
    let temporary = |source| files.failed(source);
    let place = SavePlace::create(files)?;
    write(graph, &chosen, &place.weights_name(), place.weights.file()).map_err(temporary)?;
    for node in &mut graph.node {
        if is_product(node) && node.input.get(1).is_some_and(|weight| chosen.contains_key(weight)) {
            turn(node);
        }
    }
    if !proto.opset_import.iter().any(|opset| opset.domain() == "com.microsoft") {
        let (domain, version) = (Some("com.microsoft".to_owned()), Some(1));
        proto.opset_import.push(OperatorSetIdProto { domain, version });
    }
    place.model.file().write_all(&proto.encode_to_vec()).map_err(temporary)?;
    SavedModel::open(&place, &place.weights_name(), saved.weights().to_vec(), files).map(Some)
}

/// Writes the turned weights to `file`, which the model calls `name`, and points their tensors there.
fn write(graph: &mut GraphProto, chosen: &HashMap<String, Bytes>, name: &str, file: &File) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(4 << 20, file);
    let mut offset = 0;
    for tensor in &mut graph.initializer {
        let Some(bytes) = chosen.get(tensor.name()) else { continue };
        let [rows, columns] = tensor.dims[..] else { continue };
        write_transposed(bytes, rows as usize, columns as usize, &mut out)?;
        tensor.dims = vec![columns, rows];
        tensor.raw_data = None;
        tensor.data_location = Some(DataLocation::External.into());
        tensor.external_data = external_data(name, offset, bytes.len() as u64);
        offset += bytes.len() as u64;
    }
    out.flush()
}

/// The weights to turn, with their bytes: 2-D f32 initializers that nothing uses but products, as the right side.
fn choose(graph: &GraphProto, saved: &SavedModel) -> HashMap<String, Bytes> {
    let mut used_otherwise: HashSet<&str> = HashSet::new();
    let mut weights: HashSet<&str> = HashSet::new();
    used_otherwise.extend(graph.input.iter().map(|value| value.name()));
    used_otherwise.extend(graph.output.iter().map(|value| value.name()));
    for node in &graph.node {
        for (index, input) in node.input.iter().enumerate() {
            let set = if index == 1 && is_product(node) { &mut weights } else { &mut used_otherwise };
            set.insert(input);
        }
        let subgraphs =
            node.attribute.iter().flat_map(|attribute| attribute.g.as_deref().into_iter().chain(&attribute.graphs));
        subgraphs.for_each(|subgraph| names_used(subgraph, &mut used_otherwise));
    }
    let is_weight = |tensor: &&TensorProto| {
        tensor.data_type() == F32
            && matches!(tensor.dims[..], [rows, columns] if rows > 1 && columns > 1)
            && weights.contains(tensor.name())
            && !used_otherwise.contains(tensor.name())
    };
    let bytes = |tensor: &TensorProto| {
        let bytes = saved.tensor_bytes(tensor).filter(|bytes| bytes.len() >= SMALLEST)?;
        Some((tensor.name().to_owned(), bytes))
    };
    graph.initializer.iter().filter(is_weight).filter_map(bytes).collect()
}

fn names_used<'a>(graph: &'a GraphProto, names: &mut HashSet<&'a str>) {
    names.extend(graph.output.iter().map(|value| value.name()));
    for node in &graph.node {
        names.extend(node.input.iter().map(String::as_str));
        for attribute in &node.attribute {
            attribute.g.as_deref().into_iter().chain(&attribute.graphs).for_each(|graph| names_used(graph, names));
        }
    }
}

/// Whether `node` multiplies by its second input as it stands, and has a twin that multiplies by the transpose.
fn is_product(node: &NodeProto) -> bool {
    let flag = |name| node.attribute.iter().any(|attribute| attribute.name() == name && attribute.i() != 0);
    match (node.domain(), node.op_type()) {
        ("" | "ai.onnx", "MatMul") => true,
        ("" | "ai.onnx", "Gemm") | ("com.microsoft", "FusedGemm") => !flag("transB"),
        ("com.microsoft", "FusedMatMul") => !flag("transB") && !flag("transBatchB"),
        _ => false,
    }
}

/// Makes `node` multiply by the transpose of its second input.
fn turn(node: &mut NodeProto) {
    if node.op_type() == "MatMul" {
        node.op_type = Some("FusedMatMul".to_owned());
        node.domain = Some("com.microsoft".to_owned());
    }
    node.attribute.retain(|attribute| attribute.name() != "transB");
    node.attribute.push(AttributeProto {
        name: Some("transB".to_owned()),
        r#type: Some(AttributeType::Int.into()),
        i: Some(1),
        ..AttributeProto::default()
    });
}

/// Writes the transpose of a row-major matrix of 4-byte elements, a band of its columns at a time.
fn write_transposed(bytes: &[u8], rows: usize, columns: usize, out: &mut impl Write) -> io::Result<()> {
    const BAND: usize = 16;
    let elements = bytes.as_chunks::<4>().0;
    let mut band = vec![[0u8; 4]; BAND * rows];
    for first in (0..columns).step_by(BAND) {
        let width = BAND.min(columns - first);
        for (row, values) in elements.chunks_exact(columns).enumerate() {
            for (column, value) in values[first..first + width].iter().enumerate() {
                band[column * rows + row] = *value;
            }
        }
        out.write_all(band[..width * rows].as_flattened())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_turned_whatever_its_shape() {
        for (rows, columns) in [(1, 1), (2, 3), (5, 16), (7, 33), (40, 17)] {
            let value = |row: usize, column: usize| ((row * 1000 + column) as u32).to_le_bytes();
            let matrix: Vec<_> = (0..rows).flat_map(|row| (0..columns).map(move |column| value(row, column))).collect();
            let expected: Vec<_> =
                (0..columns).flat_map(|column| (0..rows).map(move |row| value(row, column))).collect();
            let mut turned = Vec::new();
            write_transposed(matrix.as_flattened(), rows, columns, &mut turned).unwrap();
            assert_eq!(turned, expected.as_flattened());
        }
    }

    #[test]
    fn a_product_by_the_transpose_already_is_left_alone() {
        let mut node = NodeProto { op_type: Some("Gemm".into()), ..NodeProto::default() };
        assert!(is_product(&node));
        turn(&mut node);
        assert!(!is_product(&node));
        let mut node = NodeProto { op_type: Some("MatMul".into()), ..NodeProto::default() };
        turn(&mut node);
        assert_eq!((node.domain(), node.op_type()), ("com.microsoft", "FusedMatMul"));
        assert!(!is_product(&node));
    }
}
