//! ResNet v1.5 (the stride sits in the 3x3 convolution of a bottleneck), fp32, batch normalisation as its own nodes.

use blink_compiler::onnx::Dim;
use blink_compiler::onnx::proto::{ModelProto, TensorProto};
use blink_tensors::DType;

use crate::{GraphBuilder, Random, attribute, stored, values};

/// Size of a ResNet. The default is ResNet-50: 25.6 million parameters, 102 MB.
#[derive(Clone, Debug)]
pub struct ResNet {
    /// Bottleneck blocks in each stage; every stage after the first halves the image.
    pub blocks: Vec<usize>,
    /// Channels after the first convolution, and inside the bottlenecks of the first stage.
    pub width: usize,
    /// Height and width of the image, in pixels.
    pub image: u64,
    /// Length of the output.
    pub classes: usize,
    /// Images in one call.
    pub batch: Dim,
    /// Seed of the weights.
    pub seed: u64,
}

impl Default for ResNet {
    fn default() -> ResNet {
        ResNet { blocks: vec![3, 4, 6, 3], width: 64, image: 224, classes: 1000, batch: "batch".into(), seed: 50 }
    }
}

impl ResNet {
    /// The same structure at a size for tests: 35 thousand parameters, 32x32 images, 10 classes.
    pub fn tiny() -> ResNet {
        ResNet { blocks: vec![1, 1, 1], width: 8, image: 32, classes: 10, ..ResNet::default() }
    }

    /// The model: `input` f32 [batch, 3, image, image] to `logits` f32 [batch, classes].
    pub fn model(&self) -> ModelProto {
        let mut network = Network { graph: GraphBuilder::new("resnet"), random: Random::new(self.seed) };
        let image = Dim::Fixed(self.image);
        let input =
            network.graph.input("input", DType::F32, &[self.batch.clone(), Dim::Fixed(3), image.clone(), image]);
        let mut x = network.convolution(&input, 3, self.width, 7, 2);
        x = network.normalisation(&x, self.width, 1.0);
        x = network.graph.op("Relu", &[&x], []);
        let window = [
            attribute::ints("kernel_shape", &[3, 3]),
            attribute::ints("strides", &[2, 2]),
            attribute::ints("pads", &[1; 4]),
        ];
        x = network.graph.op("MaxPool", &[&x], window);

        let mut channels = self.width;
        for (stage, &blocks) in self.blocks.iter().enumerate() {
            for block in 0..blocks {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                x = network.bottleneck(&x, channels, self.width << stage, stride);
                channels = 4 * (self.width << stage);
            }
        }
        x = network.graph.op("GlobalAveragePool", &[&x], []);
        x = network.graph.op("Flatten", &[&x], [attribute::int("axis", 1)]);
        let weight = network.weight("fc.weight", &[self.classes, channels], 1.0 / (channels as f32).sqrt());
        let bias = network.graph.initializer("fc.bias", &values(&[self.classes], &vec![0f32; self.classes]));
        network.graph.node("Gemm", &[&x, &weight, &bias], &["logits"], [attribute::int("transB", 1)]);
        network.graph.output("logits", DType::F32, &[self.batch.clone(), Dim::Fixed(self.classes as u64)]);
        network.graph.model()
    }
}

struct Network {
    graph: GraphBuilder,
    random: Random,
}

impl Network {
    fn weight(&mut self, name: &str, shape: &[usize], deviation: f32) -> String {
        let raw_data = self.random.normal_bytes(shape.iter().product(), deviation);
        self.graph.stored(TensorProto {
            name: Some(name.to_owned()),
            dims: shape.iter().map(|&dim| dim as i64).collect(),
            data_type: Some(DType::F32.onnx_code()),
            raw_data: Some(raw_data),
            ..Default::default()
        })
    }

    fn convolution(&mut self, x: &str, from: usize, to: usize, kernel: usize, stride: i64) -> String {
        let deviation = (2.0 / (from * kernel * kernel) as f32).sqrt();
        let weight = self.weight(&format!("{x}.conv{kernel}x{kernel}_{to}"), &[to, from, kernel, kernel], deviation);
        let attributes = [
            attribute::ints("kernel_shape", &[kernel as i64; 2]),
            attribute::ints("strides", &[stride; 2]),
            attribute::ints("pads", &[kernel as i64 / 2; 4]),
        ];
        self.graph.op("Conv", &[x, &weight], attributes)
    }

    /// Batch normalisation whose statistics are near those of its input: the scale is `gain`, give or take.
    fn normalisation(&mut self, x: &str, channels: usize, gain: f32) -> String {
        let mut names = vec![x.to_owned()];
        let ranges =
            [("scale", 0.9 * gain, 1.1 * gain), ("bias", -0.1, 0.1), ("mean", -0.1, 0.1), ("variance", 0.8, 1.2)];
        for (kind, low, high) in ranges {
            let tensor = values(&[channels], &self.random.uniforms(channels, low, high));
            names.push(self.graph.stored(stored(&format!("{x}.{kind}"), &tensor)));
        }
        let inputs: Vec<&str> = names.iter().map(String::as_str).collect();
        self.graph.op("BatchNormalization", &inputs, [attribute::float("epsilon", 1e-5)])
    }

    /// 1x1, 3x3 and 1x1 convolutions around a shortcut, `from` channels to `4 * width`.
    fn bottleneck(&mut self, x: &str, from: usize, width: usize, stride: i64) -> String {
        let mut y = self.convolution(x, from, width, 1, 1);
        y = self.normalisation(&y, width, 1.0);
        y = self.graph.op("Relu", &[&y], []);
        y = self.convolution(&y, width, width, 3, stride);
        y = self.normalisation(&y, width, 1.0);
        y = self.graph.op("Relu", &[&y], []);
        y = self.convolution(&y, width, 4 * width, 1, 1);
        // A small gain here keeps the sum of many blocks from growing.
        y = self.normalisation(&y, 4 * width, 0.25);
        let shortcut = if from == 4 * width && stride == 1 {
            x.to_owned()
        } else {
            let projected = self.convolution(x, from, 4 * width, 1, stride);
            self.normalisation(&projected, 4 * width, 0.7)
        };
        let sum = self.graph.op("Add", &[&y, &shortcut], []);
        self.graph.op("Relu", &[&sum], [])
    }
}

/// A batch of images of seeded noise, f32 [batch, 3, image, image].
pub fn images(batch: usize, image: usize, seed: u64) -> blink_tensors::Tensor {
    let mut random = Random::new(seed);
    values(&[batch, 3, image, image], &random.uniforms(batch * 3 * image * image, -2.0, 2.0))
}
