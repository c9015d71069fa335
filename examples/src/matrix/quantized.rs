//! Quantized models: integer kernels, Q/DQ pairs, 4-bit weights.
//!
//! Inputs are chosen so that no value lies half-way between two codes; every kernel must then agree exactly.

use blink_tensors::{DType, Tensor};

use super::Case;
use super::reference::matmul;
use crate::{GraphBuilder, attribute, values};

pub(super) fn cases() -> Vec<Case> {
    vec![
        quantize(),
        four_bit_blocks(),
        four_bit_channels(),
        linear_matmul(),
        integer_matmul(),
        dynamic_quantize(),
        wrapped_matmul(),
    ]
}

/// `x / scale + zero`, rounded and clamped.
fn code(x: f32, scale: f32, zero: i32, range: std::ops::RangeInclusive<i32>) -> i32 {
    ((x / scale).round() as i32 + zero).clamp(*range.start(), *range.end())
}

fn quantize() -> Case {
    let x = [-100f32, -1.1, 0.0, 0.9, 1.6, 100.0];
    let mut graph = GraphBuilder::new("quantize_i8");
    graph.initializer("scale", &values(&[], &[0.5f32]));
    graph.initializer("zero", &values(&[], &[3i8]));
    graph.node("QuantizeLinear", &["x", "scale", "zero"], &["q"], []);
    graph.node("DequantizeLinear", &["q", "scale", "zero"], &["y"], []);
    let q = x.map(|x| code(x, 0.5, 3, -128..=127) as i8);
    let y = q.map(|q| (f32::from(q) - 3.0) * 0.5);
    Case::new(graph, [("x", values(&[6], &x))], [("q", values(&[6], &q)), ("y", values(&[6], &y))])
}

/// Int4 weights [4, 2] in blocks of two rows, one scale for each block and column.
fn four_bit_blocks() -> Case {
    let codes = [7i8, -8, 3, 1, -1, 2, 0, 5];
    let scales = [0.5f32, 0.25, 1.0, 2.0];
    let x = [1f32, 2.0, 3.0, 4.0];
    let mut graph = GraphBuilder::new("int4_blocks");
    graph.initializer("w", &nibbles(DType::I4, &[4, 2], &codes));
    graph.initializer("scales", &values(&[2, 2], &scales));
    let attributes = [attribute::int("axis", 0), attribute::int("block_size", 2)];
    let w = graph.op("DequantizeLinear", &["w", "scales"], attributes);
    graph.node("MatMul", &["x", &w], &["y"], []);
    let weights: Vec<f32> =
        codes.iter().enumerate().map(|(i, &code)| f32::from(code) * scales[i / 4 * 2 + i % 2]).collect();
    let y = matmul(&x, &weights, [1, 4, 2]);
    Case::new(graph, [("x", values(&[1, 4], &x))], [("y", values(&[1, 2], &y))]).within(1e-4)
}

/// UInt4 weights [2, 3], a scale and a zero point for each column.
fn four_bit_channels() -> Case {
    let codes = [15i8, 0, 8, 1, 9, 4];
    let (scales, zeros) = ([0.5f32, 1.0, 0.25], [8i8, 0, 4]);
    // ONNX Runtime may quantize the input to 8 bits as well: with 1.27 the largest, hundredths stay exact.
    let x = [1.27f32, -0.64];
    let mut graph = GraphBuilder::new("uint4_channels");
    graph.initializer("w", &nibbles(DType::U4, &[2, 3], &codes));
    graph.initializer("scales", &values(&[3], &scales));
    graph.initializer("zeros", &nibbles(DType::U4, &[3], &zeros));
    let w = graph.op("DequantizeLinear", &["w", "scales", "zeros"], [attribute::int("axis", 1)]);
    graph.node("MatMul", &["x", &w], &["y"], []);
    let weights: Vec<f32> =
        codes.iter().enumerate().map(|(i, &code)| f32::from(code - zeros[i % 3]) * scales[i % 3]).collect();
    let y = matmul(&x, &weights, [1, 2, 3]);
    Case::new(graph, [("x", values(&[1, 2], &x))], [("y", values(&[1, 3], &y))]).within(1e-4)
}

fn nibbles(dtype: DType, shape: &[usize], codes: &[i8]) -> Tensor {
    let low = |code: i8| code as u8 & 15;
    let packed: Vec<u8> =
        codes.chunks(2).map(|pair| low(pair[0]) | pair.get(1).map_or(0, |&code| low(code) << 4)).collect();
    Tensor::from_bytes(dtype, shape, &packed).expect("as many elements as the shape says")
}

const A: [u8; 6] = [0, 50, 128, 200, 255, 130];
const B: [u8; 6] = [10, 120, 128, 250, 90, 7];
const ZERO: i32 = 128;

/// The product of A [2, 3] and B [3, 2] in integers, zero points subtracted.
fn product() -> [i32; 4] {
    [0, 1, 2, 3].map(|i| {
        let (row, column) = (i / 2, i % 2);
        (0..3).map(|k| (i32::from(A[row * 3 + k]) - ZERO) * (i32::from(B[k * 2 + column]) - ZERO)).sum()
    })
}

fn linear_matmul() -> Case {
    let (scale_a, scale_b, scale_y) = (0.02f32, 0.03f32, 0.11f32);
    let mut graph = GraphBuilder::new("qlinear_matmul");
    for (name, scale) in [("scale_a", scale_a), ("scale_b", scale_b), ("scale_y", scale_y)] {
        graph.initializer(name, &values(&[], &[scale]));
    }
    graph.initializer("zero", &values(&[], &[ZERO as u8]));
    graph.initializer("b", &values(&[3, 2], &B));
    let inputs = ["a", "scale_a", "zero", "b", "scale_b", "zero", "scale_y", "zero"];
    graph.node("QLinearMatMul", &inputs, &["y"], []);
    let y = product().map(|sum| code(sum as f32 * scale_a * scale_b, scale_y, ZERO, 0..=255) as u8);
    Case::new(graph, [("a", values(&[2, 3], &A))], [("y", values(&[2, 2], &y))])
}

fn integer_matmul() -> Case {
    let mut graph = GraphBuilder::new("integer_matmul");
    graph.initializer("zero", &values(&[], &[ZERO as u8]));
    graph.initializer("b", &values(&[3, 2], &B));
    graph.node("MatMulInteger", &["a", "b", "zero", "zero"], &["y"], []);
    Case::new(graph, [("a", values(&[2, 3], &A))], [("y", values(&[2, 2], &product()))])
}

/// The range of `x`, zero included, spread over the 256 codes.
fn dynamic_quantize() -> Case {
    let x = [0f32, 2.0, -3.0, 1.3];
    let mut graph = GraphBuilder::new("dynamic_quantize");
    graph.node("DynamicQuantizeLinear", &["x"], &["q", "scale", "zero"], []);
    let scale = (2.0 - -3.0) / 255.0;
    let zero = code(3.0, scale, 0, 0..=255);
    let q = x.map(|x| code(x, scale, zero, 0..=255) as u8);
    Case::new(
        graph,
        [("x", values(&[4], &x))],
        [("q", values(&[4], &q)), ("scale", values(&[], &[scale])), ("zero", values(&[], &[zero as u8]))],
    )
    .within(1e-6)
}

/// A MatMul between Q/DQ pairs, which the optimiser turns into an integer kernel.
fn wrapped_matmul() -> Case {
    let (scale_a, scale_b, scale_y) = (0.02f32, 0.03f32, 0.11f32);
    let mut graph = GraphBuilder::new("qdq_matmul");
    for (name, scale) in [("scale_a", scale_a), ("scale_b", scale_b), ("scale_y", scale_y)] {
        graph.initializer(name, &values(&[], &[scale]));
    }
    graph.initializer("zero", &values(&[], &[ZERO as u8]));
    graph.initializer("b", &values(&[3, 2], &B));
    let quantized = graph.op("QuantizeLinear", &["x", "scale_a", "zero"], []);
    let a = graph.op("DequantizeLinear", &[&quantized, "scale_a", "zero"], []);
    let b = graph.op("DequantizeLinear", &["b", "scale_b", "zero"], []);
    let float = graph.op("MatMul", &[&a, &b], []);
    let quantized = graph.op("QuantizeLinear", &[&float, "scale_y", "zero"], []);
    graph.node("DequantizeLinear", &[&quantized, "scale_y", "zero"], &["y"], []);
    let x = A.map(|code| (i32::from(code) - ZERO) as f32 * scale_a);
    let y = product().map(|sum| {
        let code = code(sum as f32 * scale_a * scale_b, scale_y, ZERO, 0..=255);
        (code - ZERO) as f32 * scale_y
    });
    Case::new(graph, [("x", values(&[2, 3], &x))], [("y", values(&[2, 2], &y))]).within(1e-5)
}
