//! [`OnDevice`]: what starts on a device have beside their figures; and [`Context`], what the device's worker took to come
//! up, once.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::timeline::PhaseTime;

/// A device on which a model was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OnDevice {
    /// Its number.
    pub ordinal: u32,
    /// The first start of its context: no start that was measured waits for it.
    pub context: Context,
    /// The first start of the model in that context, in milliseconds, to its first answer: its weights uploaded, NVIDIA's
    /// libraries loaded that nobody had needed.
    pub first_ms: f64,
    /// Where the time of that went.
    #[serde(default)]
    pub first_phases: Vec<PhaseTime>,
    /// What most of the graph computes in: `fp32` or `fp16`.
    pub precision: String,
    /// How runs are made: `plain`, `bound` or `graph`.
    pub runs: String,
    /// How far an answer may be from the CPU's, as a share of an output's largest value.
    pub tolerance: f64,
    /// Nodes that the device computes.
    pub nodes: u64,
    /// Nodes that are left to the CPU, by operator.
    pub on_cpu: BTreeMap<String, u64>,
    /// Bytes of the model's weights on the device.
    pub weights_bytes: u64,
    /// Bytes of its activations there.
    pub arena_bytes: u64,
}

/// The resident worker of a device, coming up: a process, the device's context, ONNX Runtime and its provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// What the device calls itself.
    pub device: String,
    /// Milliseconds from just before the spawn until it was ready for models.
    pub ms: f64,
    /// Where the time went, by begin.
    pub phases: Vec<PhaseTime>,
}
