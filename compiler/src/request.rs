//! What a caller asks of the compiler, and what it hears back while it waits.

use std::path::PathBuf;

use blink_artifact::HostClass;
use serde::Serialize;

/// One model to compile.
#[derive(Clone, Debug)]
pub struct Request {
    /// The `.onnx` file. External data lies in its directory.
    pub model: PathBuf,
    /// Where the artifact goes.
    pub output: PathBuf,
    /// Name of the model in the artifact. `None`: the model file's stem.
    pub name: Option<String>,
    /// What hosts it is for.
    pub target: Target,
    /// Whether weights are packed at start.
    pub prepack: Prepack,
    /// Sizes for symbolic dims, fixed in the artifact.
    pub set_dims: Vec<(String, u64)>,
    /// Sizes for symbolic dims in the golden run only.
    pub golden_dims: Vec<(String, u64)>,
    /// Seed of the golden run's inputs.
    pub seed: u64,
    /// Threads that trials run with; the golden run has one.
    pub threads: usize,
}

/// What hosts an artifact is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Hosts of exactly this class, which must be this host's: the layout is chosen by the CPU that compiles.
    Class(HostClass),
    /// Every host of this architecture.
    Portable,
}

/// Whether weights are packed at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepack {
    /// As is faster to the first answer; measured.
    Auto,
    /// Packed: a slower start, faster runs.
    On,
    /// Not packed.
    Off,
}

/// What the compiler is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Reading and checking the model.
    Read,
    /// Optimising the graph.
    Optimise,
    /// Running it: the golden run, and trials with and without packing.
    Try,
    /// Writing the artifact.
    Write,
    /// Starting the artifact and comparing its answer.
    Prove,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Stage; 5] = [Stage::Read, Stage::Optimise, Stage::Try, Stage::Write, Stage::Prove];

    /// The stage in words: `reading`, ...
    pub fn doing(self) -> &'static str {
        match self {
            Stage::Read => "reading",
            Stage::Optimise => "optimising",
            Stage::Try => "trying",
            Stage::Write => "writing",
            Stage::Prove => "proving",
        }
    }
}
