//! What an artifact tells of a model for a device: its precision, its weights, what it needs.

use blink_artifact::manifest::{DeviceRecord, OutputError, Precision};

use crate::encode::{Encoded, Form};

/// Operators that ONNX Runtime's CUDA provider computes with cuDNN, always or for some shapes. Reductions and `Arg*` go
/// to it where they are not over rows or columns; `Einsum` and `LpNormalization` are made of reductions; `BiasSoftmax`
/// goes to it over long axes.
const CUDNN: &[&str] = &[
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "BatchNormalization",
    "BiasSoftmax",
    "Conv",
    "ConvTranspose",
    "ConvTransposeWithDynamicPads",
    "Einsum",
    "FusedConv",
    "GRU",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "InstanceNormalization",
    "LRN",
    "LSTM",
    "LpNormalization",
    "MaxPool",
    "NhwcConv",
    "RNN",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
];

/// What is known of a graph that no device has seen.
pub(crate) fn record(precision: Precision, error: Option<Vec<OutputError>>, encoded: &Encoded) -> DeviceRecord {
    let weights = match &encoded.form {
        Form::Onnx(layout) => layout.uploads.clone(),
        Form::Ort(_) | Form::TakenOrt(..) | Form::TakenOnnx(..) => Vec::new(),
    };
    // The census calls an operator `domain:op_type`.
    let operator = |name: &str| name.rsplit(':').next().is_some_and(|operator| CUDNN.contains(&operator));
    let cudnn = encoded.operators.keys().any(|name| operator(name));
    DeviceRecord { precision, error, cudnn, trial: None, weights }
}
