//! Which operators compute in half floats on a device, and which of their values are half floats then.
//!
//! An allow list: what is not named stays float. Named are operators of which ONNX Runtime's CUDA provider has a kernel
//! for half floats that adds up in float, or that does not add up at all. What was left out on purpose, and why:
//!
//! | operator | stays float because |
//! |---|---|
//! | `Exp`, `Pow` | from `e^11.1` on the result passes 65504 |
//! | `Log`, `Sqrt`, `Reciprocal` | what is small in float is nothing in half, and these make much of it |
//! | `Div` by a computed value | the divisor may be that small |
//! | `Mul` of a value by itself | a square passes 65504 from 256 on |
//! | `Reduce*`, `LRN`, `LpNormalization` | a sum of many values passes 65504, though each is small |
//! | `CumSum` | the sum is rounded at every step |
//! | `Softmax`, `LogSoftmax` that make an output | callers read small probabilities; within the graph they go into a sum |
//! | `LSTM`, `GRU`, `RNN` | rounding adds up over steps, and the check on the CPU cannot see inside |
//! | `Resize`, `Upsample` but `nearest` | interpolates with weights that would be rounded too |
//! | `Range` | has no kernel for half, and 2049 is not a half float |
//! | `TopK`, `ArgMax`, `ArgMin`, `NonMaxSuppression`, comparisons | rounding makes values equal that were not |
//! | `GridSample`, `RoiAlign` | no kernel for half, and coordinates need the digits |
//! | `QuantizeLinear`, `DequantizeLinear` | scales are part of the numbers' meaning |
//! | `Clip` before version 12 | its kernel is for float alone |
//! | `If`, `Loop`, `Scan` | their graphs are kept as they are, and so is what crosses into them |

use crate::onnx::proto::{AttributeProto, NodeProto};

/// What becomes of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Computes in half wherever its values are float: it is where the time goes.
    Leads,
    /// Computes in half where one of its values is half already: a cast costs more than it gains.
    Follows,
    /// Takes a value in either form and gives something else.
    TakesEither,
    /// Stays as it is.
    Stays,
}

/// What becomes of `node`, as far as its operator tells. `opset` is the version of ONNX's own operators.
pub(super) fn role(node: &NodeProto, opset: i64) -> Role {
    let operator = node.op_type();
    match node.domain() {
        "" | "ai.onnx" => match operator {
            "Attention" | "Conv" | "ConvTranspose" | "Einsum" | "Gemm" | "MatMul" => Role::Leads,
            // Activations and arithmetic, value by value.
            "Abs" | "Add" | "Elu" | "Erf" | "Gelu" | "HardSigmoid" | "LeakyRelu" | "Max" | "Min" | "Neg" | "PRelu"
            | "Relu" | "Selu" | "Sigmoid" | "Softplus" | "Softsign" | "Sub" | "Sum" | "Tanh" | "ThresholdedRelu"
            | "Where" => Role::Follows,
            // Sums inside are of float.
            "AveragePool"
            | "GlobalAveragePool"
            | "GlobalMaxPool"
            | "InstanceNormalization"
            | "LayerNormalization"
            | "LogSoftmax"
            | "MaxPool"
            | "RotaryEmbedding"
            | "SimplifiedLayerNormalization"
            | "Softmax" => Role::Follows,
            // Values are moved, not changed.
            "Concat" | "DepthToSpace" | "Expand" | "Flatten" | "Gather" | "GatherElements" | "GatherND"
            | "Identity" | "Pad" | "Reshape" | "Slice" | "SpaceToDepth" | "Split" | "Squeeze" | "Tile"
            | "Transpose" | "Trilu" | "Unsqueeze" => Role::Follows,
            "BatchNormalization" if node.output.len() == 1 => Role::Follows,
            "Clip" if opset >= 12 => Role::Follows,
            "Div" => Role::Follows,
            "Mul" if node.input.first() != node.input.get(1) => Role::Follows,
            "Resize" | "Upsample" if is_nearest(node) => Role::Follows,
            "Shape" | "Size" => Role::TakesEither,
            _ => Role::Stays,
        },
        "com.microsoft" => match operator {
            "Attention"
            | "EmbedLayerNormalization"
            | "FusedMatMul"
            | "GroupQueryAttention"
            | "MatMulNBits"
            | "MultiHeadAttention" => Role::Leads,
            "BiasGelu"
            | "BiasSoftmax"
            | "FastGelu"
            | "Gelu"
            | "QuickGelu"
            | "RotaryEmbedding"
            | "SkipLayerNormalization"
            | "SkipSimplifiedLayerNormalization" => Role::Follows,
            _ => Role::Stays,
        },
        _ => Role::Stays,
    }
}

/// Whether input `index` of the operator is float whatever the others are.
pub(super) fn is_float_input(operator: &str, index: usize) -> bool {
    matches!(operator, "Resize" | "Upsample") && index > 0
}

/// Whether output `index` of the operator is half where its inputs are.
pub(super) fn is_half_output(operator: &str, index: usize) -> bool {
    match operator {
        // Mean and deviation are float; the last is the sum that was normalised.
        "SkipLayerNormalization" | "SkipSimplifiedLayerNormalization" => matches!(index, 0 | 3),
        "LayerNormalization" | "SimplifiedLayerNormalization" | "MaxPool" => index == 0,
        // In between stands the index of the mask.
        "EmbedLayerNormalization" => index != 1,
        _ => true,
    }
}

/// Whether the operator gives its first input in another shape or order, and nothing else.
pub(super) fn only_moves(node: &NodeProto) -> bool {
    let names = ["Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"];
    matches!(node.domain(), "" | "ai.onnx") && names.contains(&node.op_type())
}

/// Whether the operator gives probabilities: see the table above.
pub(super) fn gives_probabilities(operator: &str) -> bool {
    matches!(operator, "Softmax" | "LogSoftmax" | "BiasSoftmax")
}

fn is_nearest(node: &NodeProto) -> bool {
    let mode = node.attribute.iter().find(|attribute| attribute.name() == "mode").map(AttributeProto::s);
    // The default.
    mode.is_none_or(|mode| mode == b"nearest")
}
