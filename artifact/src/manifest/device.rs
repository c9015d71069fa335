//! What a manifest says of a model for a device: what it computes in, what it was seen to need, what is uploaded.

use std::collections::BTreeMap;

use blink_tensors::DType;
use serde::{Deserialize, Deserializer, Serialize};

/// A model that was compiled for CUDA. From format version 3 on, where every model has one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceRecord {
    /// What most of the graph computes in.
    pub precision: Precision,
    /// How far each output of the golden run is from that of the fp32 graph; `None` where there is no golden run, or
    /// where the two cannot be compared.
    pub error: Option<Vec<OutputError>>,
    /// Whether a node of the graph may be computed by cuDNN.
    pub cudnn: bool,
    /// What a run on a device showed; `None` where there was none at compile time.
    pub trial: Option<DeviceTrial>,
    /// The weights section, tensor by tensor, in the order of their places. At most 65536.
    pub weights: Vec<DeviceWeight>,
}

/// Element types that a graph can be made to compute in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As the model says: float stays float.
    Fp32,
    /// Half floats, where they do; float where it must be.
    Fp16,
}

impl Precision {
    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Precision::Fp32 => "fp32",
            Precision::Fp16 => "fp16",
        }
    }
}

/// The distance between two answers: of one output, over all its elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputError {
    /// The largest difference.
    pub max_abs: f64,
    /// The largest difference, as a part of the largest magnitude that the output has.
    pub max_rel: f64,
}

/// What runs on a device showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceTrial {
    /// What the device calls itself.
    pub device: String,
    /// Most bytes of device memory that the session took besides the weights section.
    pub peak: u64,
    /// Nodes that the device computes.
    pub on_device: u64,
    /// Nodes that are left to the CPU, by operator.
    pub on_cpu: BTreeMap<String, u64>,
    /// How far each output of the golden run is from the recorded one, which the CPU gave; `None` where there is no golden
    /// run.
    pub error: Option<Vec<OutputError>>,
    /// How runs are made: the fastest way that gave the same bits as the plain one.
    pub runs: DeviceRuns,
}

/// How a run on a device is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceRuns {
    /// ONNX Runtime copies inputs and outputs.
    #[default]
    Plain,
    /// Inputs and outputs have places of their own on the device, which stay. For models of fixed shapes.
    Bound,
    /// And all of the device's work is one CUDA graph, recorded in the first runs and launched as a whole in later ones.
    Graph,
}

impl DeviceRuns {
    /// Every way.
    pub const ALL: [DeviceRuns; 3] = [DeviceRuns::Plain, DeviceRuns::Bound, DeviceRuns::Graph];

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            DeviceRuns::Plain => "plain",
            DeviceRuns::Bound => "bound",
            DeviceRuns::Graph => "graph",
        }
    }
}

/// A tensor of the weights section, as the graph calls it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceWeight {
    /// The initializer's name.
    pub name: String,
    /// Element type; never strings.
    pub dtype: DType,
    /// Shape, outermost first.
    pub shape: Vec<u64>,
    /// Where it begins in the weights section, in bytes: a multiple of 64.
    pub offset: u64,
}

impl DeviceWeight {
    /// Bytes of the tensor; `None` where no machine could hold them.
    pub fn bytes(&self) -> Option<u64> {
        let elements = self.shape.iter().try_fold(1u64, |all, &dim| all.checked_mul(dim))?;
        Some(self.dtype.byte_len(usize::try_from(elements).ok()?)? as u64)
    }
}

/// Reads a record that is there: null does not stand for one that is left out.
pub(super) fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DeviceRecord>, D::Error> {
    DeviceRecord::deserialize(deserializer).map(Some)
}
