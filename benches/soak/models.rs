//! [`Models`]: what is served, and what it must answer.
//!
//! `steady` is a network whose one worker lives through all of it; `killed`, `swapped` and `sleepy` are products of
//! matrices, whose workers are killed, whose artifact is replaced, and which is put to sleep whenever it rests.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use blink_examples::resnet50::{self, ResNet};
use blink_examples::{GraphBuilder, dims, values};
use blink_tensors::{DType, DataView, Tensor, npy};

use crate::built::said;

/// Inputs of the network, each asked over and over.
const INPUTS: u64 = 4;
const CONFIG: &str = "[models.steady]\nworkers = \"1..1\"\n\n[models.sleepy]\nidle = \"150ms\"\n";

/// Everything that is served, in a directory.
pub(crate) struct Models {
    /// What the network takes and gives, as bytes.
    pub(crate) network: Vec<(Vec<u8>, Vec<u8>)>,
    /// Two artifacts that take each other's place.
    pub(crate) swapped: [PathBuf; 2],
    /// What is served.
    pub(crate) directory: PathBuf,
}

impl Models {
    /// Compiles them into `scratch`, and has `blink run` tell what the network answers.
    pub(crate) fn make(blink: &Path, scratch: &Path) -> anyhow::Result<Models> {
        let directory = scratch.join("models");
        fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
        fs::write(scratch.join("blink.toml"), CONFIG)?;
        let compiled = |name: &str, model| {
            let onnx = scratch.join(name).with_extension("onnx");
            blink_examples::write(&model, &onnx).with_context(|| onnx.display().to_string())?;
            let artifact = scratch.join(name).with_extension("blink");
            said(Command::new(blink).arg("compile").arg(&onnx).arg("-o").arg(&artifact))?;
            anyhow::Ok(artifact)
        };
        let network = compiled("network", ResNet::tiny().model())?;
        let swapped = [compiled("once", product(1.0))?, compiled("twice", product(2.0))?];
        for (artifact, name) in [(&network, "steady"), (&swapped[0], "killed"), (&swapped[0], "sleepy")] {
            fs::copy(artifact, directory.join(name).with_extension("blink"))?;
        }
        let mut models = Models { network: Vec::new(), swapped, directory };
        models.swap(0)?;
        for seed in 0..INPUTS {
            models.network.push(answer(blink, scratch, &network, &resnet50::images(1, 32, seed))?);
        }
        Ok(models)
    }

    /// Puts one of the two in the place of `swapped`, by rename as anybody does who can.
    pub(crate) fn swap(&self, which: usize) -> anyhow::Result<()> {
        let beside = self.directory.join(".swapped");
        fs::copy(&self.swapped[which % 2], &beside)?;
        fs::rename(&beside, self.directory.join("swapped.blink"))?;
        Ok(())
    }
}

/// `x` f32 [batch, 3] to its products with the columns of a matrix, times `factor`: `y` f32 [batch, 2].
fn product(factor: f32) -> blink_compiler::onnx::proto::ModelProto {
    let mut graph = GraphBuilder::new("product");
    graph.input("x", DType::F32, &dims!["batch", 3]);
    graph.initializer("w", &values(&[3, 2], &[0.0, 1.0, 1.0, 2.0, 1.0, 3.0].map(|w: f32| w * factor)));
    graph.node("MatMul", &["x", "w"], &["y"], []);
    graph.output("y", DType::F32, &dims!["batch", 2]);
    graph.model()
}

/// What `product` makes of [a, b, c].
pub(crate) fn expected(x: [f32; 3], factor: f32) -> [f32; 2] {
    [(x[1] + x[2]) * factor, (x[0] + 2.0 * x[1] + 3.0 * x[2]) * factor]
}

/// A network's input and its answer, as bytes.
fn answer(blink: &Path, scratch: &Path, artifact: &Path, input: &Tensor) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
    let (given, got) = (scratch.join("input.npy"), scratch.join("output.npy"));
    let mut encoded = Vec::new();
    npy::encode(input.view(), &mut encoded)?;
    fs::write(&given, encoded)?;
    let mut command = Command::new(blink);
    command.args(["run", "--start", "normal"]).arg(artifact);
    command.arg("--input").arg(format!("input={}", given.display()));
    command.arg("--output").arg(format!("logits={}", got.display()));
    said(&mut command)?;
    let output = npy::decode_as(&fs::read(&got)?, Some(DType::F32))?;
    let bytes = |tensor: &Tensor| match tensor.view().data() {
        DataView::Bytes(bytes) => bytes.to_vec(),
        DataView::Strings(_) => Vec::new(),
    };
    ensure!(output.shape() == [1, 10], "the network gave {:?}, expected [1, 10]", output.shape());
    Ok((bytes(input), bytes(&output)))
}
