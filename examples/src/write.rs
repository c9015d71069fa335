//! Writes a model without a second copy of its weights in memory.
//!
//! Protobuf lets the fields of a message come in any order and in pieces, so everything but the initializers of
//! the main graph is encoded in one go, and they follow one by one.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use blink_compiler::onnx::proto::{GraphProto, ModelProto, TensorProto};
use prost::Message;

// Field number << 3 | 2 (a length and as many bytes).
const MODEL_GRAPH: u8 = 7 << 3 | 2;
const GRAPH_INITIALIZER: u8 = 5 << 3 | 2;
const TENSOR_RAW_DATA: u8 = 9 << 3 | 2;

/// Writes `model` to `path` and returns its size in bytes. Fails where it passes protobuf's 2 GiB.
pub fn write(model: &ModelProto, path: impl AsRef<Path>) -> io::Result<u64> {
    let encoded_len = model.encoded_len();
    if i32::try_from(encoded_len).is_err() {
        let message = format!("the model encodes to {encoded_len} bytes, a protobuf message ends at {}", i32::MAX);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let mut file = BufWriter::new(File::create(path)?);
    // The bytes of tensors are reference counted, so a clone of a message copies no weights.
    let mut shell = model.clone();
    let graph = shell.graph.take();
    file.write_all(&shell.encode_to_vec())?;
    if let Some(graph) = graph {
        write_graph(graph, &mut file)?;
    }
    file.into_inner().map_err(|error| error.into_error())?.metadata().map(|metadata| metadata.len())
}

fn write_graph(mut graph: GraphProto, file: &mut impl Write) -> io::Result<()> {
    write_key(file, MODEL_GRAPH, graph.encoded_len())?;
    let initializers = std::mem::take(&mut graph.initializer);
    file.write_all(&graph.encode_to_vec())?;
    initializers.into_iter().try_for_each(|tensor| write_initializer(tensor, file))
}

fn write_initializer(mut tensor: TensorProto, file: &mut impl Write) -> io::Result<()> {
    write_key(file, GRAPH_INITIALIZER, tensor.encoded_len())?;
    let raw = tensor.raw_data.take();
    file.write_all(&tensor.encode_to_vec())?;
    let Some(raw) = raw else { return Ok(()) };
    write_key(file, TENSOR_RAW_DATA, raw.len())?;
    file.write_all(&raw)
}

fn write_key(file: &mut impl Write, key: u8, len: usize) -> io::Result<()> {
    let mut prefix = vec![key];
    prost::encode_length_delimiter(len, &mut prefix).map_err(io::Error::other)?;
    file.write_all(&prefix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GraphBuilder, values};

    #[test]
    fn what_is_written_decodes_to_the_model() {
        let mut graph = GraphBuilder::new("g");
        for (index, len) in [0, 1, 100, 100_000].into_iter().enumerate() {
            graph.initializer(&format!("w{index}"), &values(&[len], &vec![7u8; len]));
        }
        graph.node("Identity", &["w0"], &["y"], []);
        let model = graph.model();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("model.onnx");
        let written = write(&model, &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!((bytes.len() as u64, bytes.len()), (written, model.encoded_len()));
        assert_eq!(ModelProto::decode(&*bytes).unwrap(), model);
    }
}
