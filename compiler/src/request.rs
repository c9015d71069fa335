//! What a caller asks of the compiler, and what it hears back while it waits.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use blink_artifact::manifest::Precision;
use blink_artifact::{ExecutionProvider, HostClass};
use blink_runtime::{CodeCache, host};
use serde::{Deserialize, Serialize};

use crate::device_trial::TrialPlace;

/// One artifact to make: its models, and the guest beside them.
#[derive(Clone, Debug)]
pub struct Request {
    /// The models, 1 to 64, in the order that the artifact is to have them.
    pub models: Vec<ModelSource>,
    /// The guest, where there is to be one.
    pub guest: Option<GuestSource>,
    /// Where the artifact goes.
    pub output: PathBuf,
    /// What runs the graphs.
    pub device: CompileDevice,
    /// Where an artifact for a device is tried; `None`: nowhere, which is noted.
    pub trial: Option<TrialPlace>,
    /// What hosts it is for. An artifact for a device is always a portable one: this host's class means that too.
    pub target: Target,
    /// Whether weights are packed at start.
    pub prepack: Prepack,
    /// Sizes for symbolic dims, fixed in the artifact. Each must be a dim of one ONNX model at least.
    pub set_dims: Vec<(String, u64)>,
    /// Sizes for symbolic dims in the golden runs only. Likewise.
    pub golden_dims: Vec<(String, u64)>,
    /// Seed of the golden runs' inputs.
    pub seed: u64,
    /// Threads that trials run with; the golden run has one.
    pub threads: usize,
    /// Whether a golden run that there is no memory for is an error. Else it is left out, which is noted: the model may
    /// be for a larger machine.
    pub complete: bool,
}

impl Request {
    /// An artifact of these models for this host, with everything else as it comes.
    pub fn new(models: Vec<ModelSource>, output: PathBuf, threads: usize) -> Request {
        Request {
            models,
            guest: None,
            output,
            device: CompileDevice::Cpu,
            trial: None,
            target: Target::Class(host::class()),
            prepack: Prepack::Auto,
            set_dims: Vec::new(),
            golden_dims: Vec::new(),
            seed: 1,
            threads,
            complete: false,
        }
    }
}

/// Where models come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSource {
    /// An ONNX file, whose external data lies in its directory, or an artifact, whose models are taken over as they
    /// are. Which of the two, its first bytes tell.
    pub path: PathBuf,
    /// What the model is called in the artifact; the models of an artifact of several get it in front of their own
    /// names, with a dot between. `None`: an ONNX file's stem; in an artifact, the names they have.
    pub name: Option<String>,
}

impl From<&Path> for ModelSource {
    /// The model, or the models, of that file, under the names that come by themselves.
    fn from(path: &Path) -> ModelSource {
        ModelSource { path: path.to_owned(), name: None }
    }
}

impl FromStr for ModelSource {
    type Err = String;

    /// Reads `FILE` or `NAME=FILE`. A name holds no '/', so a file whose name holds a '=' can be given as `./a=b.onnx`.
    fn from_str(text: &str) -> Result<ModelSource, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) if !name.contains('/') => (Some(name), file),
            _ => (None, text),
        };
        if file.is_empty() || name == Some("") {
            return Err(format!("'{text}' is not FILE or NAME=FILE, such as detect=d.onnx"));
        }
        Ok(ModelSource { path: file.into(), name: name.map(str::to_owned) })
    }
}

/// Where the guest comes from.
#[derive(Clone, Debug)]
pub struct GuestSource {
    /// A WebAssembly module or component. Its stem is the guest's name.
    pub path: PathBuf,
    /// Whether `wasm-opt` is to work on it.
    pub optimise: bool,
    /// `None`: native code goes into the artifact, which runs it where a trusted key has signed it. `Some`: it is looked up
    /// and kept there, and the artifact has none; whoever links the guest must be given the same cache.
    pub cache: Option<CodeCache>,
}

/// What runs the graphs of an artifact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CompileDevice {
    /// The CPU.
    #[default]
    Cpu,
    /// A CUDA device; none is needed to compile. The CPU can run what the device cannot.
    Cuda {
        /// What most of each graph computes in.
        precision: Precision,
    },
}

impl CompileDevice {
    /// What the header calls it.
    pub fn provider(self) -> ExecutionProvider {
        match self {
            CompileDevice::Cpu => ExecutionProvider::Cpu,
            CompileDevice::Cuda { .. } => ExecutionProvider::Cuda,
        }
    }

    /// The precision; `None` for the CPU, which computes as the model says.
    pub fn precision(self) -> Option<Precision> {
        match self {
            CompileDevice::Cpu => None,
            CompileDevice::Cuda { precision } => Some(precision),
        }
    }
}

/// What hosts an artifact is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// Hosts of exactly this class, which must be this host's: the layout is chosen by the CPU that compiles.
    Class(HostClass),
    /// Every host of this architecture.
    Portable,
}

/// Whether weights are packed at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prepack {
    /// As is faster to the first answer; measured. For a device: packed, as only what is left to the CPU is.
    Auto,
    /// Packed: a slower start, faster runs.
    On,
    /// Not packed.
    Off,
}

/// What the compiler is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Reading and checking a model, or the guest.
    Read,
    /// Optimising a graph.
    Optimise,
    /// Running it: the golden run, and trials with and without packing.
    Try,
    /// Making a guest's native code, and all that comes before it.
    Guest,
    /// Writing the artifact.
    Write,
    /// Starting each model and comparing its answer; linking the guest.
    Prove,
}

impl Stage {
    /// The stages of every artifact made of one ONNX model, in order. Each further model adds its own first three; a
    /// guest adds [`Stage::Read`] and [`Stage::Guest`].
    pub const ALL: [Stage; 5] = [Stage::Read, Stage::Optimise, Stage::Try, Stage::Write, Stage::Prove];

    /// The stage in words: `reading`, ...
    pub fn doing(self) -> &'static str {
        match self {
            Stage::Read => "reading",
            Stage::Optimise => "optimising",
            Stage::Try => "trying",
            Stage::Guest => "compiling",
            Stage::Write => "writing",
            Stage::Prove => "proving",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_a_file_with_or_without_a_name() {
        let read = |text: &str| text.parse::<ModelSource>().map(|source| (source.name, source.path));
        assert_eq!(read("m.onnx"), Ok((None, "m.onnx".into())));
        assert_eq!(read("detect=d.onnx"), Ok((Some("detect".into()), "d.onnx".into())));
        assert_eq!(read("n=a=b.onnx"), Ok((Some("n".into()), "a=b.onnx".into())));
        assert_eq!(read("./a=b.onnx"), Ok((None, "./a=b.onnx".into())));
        for text in ["", "=m.onnx", "m=", "="] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
