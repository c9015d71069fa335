//! Small networks: convolution with batch normalisation, pooling, a perceptron, one attention head.

use blink_tensors::DType;

use super::Case;
use super::reference::{layer_norm, matmul, softmax, transpose};
use crate::{GraphBuilder, Random, attribute, dims, values};

pub(super) fn cases() -> Vec<Case> {
    vec![convolution("conv_bn_relu", 1), convolution("conv_grouped", 2), pooling(), perceptron(), attention(), resize()]
}

/// Conv (3x3, pad 1, `groups` groups), BatchNormalization, Relu on f32 [1, 2, 4, 4].
fn convolution(name: &str, groups: usize) -> Case {
    const SIDE: usize = 4;
    let (from, to) = (2, 4);
    let group = from / groups;
    let mut random = Random::new(41);
    let x = random.uniforms(from * SIDE * SIDE, -1.0, 1.0);
    let w = random.uniforms(to * group * 9, -0.5, 0.5);
    let [scale, bias, mean] = [0, 1, 2].map(|_| random.uniforms(to, -1.0, 1.0));
    let variance = random.uniforms(to, 0.5, 1.5);

    let mut graph = GraphBuilder::new(name);
    graph.initializer("w", &values(&[to, group, 3, 3], &w));
    for (name, vector) in [("scale", &scale), ("bias", &bias), ("mean", &mean), ("variance", &variance)] {
        graph.initializer(name, &values(&[to], vector));
    }
    let attributes = [attribute::ints("pads", &[1; 4]), attribute::int("group", groups as i64)];
    let convolved = graph.op("Conv", &["x", "w"], attributes);
    let normalised = graph.op("BatchNormalization", &[&convolved, "scale", "bias", "mean", "variance"], []);
    graph.node("Relu", &[&normalised], &["y"], []);

    let pixel = |channel: usize, row: usize, column: usize| {
        // Rows and columns are counted from the padding's edge.
        let inside = (1..=SIDE).contains(&row) && (1..=SIDE).contains(&column);
        if inside { f64::from(x[(channel * SIDE + row - 1) * SIDE + column - 1]) } else { 0.0 }
    };
    let mut y = Vec::new();
    for channel in 0..to {
        let first = channel / (to / groups) * group;
        for position in 0..SIDE * SIDE {
            let mut sum = 0.0;
            for tap in 0..group * 9 {
                let (input, row, column) = (first + tap / 9, tap % 9 / 3, tap % 3);
                sum += pixel(input, position / SIDE + row, position % SIDE + column)
                    * f64::from(w[channel * group * 9 + tap]);
            }
            let unit = (sum - f64::from(mean[channel])) / (f64::from(variance[channel]) + 1e-5).sqrt();
            y.push((unit * f64::from(scale[channel]) + f64::from(bias[channel])).max(0.0) as f32);
        }
    }
    let shape = |channels| [1, channels, SIDE, SIDE];
    Case::new(graph, [("x", values(&shape(from), &x))], [("y", values(&shape(to), &y))]).within(1e-5)
}

/// MaxPool 2x2 and GlobalAveragePool of f32 [1, 1, 4, 4].
fn pooling() -> Case {
    let x: Vec<f32> = (0..16).map(|i| ((i * 7) % 16) as f32).collect();
    let mut graph = GraphBuilder::new("pooling");
    let attributes = [attribute::ints("kernel_shape", &[2, 2]), attribute::ints("strides", &[2, 2])];
    graph.node("MaxPool", &["x"], &["largest"], attributes);
    graph.node("GlobalAveragePool", &["x"], &["mean"], []);
    let largest =
        [0, 2, 8, 10].map(|corner| [0, 1, 4, 5].map(|step| x[corner + step]).into_iter().fold(f32::MIN, f32::max));
    let mean = x.iter().sum::<f32>() / 16.0;
    Case::new(
        graph,
        [("x", values(&[1, 1, 4, 4], &x))],
        [("largest", values(&[1, 1, 2, 2], &largest)), ("mean", values(&[1, 1, 1, 1], &[mean]))],
    )
    .within(1e-6)
}

/// Two Gemm layers with a Relu between, softmax at the end; symbolic batch.
fn perceptron() -> Case {
    let mut random = Random::new(42);
    let x = random.uniforms(2 * 4, -1.0, 1.0);
    let (first, second) = (random.uniforms(5 * 4, -1.0, 1.0), random.uniforms(3 * 5, -1.0, 1.0));
    let (bias, shift) = (random.uniforms(5, -0.5, 0.5), random.uniforms(3, -0.5, 0.5));
    let mut graph = GraphBuilder::new("perceptron");
    graph.input("x", DType::F32, &dims!["batch", 4]);
    graph.output("y", DType::F32, &dims!["batch", 3]);
    graph.initializer("first", &values(&[5, 4], &first));
    graph.initializer("bias", &values(&[5], &bias));
    graph.initializer("second", &values(&[3, 5], &second));
    graph.initializer("shift", &values(&[3], &shift));
    let hidden = graph.op("Gemm", &["x", "first", "bias"], [attribute::int("transB", 1)]);
    let active = graph.op("Relu", &[&hidden], []);
    let scores = graph.op("Gemm", &[&active, "second", "shift"], [attribute::int("transB", 1)]);
    graph.node("Softmax", &[&scores], &["y"], [attribute::int("axis", -1)]);

    let plus = |rows: Vec<f32>, bias: &[f32]| -> Vec<f32> {
        rows.iter().enumerate().map(|(i, x)| x + bias[i % bias.len()]).collect()
    };
    let hidden = plus(matmul(&x, &transpose(&first, 5), [2, 4, 5]), &bias);
    let active: Vec<f32> = hidden.iter().map(|x| x.max(0.0)).collect();
    let scores = plus(matmul(&active, &transpose(&second, 3), [2, 5, 3]), &shift);
    let y = softmax(&scores, 3);
    Case::new(graph, [("x", values(&[2, 4], &x))], [("y", values(&[2, 3], &y))]).within(1e-5)
}

/// One attention head over three tokens of width 4, layer-normalised.
fn attention() -> Case {
    let mut random = Random::new(43);
    let x = random.uniforms(3 * 4, -1.0, 1.0);
    let weights = ["query", "key", "value"].map(|name| (name, random.uniforms(16, -1.0, 1.0)));
    let (scale, bias) = (random.uniforms(4, 0.5, 1.5), random.uniforms(4, -0.5, 0.5));
    let mut graph = GraphBuilder::new("attention_head");
    graph.initializer("half", &values(&[], &[0.5f32]));
    graph.initializer("scale", &values(&[4], &scale));
    graph.initializer("bias", &values(&[4], &bias));
    let [query, key, value] = weights.each_ref().map(|(name, weight)| {
        graph.initializer(name, &values(&[4, 4], weight));
        graph.op("MatMul", &["x", name], [])
    });
    let turned = graph.op("Transpose", &[&key], [attribute::ints("perm", &[1, 0])]);
    let scores = graph.op("MatMul", &[&query, &turned], []);
    let scaled = graph.op("Mul", &[&scores, "half"], []);
    let shares = graph.op("Softmax", &[&scaled], [attribute::int("axis", -1)]);
    let mixed = graph.op("MatMul", &[&shares, &value], []);
    graph.node("LayerNormalization", &[&mixed, "scale", "bias"], &["y"], [attribute::int("axis", -1)]);

    let [query, key, value] = weights.map(|(_, weight)| matmul(&x, &weight, [3, 4, 4]));
    let scores: Vec<f32> = matmul(&query, &transpose(&key, 3), [3, 4, 3]).iter().map(|score| 0.5 * score).collect();
    let mixed = matmul(&softmax(&scores, 3), &value, [3, 3, 4]);
    let y = layer_norm(&mixed, &scale, &bias, 1e-5);
    Case::new(graph, [("x", values(&[3, 4], &x))], [("y", values(&[3, 4], &y))]).within(1e-4)
}

/// Nearest-neighbour doubling of f32 [1, 1, 2, 2].
fn resize() -> Case {
    let x = [1f32, 2.0, 3.0, 4.0];
    let mut graph = GraphBuilder::new("resize_nearest");
    graph.initializer("scales", &values(&[4], &[1f32, 1.0, 2.0, 2.0]));
    graph.node("Resize", &["x", "", "scales"], &["y"], [attribute::string("mode", "nearest")]);
    let y: Vec<f32> = (0..16).map(|i| x[i / 8 * 2 + i % 4 / 2]).collect();
    Case::new(graph, [("x", values(&[1, 1, 2, 2], &x))], [("y", values(&[1, 1, 4, 4], &y))])
}
