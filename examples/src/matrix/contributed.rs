//! Operators of the `com.microsoft` domain, which ONNX Runtime brings along.

use super::Case;
use super::reference::{gelu, layer_norm, matmul, transpose};
use crate::{GraphBuilder, Random, attribute, values};

pub(super) fn cases() -> Vec<Case> {
    vec![fused_matmul(), plain_gelu(), bias_gelu(), quick_gelu(), skip_layer_norm(), four_bit_matmul()]
}

fn fused_matmul() -> Case {
    let mut random = Random::new(31);
    let (a, b) = (random.uniforms(8, -1.0, 1.0), random.uniforms(12, -1.0, 1.0));
    let mut graph = GraphBuilder::new("ms_fused_matmul");
    let attributes = [attribute::int("transB", 1), attribute::float("alpha", 0.5)];
    graph.initializer("b", &values(&[3, 4], &b));
    graph.node("com.microsoft:FusedMatMul", &["a", "b"], &["y"], attributes);
    let y: Vec<f32> = matmul(&a, &transpose(&b, 3), [2, 4, 3]).iter().map(|y| 0.5 * y).collect();
    Case::new(graph, [("a", values(&[2, 4], &a))], [("y", values(&[2, 3], &y))]).within(1e-5)
}

fn plain_gelu() -> Case {
    let x = [-2f32, -0.5, 0.0, 0.5, 2.0];
    let mut graph = GraphBuilder::new("ms_gelu");
    graph.node("com.microsoft:Gelu", &["x"], &["y"], []);
    Case::new(graph, [("x", values(&[5], &x))], [("y", values(&[5], &x.map(gelu)))]).within(1e-5)
}

fn bias_gelu() -> Case {
    let (x, bias) = ([-1f32, 0.0, 1.0, 0.25, -0.25, 2.0], [0.5f32, -0.5, 0.1]);
    let mut graph = GraphBuilder::new("ms_bias_gelu");
    graph.initializer("bias", &values(&[3], &bias));
    graph.node("com.microsoft:BiasGelu", &["x", "bias"], &["y"], []);
    let y: Vec<f32> = x.iter().enumerate().map(|(i, x)| gelu(x + bias[i % 3])).collect();
    Case::new(graph, [("x", values(&[2, 3], &x))], [("y", values(&[2, 3], &y))]).within(1e-5)
}

/// `x * sigmoid(1.702 * x)`.
fn quick_gelu() -> Case {
    let x = [-1f32, 0.0, 1.5];
    let mut graph = GraphBuilder::new("ms_quick_gelu");
    graph.node("com.microsoft:QuickGelu", &["x"], &["y"], [attribute::float("alpha", 1.702)]);
    let y = x.map(|x| (f64::from(x) * super::reference::sigmoid(1.702 * f64::from(x))) as f32);
    Case::new(graph, [("x", values(&[3], &x))], [("y", values(&[3], &y))]).within(1e-5)
}

fn skip_layer_norm() -> Case {
    let mut random = Random::new(32);
    let [x, skip] = [0, 1].map(|_| random.uniforms(8, -2.0, 2.0));
    let [scale, shift] = [0, 1].map(|_| random.uniforms(4, 0.5, 1.5));
    let mut graph = GraphBuilder::new("ms_skip_layer_norm");
    graph.initializer("scale", &values(&[4], &scale));
    graph.initializer("shift", &values(&[4], &shift));
    let inputs = ["x", "skip", "scale", "shift"];
    graph.node("com.microsoft:SkipLayerNormalization", &inputs, &["y"], [attribute::float("epsilon", 1e-5)]);
    let sum: Vec<f32> = x.iter().zip(&skip).map(|(x, skip)| x + skip).collect();
    let y = layer_norm(&sum, &scale, &shift, 1e-5);
    Case::new(
        graph,
        [("x", values(&[1, 2, 4], &x)), ("skip", values(&[1, 2, 4], &skip))],
        [("y", values(&[1, 2, 4], &y))],
    )
    .within(1e-5)
}

/// MatMulNBits: 4-bit weights in blocks of 16 along the 32 rows, one scale a block, zero at 8.
fn four_bit_matmul() -> Case {
    let (rows, columns, block) = (32, 3, 16);
    let mut random = Random::new(33);
    let x = random.uniforms(2 * rows, -1.0, 1.0);
    let codes: Vec<u8> = (0..columns * rows).map(|_| (random.bits() % 16) as u8).collect();
    let scales = random.uniforms(columns * rows / block, 0.05, 0.15);
    let packed: Vec<u8> = codes.chunks(2).map(|pair| pair[0] | pair[1] << 4).collect();

    let mut graph = GraphBuilder::new("ms_matmul_4_bits");
    graph.initializer("codes", &values(&[columns, rows / block, block / 2], &packed));
    graph.initializer("scales", &values(&[scales.len()], &scales));
    let attributes = [("K", rows), ("N", columns), ("bits", 4), ("block_size", block)]
        .map(|(name, value)| attribute::int(name, value as i64));
    graph.node("com.microsoft:MatMulNBits", &["x", "codes", "scales"], &["y"], attributes);

    let weights: Vec<f32> =
        codes.iter().enumerate().map(|(i, &code)| (f32::from(code) - 8.0) * scales[i / block]).collect();
    let y = matmul(&x, &transpose(&weights, columns), [2, rows, columns]);
    Case::new(graph, [("x", values(&[2, rows], &x))], [("y", values(&[2, columns], &y))]).within(1e-4)
}
