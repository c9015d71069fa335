//! What an artifact says of itself: the types behind the manifest section. Their rules are in `rules`.
//!
//! Every field is an input or a property of the compilation, never a time, a path or a measurement.

mod device;
mod guest;
pub(crate) mod rules;

use blink_tensors::DType;
use serde::{Deserialize, Serialize};

pub use device::{DeviceRecord, DeviceRuns, DeviceTrial, DeviceWeight, OutputError, Precision};
pub use guest::{CodeRecord, GuestKind, GuestRecord, GuestStep};
pub use rules::{MAX_MANIFEST_LEN, ManifestError};

/// The whole manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the compiler that wrote the artifact.
    pub compiler: String,
    /// The models, in the order of their indices in the section table.
    pub models: Vec<ModelRecord>,
    /// The guest; left out where there is none, and never null. From format version 2 on.
    #[serde(default, deserialize_with = "guest::there", skip_serializing_if = "Option::is_none")]
    pub guest: Option<GuestRecord>,
}

/// One model of the artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecord {
    /// The name it is called by; unique in the artifact.
    pub name: String,
    /// How the graph section is encoded.
    pub encoding: GraphEncoding,
    /// Values the caller gives, in the graph's order.
    pub inputs: Vec<ValueSpec>,
    /// Values the caller gets, in the graph's order.
    pub outputs: Vec<ValueSpec>,
    /// How far the graph was optimised.
    pub optimisation: Optimisation,
    /// Whether the session packs weights for its kernels before the first run.
    pub prepack: bool,
    /// Memory for activations.
    pub arena: ArenaPlan,
    /// A run whose answer is known; `None` where none could be made.
    pub golden: Option<Golden>,
    /// Where the model came from.
    pub provenance: Provenance,
    /// What it needs of a device; left out where it is for the CPU, and never null. From format version 3 on.
    #[serde(default, deserialize_with = "device::there", skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceRecord>,
}

/// How a graph section is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GraphEncoding {
    /// ONNX Runtime's flatbuffer; graph and weights are one buffer.
    Ort,
    /// An ONNX `ModelProto`; weights are external data.
    Onnx,
}

/// How far a graph was optimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimisation {
    /// Fusions, no layout chosen by CPU: runs on every host of the architecture.
    Extended,
    /// And convolutions in the host class's own block layout.
    All,
}

/// A graph input or output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueSpec {
    /// The value's name.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dims, outermost first; `None` where the model does not say the rank.
    pub dims: Option<Vec<Dim>>,
    /// An input that has a default in the model and may be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// One dim of a [`ValueSpec`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dim {
    /// Always this size.
    Fixed(u64),
    /// Any size, the same wherever the name stands.
    Symbolic(String),
    /// Any size.
    Unknown,
}

impl From<u64> for Dim {
    fn from(size: u64) -> Dim {
        Dim::Fixed(size)
    }
}

impl From<&str> for Dim {
    /// The symbolic dim of that name.
    fn from(name: &str) -> Dim {
        Dim::Symbolic(name.to_owned())
    }
}

impl std::fmt::Display for Dim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Dim::Fixed(size) => write!(f, "{size}"),
            Dim::Symbolic(name) => f.write_str(name),
            Dim::Unknown => f.write_str("?"),
        }
    }
}

impl std::fmt::Display for ValueSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dims = match &self.dims {
            Some(dims) => format!("[{}]", dims.iter().map(Dim::to_string).collect::<Vec<_>>().join(", ")),
            None => "of any rank".into(),
        };
        write!(f, "{} {}{}{}", self.name, self.dtype, if self.dims.is_some() { "" } else { " " }, dims)
    }
}

/// What the tensor arena has to hold, as seen in the golden run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArenaPlan {
    /// Most bytes of activations at once.
    pub peak: u64,
    /// Bytes that live as long as the session: packed weights, copies of small initializers.
    pub resident: u64,
    /// Alignment of every block, in bytes.
    pub alignment: u32,
}

/// A run with seeded inputs, and the answer it gave when the artifact was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Golden {
    /// Seed of the inputs (`blink_tensors::seeded`).
    pub seed: u64,
    /// Shapes of the inputs, in the order of [`ModelRecord::inputs`]; `None` for one that was left out.
    pub shapes: Vec<Option<Vec<usize>>>,
    /// Fingerprint of the CPU features of the host that ran it: digests hold bit for bit on hosts that share it.
    pub features: String,
    /// The outputs, in the order of [`ModelRecord::outputs`].
    pub outputs: Vec<GoldenOutput>,
    /// Whether a second run gave the same bytes. Where not (the graph draws random numbers), only shapes are checked.
    pub reproducible: bool,
}

/// One output of the golden run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenOutput {
    /// Its shape.
    pub shape: Vec<usize>,
    /// BLAKE3 of its bytes, in hex.
    pub digest: String,
    /// Where its bytes stand in the golden section: offset and length; `None` where it was too large to keep.
    pub stored: Option<(u64, u64)>,
}

/// Where a model came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// BLAKE3 over the model file and its external data, in hex.
    pub model_hash: String,
    /// Who produced the ONNX file, as it says itself.
    pub producer: String,
    /// Operator sets it imports: domain and version.
    pub opsets: Vec<(String, i64)>,
    /// Symbolic dims that the compilation fixed.
    pub set_dims: Vec<(String, u64)>,
    /// Operators before and after optimisation.
    pub nodes: (u64, u64),
}

impl Manifest {
    /// The manifest section's bytes.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and lists are always JSON")
    }
}
