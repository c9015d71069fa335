//! [`Subject`]: the models that starts are measured with, made by code, with inputs that go with them.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use blink_examples::bert::Bert;
use blink_examples::resnet50::{self, ResNet};
use blink_examples::{GraphBuilder, Random, dims, values};
use blink_tensors::{DType, Tensor, npy};

/// Tokens in BERT's input.
const TOKENS: usize = 128;
/// Seed of inputs.
const SEED: u64 = 7;

/// A model to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// ResNet-50, fp32, one image of 224x224: 102 MB.
    ResNet50,
    /// BERT-base, fp32, 128 tokens: 435 MB.
    Bert,
    /// One MatMul of 64x64: nothing but the start itself.
    Tiny,
}

/// A subject on disk.
#[derive(Clone, Debug)]
pub struct Written {
    /// The model.
    pub onnx: PathBuf,
    /// Its size in bytes.
    pub onnx_bytes: u64,
    /// Each input's name and `.npy` file.
    pub inputs: Vec<(String, PathBuf)>,
    /// The output's name.
    pub output: &'static str,
    /// Sizes of symbolic dims in these inputs, for the compiler to try the model with.
    pub dims: Vec<(String, u64)>,
}

impl Subject {
    /// Every subject.
    pub const ALL: [Subject; 3] = [Subject::ResNet50, Subject::Bert, Subject::Tiny];

    /// The name of its file, without extension.
    pub fn name(self) -> &'static str {
        match self {
            Subject::ResNet50 => "resnet50",
            Subject::Bert => "bert",
            Subject::Tiny => "tiny",
        }
    }

    /// What it is, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Subject::ResNet50 => "ResNet-50 fp32, one image",
            Subject::Bert => "BERT-base fp32, 128 tokens",
            Subject::Tiny => "one MatMul of 64x64",
        }
    }

    /// Writes model and inputs into `directory`. The same bytes every time.
    pub fn write(self, directory: &Path) -> io::Result<Written> {
        let onnx = directory.join(self.name()).with_extension("onnx");
        let batch = ("batch".to_owned(), 1);
        let (model, inputs, output, dims) = match self {
            Subject::ResNet50 => {
                let image = resnet50::images(1, 224, SEED);
                (ResNet::default().model(), vec![("input".to_owned(), image)], "logits", vec![batch])
            }
            Subject::Bert => {
                let bert = Bert::default();
                let dims = vec![batch, ("sequence".to_owned(), TOKENS as u64)];
                (bert.model(), bert.inputs(1, TOKENS, SEED), "last_hidden_state", dims)
            }
            Subject::Tiny => {
                let mut random = Random::new(SEED);
                let mut graph = GraphBuilder::new("tiny");
                let x = graph.input("x", DType::F32, &dims!["batch", 64]);
                let weight = graph.initializer("w", &values(&[64, 64], &random.uniforms(64 * 64, -1.0, 1.0)));
                graph.node("MatMul", &[&x, &weight], &["y"], []);
                graph.output("y", DType::F32, &dims!["batch", 64]);
                let row = values(&[1, 64], &random.uniforms(64, -1.0, 1.0));
                (graph.model(), vec![("x".to_owned(), row)], "y", vec![batch])
            }
        };
        let onnx_bytes = blink_examples::write(&model, &onnx)?;
        let write_input = |(name, tensor): (String, Tensor)| {
            let path = directory.join(format!("{}.{name}.npy", self.name()));
            npy::encode(tensor.view(), &mut io::BufWriter::new(File::create(&path)?)).map_err(io::Error::other)?;
            Ok((name, path))
        };
        let inputs = inputs.into_iter().map(write_input).collect::<io::Result<_>>()?;
        Ok(Written { onnx, onnx_bytes, inputs, output, dims })
    }
}

impl std::str::FromStr for Subject {
    type Err = String;

    fn from_str(name: &str) -> Result<Subject, String> {
        let found = Subject::ALL.into_iter().find(|subject| subject.name() == name);
        found.ok_or_else(|| format!("model '{name}' is not known: expected resnet50, bert or tiny"))
    }
}

impl Written {
    /// The arguments that give a worker these inputs and ask for the output on stdout: `--input NAME=FILE` for each,
    /// `--output NAME=-`.
    pub fn arguments(&self) -> Vec<std::ffi::OsString> {
        let mut arguments = Vec::new();
        for (name, path) in &self.inputs {
            let mut input = std::ffi::OsString::from(format!("{name}="));
            input.push(path);
            arguments.extend(["--input".into(), input]);
        }
        arguments.extend(["--output".into(), format!("{}=-", self.output).into()]);
        arguments
    }

    /// The inputs themselves, read back.
    pub fn tensors(&self) -> io::Result<Vec<(String, Tensor)>> {
        let read = |(name, path): &(String, PathBuf)| {
            Ok((name.clone(), npy::decode(&fs::read(path)?).map_err(io::Error::other)?))
        };
        self.inputs.iter().map(read).collect()
    }

    /// Removes what was written.
    pub fn remove(&self) -> io::Result<()> {
        self.inputs.iter().map(|(_, path)| path).chain([&self.onnx]).try_for_each(fs::remove_file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_subject_is_the_same_bytes() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (first, again) = (Subject::Tiny.write(one.path()).unwrap(), Subject::Tiny.write(two.path()).unwrap());
        assert_eq!(fs::read(&first.onnx).unwrap(), fs::read(&again.onnx).unwrap());
        assert_eq!(first.onnx_bytes, fs::metadata(&first.onnx).unwrap().len());
        assert_eq!(fs::read(&first.inputs[0].1).unwrap(), fs::read(&again.inputs[0].1).unwrap());
        let input = format!("x={}", first.inputs[0].1.display());
        assert_eq!(first.arguments(), ["--input", &input, "--output", "y=-"].map(std::ffi::OsString::from));
        let tensors = first.tensors().unwrap();
        assert_eq!((tensors.len(), tensors[0].0.as_str(), tensors[0].1.shape()), (1, "x", &[1, 64][..]));
        first.remove().unwrap();
        assert_eq!(fs::read_dir(one.path()).unwrap().count(), 0);
    }

    #[test]
    fn names_are_read_back() {
        assert!(Subject::ALL.into_iter().all(|subject| subject.name().parse() == Ok(subject)));
        assert!("vgg".parse::<Subject>().is_err());
    }
}
