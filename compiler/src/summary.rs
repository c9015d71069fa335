//! What a compilation tells at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use blink_artifact::manifest::{
    ArenaPlan, DeviceRecord, DeviceTrial, GraphEncoding, GuestKind, GuestStep, OutputError, Precision,
};
use blink_artifact::{ExecutionProvider, HostClass};
use serde::{Deserialize, Serialize};

use crate::half::HalfCounts;
use crate::request::Stage;
use crate::trial::PrepackTimes;

/// What was compiled, and how it went. Times are of this run; nothing else changes between runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// The artifact.
    pub output: PathBuf,
    /// The hosts it runs on.
    pub target: HostClass,
    /// What runs the graphs.
    pub device: ExecutionProvider,
    /// Bytes of the artifact.
    pub bytes: u64,
    /// The models, in the artifact's order.
    pub models: Vec<ModelSummary>,
    /// The guest, where there is one.
    pub guest: Option<GuestSummary>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Seconds that each stage took.
    pub seconds: Vec<(Stage, f64)>,
    /// Walls that this kernel does not give, where it was compiled in a child without them.
    #[serde(skip)]
    pub missing_walls: Vec<String>,
}

/// What became of one model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Its name in the artifact.
    pub name: String,
    /// Whether it was taken over from another artifact, as it was there.
    pub taken_over: bool,
    /// How the graph is encoded.
    pub encoding: GraphEncoding,
    /// Bytes of the model file and its external data; of its sections where it was taken over.
    pub bytes_before: u64,
    /// Nodes before optimisation.
    pub nodes_before: u64,
    /// Nodes after.
    pub nodes_after: u64,
    /// Operators whose number changed.
    pub changed: Vec<OperatorChange>,
    /// Whether weights are packed at start.
    pub prepack: bool,
    /// What that choice rests on; absent where it was given, taken over or not worth measuring.
    pub prepack_times: Option<PrepackTimes>,
    /// Memory for activations.
    pub arena: ArenaPlan,
    /// Whether it has a golden run.
    pub golden: bool,
    /// Names of its outputs.
    pub outputs: Vec<String>,
    /// What is known of it on a device; absent where it is for the CPU.
    pub device: Option<DeviceSummary>,
}

/// What is known of a model for a device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceSummary {
    /// What most of the graph computes in.
    pub precision: Precision,
    /// How much of the graph computes in half floats; absent where none does, and where the model was taken over.
    pub half: Option<HalfCounts>,
    /// How far each output is from that of the fp32 graph; absent where there was nothing to compare.
    pub error: Option<Vec<OutputError>>,
    /// Whether a node of the graph may be computed by cuDNN.
    pub cudnn: bool,
    /// What a run on a device showed; absent where there was none.
    pub trial: Option<DeviceTrial>,
    /// Bytes that are uploaded.
    pub weights_bytes: u64,
}

impl DeviceSummary {
    /// What a record says, in short.
    pub(crate) fn of(record: &DeviceRecord, half: Option<HalfCounts>) -> DeviceSummary {
        DeviceSummary {
            precision: record.precision,
            half,
            error: record.error.clone(),
            cudnn: record.cudnn,
            trial: record.trial.clone(),
            weights_bytes: record.weights.iter().filter_map(|weight| weight.bytes()).sum(),
        }
    }
}

/// What became of the guest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GuestSummary {
    /// Its name in the artifact.
    pub name: String,
    /// What kind of WebAssembly it is.
    pub kind: GuestKind,
    /// Bytes of the file that it was made of.
    pub bytes_before: u64,
    /// Bytes of WebAssembly in the artifact.
    pub bytes_after: u64,
    /// What was done in between, in order.
    pub steps: Vec<GuestStep>,
    /// Bytes of native code in the artifact; absent where it is in a cache.
    pub code_bytes: Option<u64>,
}

/// How often an operator stands in the graph, before and after optimisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperatorChange {
    /// `domain:op_type`.
    pub operator: String,
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// The operators whose number differs between two histograms, by name.
pub(crate) fn changes(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<OperatorChange> {
    let operators: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let count = |of: &BTreeMap<String, u64>, operator: &String| of.get(operator).copied().unwrap_or(0);
    let change = |operator: &String| OperatorChange {
        operator: operator.clone(),
        before: count(before, operator),
        after: count(after, operator),
    };
    operators.into_iter().map(change).filter(|change| change.before != change.after).collect()
}
