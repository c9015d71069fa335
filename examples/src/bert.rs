//! BERT's encoder, decomposed as exporters write it: MatMul and Add, Reshape, Transpose, Softmax.

use blink_compiler::onnx::proto::{ModelProto, TensorProto};
use blink_tensors::{DType, Tensor};

use crate::{GraphBuilder, Random, attribute, dims, values};

/// How the activation between the two feed-forward layers is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gelu {
    /// As `Div`, `Erf`, `Add` and two `Mul`.
    Erf,
    /// As ONNX's `Gelu` operator.
    Operator,
}

/// Size of a BERT. The default is BERT-base: 109 million parameters, 435 MB.
#[derive(Clone, Debug)]
pub struct Bert {
    /// Encoder layers.
    pub layers: usize,
    /// Width of a token; `heads` must divide it.
    pub hidden: usize,
    /// Attention heads.
    pub heads: usize,
    /// Width between the two feed-forward layers.
    pub intermediate: usize,
    /// Number of token ids.
    pub vocabulary: usize,
    /// Longest sequence.
    pub positions: usize,
    /// How the activation is written.
    pub gelu: Gelu,
    /// Seed of the weights.
    pub seed: u64,
}

impl Default for Bert {
    fn default() -> Bert {
        Bert {
            layers: 12,
            hidden: 768,
            heads: 12,
            intermediate: 3072,
            vocabulary: 30522,
            positions: 512,
            gelu: Gelu::Erf,
            seed: 12,
        }
    }
}

impl Bert {
    /// The same structure at a size for tests: 2 layers, 32 wide, 100 token ids, 64 positions.
    pub fn tiny() -> Bert {
        Bert { layers: 2, hidden: 32, heads: 4, intermediate: 64, vocabulary: 100, positions: 64, ..Bert::default() }
    }

    /// The model: `input_ids`, `attention_mask` and `token_type_ids`, i64 [batch, sequence], to
    /// `last_hidden_state`, f32 [batch, sequence, hidden].
    pub fn model(&self) -> ModelProto {
        let graph = GraphBuilder::new("bert");
        let mut encoder = Encoder { size: self, graph, random: Random::new(self.seed) };
        let [ids, mask, types] = ["input_ids", "attention_mask", "token_type_ids"]
            .map(|name| encoder.graph.input(name, DType::I64, &dims!["batch", "sequence"]));
        encoder.constants();
        let mut x = encoder.embeddings(&ids, &types);
        let bias = encoder.attention_bias(&mask);
        for layer in 0..self.layers {
            let attended = encoder.attention(&format!("layer{layer}.attention"), &x, &bias);
            x = encoder.residual(&format!("layer{layer}.attention.norm"), &attended, &x);
            let output = encoder.feed_forward(&format!("layer{layer}.feed_forward"), &x);
            x = encoder.residual(&format!("layer{layer}.feed_forward.norm"), &output, &x);
        }
        encoder.graph.node("Identity", &[&x], &["last_hidden_state"], []);
        encoder.graph.output("last_hidden_state", DType::F32, &dims!["batch", "sequence", self.hidden as u64]);
        encoder.graph.model()
    }

    /// Inputs of the model by name, each i64 [batch, sequence]: seeded token ids, the last quarter masked out.
    pub fn inputs(&self, batch: usize, sequence: usize, seed: u64) -> Vec<(String, Tensor)> {
        let mut random = Random::new(seed);
        let ids: Vec<i64> = (0..batch * sequence).map(|_| (random.bits() % self.vocabulary as u64) as i64).collect();
        let row = |kept: &dyn Fn(usize) -> bool| -> Vec<i64> {
            (0..batch * sequence).map(|index| i64::from(kept(index % sequence))).collect()
        };
        let mask = row(&|position| position < sequence - sequence / 4);
        let types = row(&|position| position >= sequence / 2);
        [("input_ids", ids), ("attention_mask", mask), ("token_type_ids", types)]
            .map(|(name, elements)| (name.to_owned(), values(&[batch, sequence], &elements)))
            .into()
    }
}

struct Encoder<'a> {
    size: &'a Bert,
    graph: GraphBuilder,
    random: Random,
}

impl Encoder<'_> {
    /// Small initializers that several nodes share.
    fn constants(&mut self) {
        let head = self.size.hidden / self.size.heads;
        let hidden = self.size.hidden as i64;
        for (name, scalar) in [
            ("one", 1.0),
            ("half", 0.5),
            ("sqrt_two", std::f32::consts::SQRT_2),
            ("sqrt_head", (head as f32).sqrt()),
            ("masked", f32::MIN),
        ] {
            self.graph.initializer(name, &values(&[], &[scalar]));
        }
        for (name, list) in [
            ("axis_0", &[0][..]),
            ("axis_1", &[1]),
            ("axes_1_2", &[1, 2]),
            ("split_heads", &[0, 0, self.size.heads as i64, head as i64]),
            ("join_heads", &[0, 0, hidden]),
        ] {
            self.graph.initializer(name, &values(&[list.len()], list));
        }
    }

    fn weight(&mut self, name: &str, shape: [usize; 2], deviation: f32) -> String {
        let raw_data = self.random.normal_bytes(shape[0] * shape[1], deviation);
        self.graph.stored(TensorProto {
            name: Some(name.to_owned()),
            dims: shape.map(|dim| dim as i64).to_vec(),
            data_type: Some(DType::F32.onnx_code()),
            raw_data: Some(raw_data),
            ..Default::default()
        })
    }

    fn vector(&mut self, name: &str, len: usize, low: f32, high: f32) -> String {
        let elements = self.random.uniforms(len, low, high);
        self.graph.initializer(name, &values(&[len], &elements))
    }

    fn embeddings(&mut self, ids: &str, types: &str) -> String {
        let Bert { hidden, vocabulary, positions, .. } = *self.size;
        let words = self.weight("embeddings.words", [vocabulary, hidden], 1.0);
        let segments = self.weight("embeddings.types", [2, hidden], 0.3);
        let places = self.weight("embeddings.positions", [positions, hidden], 0.3);
        let word = self.graph.op("Gather", &[&words, ids], []);
        let segment = self.graph.op("Gather", &[&segments, types], []);
        let shape = self.graph.op("Shape", &[ids], []);
        let sequence = self.graph.op("Gather", &[&shape, "axis_1"], []);
        let place = self.graph.op("Slice", &[&places, "axis_0", &sequence, "axis_0"], []);
        let sum = self.graph.op("Add", &[&word, &segment], []);
        self.residual("embeddings.norm", &sum, &place)
    }

    /// What is added to attention scores: 0 where the mask is 1, the lowest float where it is 0.
    fn attention_bias(&mut self, mask: &str) -> String {
        let wide = self.graph.op("Unsqueeze", &[mask, "axes_1_2"], []);
        let kept = self.graph.op("Cast", &[&wide], [attribute::int("to", i64::from(DType::F32.onnx_code()))]);
        let hidden = self.graph.op("Sub", &["one", &kept], []);
        self.graph.op("Mul", &[&hidden, "masked"], [])
    }

    fn dense(&mut self, name: &str, x: &str, from: usize, to: usize) -> String {
        let weight = self.weight(&format!("{name}.weight"), [from, to], 1.0 / (from as f32).sqrt());
        let bias = self.vector(&format!("{name}.bias"), to, -0.1, 0.1);
        let product = self.graph.op("MatMul", &[x, &weight], []);
        self.graph.op("Add", &[&product, &bias], [])
    }

    fn attention(&mut self, name: &str, x: &str, bias: &str) -> String {
        let hidden = self.size.hidden;
        // Keys go straight to [batch, heads, head, sequence], ready to be the right side of the product.
        let orders = [("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])];
        let [query, key, value] = orders.map(|(part, order)| {
            let flat = self.dense(&format!("{name}.{part}"), x, hidden, hidden);
            let split = self.graph.op("Reshape", &[&flat, "split_heads"], []);
            self.graph.op("Transpose", &[&split], [attribute::ints("perm", &order)])
        });
        let scores = self.graph.op("MatMul", &[&query, &key], []);
        let scaled = self.graph.op("Div", &[&scores, "sqrt_head"], []);
        let biased = self.graph.op("Add", &[&scaled, bias], []);
        let weights = self.graph.op("Softmax", &[&biased], [attribute::int("axis", -1)]);
        let mixed = self.graph.op("MatMul", &[&weights, &value], []);
        let swapped = self.graph.op("Transpose", &[&mixed], [attribute::ints("perm", &[0, 2, 1, 3])]);
        let joined = self.graph.op("Reshape", &[&swapped, "join_heads"], []);
        self.dense(&format!("{name}.output"), &joined, hidden, hidden)
    }

    fn feed_forward(&mut self, name: &str, x: &str) -> String {
        let Bert { hidden, intermediate, gelu, .. } = *self.size;
        let inner = self.dense(&format!("{name}.inner"), x, hidden, intermediate);
        let active = match gelu {
            Gelu::Operator => self.graph.op("Gelu", &[&inner], []),
            Gelu::Erf => {
                let scaled = self.graph.op("Div", &[&inner, "sqrt_two"], []);
                let erf = self.graph.op("Erf", &[&scaled], []);
                let shifted = self.graph.op("Add", &[&erf, "one"], []);
                let product = self.graph.op("Mul", &[&inner, &shifted], []);
                self.graph.op("Mul", &[&product, "half"], [])
            }
        };
        self.dense(&format!("{name}.outer"), &active, intermediate, hidden)
    }

    /// The sum of `x` and `y`, each token normalised.
    fn residual(&mut self, name: &str, x: &str, y: &str) -> String {
        let scale = self.vector(&format!("{name}.scale"), self.size.hidden, 0.9, 1.1);
        let bias = self.vector(&format!("{name}.bias"), self.size.hidden, -0.1, 0.1);
        let sum = self.graph.op("Add", &[x, y], []);
        let attributes = [attribute::int("axis", -1), attribute::float("epsilon", 1e-12)];
        self.graph.op("LayerNormalization", &[&sum, &scale, &bias], attributes)
    }
}
