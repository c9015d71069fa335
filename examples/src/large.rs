//! A model of any size, its weights in a file beside it: a chain of MatMul and Tanh.
//!
//! Weights are made and written a piece at a time; memory stays at a few MiB whatever the size.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use blink_compiler::onnx::proto::{DataLocation, StringStringEntryProto, TensorProto};
use blink_tensors::DType;

use crate::{GraphBuilder, Random, dims};

/// Where each weight starts in the data file: a multiple of this many bytes, so that it can be mapped.
const ALIGNMENT: u64 = 4096;

/// Size of a large model. The default is 9 layers of 256 MiB, 2.25 GiB in all.
#[derive(Clone, Debug)]
pub struct Large {
    /// Number of layers.
    pub layers: usize,
    /// Width of the input, the output and each layer; a layer's weight takes `4 * width * width` bytes.
    pub width: usize,
    /// Seed of the weights.
    pub seed: u64,
}

impl Default for Large {
    fn default() -> Large {
        Large { layers: 9, width: 8192, seed: 2 }
    }
}

impl Large {
    /// Bytes of weights.
    pub fn bytes(&self) -> u64 {
        4 * self.layers as u64 * (self.width as u64).pow(2)
    }

    /// Writes `large.onnx` and `large.onnx.data` into `directory` and returns the path of the first. The model
    /// takes `x`, f32 [batch, width], to `y`, the same.
    pub fn write(&self, directory: &Path) -> io::Result<PathBuf> {
        let path = directory.join("large.onnx");
        let location = "large.onnx.data";
        let mut data = BufWriter::with_capacity(1 << 20, File::create(directory.join(location))?);
        let mut random = Random::new(self.seed);
        let deviation = 1.0 / (self.width as f32).sqrt();

        let mut graph = GraphBuilder::new("large");
        let mut x = graph.input("x", DType::F32, &dims!["batch", self.width as u64]);
        for layer in 0..self.layers {
            let start = data.stream_position()?.next_multiple_of(ALIGNMENT);
            data.seek(io::SeekFrom::Start(start))?;
            for _ in 0..self.width {
                data.write_all(&random.normal_bytes(self.width, deviation))?;
            }
            let weight = graph.stored(TensorProto {
                name: Some(format!("layer{layer}.weight")),
                dims: vec![self.width as i64; 2],
                data_type: Some(DType::F32.onnx_code()),
                external_data: vec![
                    entry("location", location),
                    entry("offset", &start.to_string()),
                    entry("length", &(data.stream_position()? - start).to_string()),
                ],
                data_location: Some(DataLocation::External as i32),
                ..Default::default()
            });
            let product = graph.op("MatMul", &[&x, &weight], []);
            x = graph.op("Tanh", &[&product], []);
        }
        data.flush()?;
        graph.node("Identity", &[&x], &["y"], []);
        graph.output("y", DType::F32, &dims!["batch", self.width as u64]);
        crate::write(&graph.model(), &path)?;
        Ok(path)
    }
}

fn entry(key: &str, value: &str) -> StringStringEntryProto {
    StringStringEntryProto { key: Some(key.to_owned()), value: Some(value.to_owned()) }
}
