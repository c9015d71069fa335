//! Recurrent networks: LSTM and GRU over four steps of width 3, two units.

use super::Case;
use super::reference::sigmoid;
use crate::{GraphBuilder, Random, attribute, values};

const STEPS: usize = 4;
const WIDTH: usize = 3;
const UNITS: usize = 2;

pub(super) fn cases() -> Vec<Case> {
    vec![lstm(), gru(), last_state()]
}

/// Weights of `gates` gates: of the input, of the state, and both biases.
struct Weights {
    x: Vec<f32>,
    input: Vec<f32>,
    state: Vec<f32>,
    bias: Vec<f32>,
}

impl Weights {
    fn new(gates: usize, seed: u64) -> Weights {
        let mut random = Random::new(seed);
        let mut draw = |count| random.uniforms(count, -1.0, 1.0);
        Weights {
            x: draw(STEPS * WIDTH),
            input: draw(gates * UNITS * WIDTH),
            state: draw(gates * UNITS * UNITS),
            bias: draw(2 * gates * UNITS),
        }
    }

    fn graph(&self, name: &str, operator: &str, outputs: &[&str]) -> GraphBuilder {
        let rows = self.bias.len() / 2;
        let mut graph = GraphBuilder::new(name);
        graph.initializer("w", &values(&[1, rows, WIDTH], &self.input));
        graph.initializer("r", &values(&[1, rows, UNITS], &self.state));
        graph.initializer("b", &values(&[1, 2 * rows], &self.bias));
        graph.node(operator, &["x", "w", "r", "b"], outputs, [attribute::int("hidden_size", UNITS as i64)]);
        graph
    }

    /// What the input of a step and its bias give to one row of one gate.
    fn input_part(&self, step: usize, gate: usize, unit: usize) -> f64 {
        let row = gate * UNITS + unit;
        let product = |i| f64::from(self.input[row * WIDTH + i]) * f64::from(self.x[step * WIDTH + i]);
        (0..WIDTH).map(product).sum::<f64>() + f64::from(self.bias[row])
    }

    /// What the state and its bias give to one row of one gate.
    fn state_part(&self, state: &[f64; UNITS], gate: usize, unit: usize) -> f64 {
        let row = gate * UNITS + unit;
        let product = |i: usize| f64::from(self.state[row * UNITS + i]) * state[i];
        (0..UNITS).map(product).sum::<f64>() + f64::from(self.bias[self.bias.len() / 2 + row])
    }
}

fn narrow(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|&number| number as f32).collect()
}

/// Gates in ONNX's order: input, output, forget, cell.
fn lstm() -> Case {
    let weights = Weights::new(4, 51);
    let graph = weights.graph("lstm", "LSTM", &["y", "y_h", "y_c"]);
    let (mut hidden, mut cell, mut all) = ([0.0; UNITS], [0.0; UNITS], Vec::new());
    for step in 0..STEPS {
        let before = hidden;
        for unit in 0..UNITS {
            let gate = |gate| weights.input_part(step, gate, unit) + weights.state_part(&before, gate, unit);
            cell[unit] = sigmoid(gate(2)) * cell[unit] + sigmoid(gate(0)) * gate(3).tanh();
            hidden[unit] = sigmoid(gate(1)) * cell[unit].tanh();
        }
        all.extend(hidden);
    }
    Case::new(
        graph,
        [("x", values(&[STEPS, 1, WIDTH], &weights.x))],
        [
            ("y", values(&[STEPS, 1, 1, UNITS], &narrow(&all))),
            ("y_h", values(&[1, 1, UNITS], &narrow(&hidden))),
            ("y_c", values(&[1, 1, UNITS], &narrow(&cell))),
        ],
    )
    .within(1e-5)
}

/// Gates in ONNX's order: update, reset, hidden; the reset comes before the state's product.
fn gru() -> Case {
    let weights = Weights::new(3, 52);
    let graph = weights.graph("gru", "GRU", &["y", "y_h"]);
    let (mut hidden, mut all) = ([0.0; UNITS], Vec::new());
    for step in 0..STEPS {
        let before = hidden;
        let gate = |gate, unit| sigmoid(weights.input_part(step, gate, unit) + weights.state_part(&before, gate, unit));
        let reset: [f64; UNITS] = std::array::from_fn(|unit| gate(1, unit) * before[unit]);
        for unit in 0..UNITS {
            let update = gate(0, unit);
            let candidate = (weights.input_part(step, 2, unit) + weights.state_part(&reset, 2, unit)).tanh();
            hidden[unit] = (1.0 - update) * candidate + update * before[unit];
        }
        all.extend(hidden);
    }
    Case::new(
        graph,
        [("x", values(&[STEPS, 1, WIDTH], &weights.x))],
        [("y", values(&[STEPS, 1, 1, UNITS], &narrow(&all))), ("y_h", values(&[1, 1, UNITS], &narrow(&hidden)))],
    )
    .within(1e-5)
}

/// The GRU with its first output left out: an empty name before the one that is named.
fn last_state() -> Case {
    let whole = gru();
    let weights = Weights::new(3, 52);
    let graph = weights.graph("output_left_out", "GRU", &["", "y_h"]);
    let state = whole.expected.into_iter().filter(|(name, _)| name == "y_h").map(|(_, state)| ("y_h", state));
    Case::new(graph, [("x", values(&[STEPS, 1, WIDTH], &weights.x))], state).within(1e-5)
}
