//! Small models, one for each thing that a model may contain, each with inputs and the outputs they must give.
//!
//! Expected outputs come from plain loops beside the model, never from ONNX Runtime.

mod arithmetic;
mod casts;
mod contributed;
mod control;
mod layouts;
mod networks;
mod quantized;
mod recurrent;
mod reference;
mod signatures;
mod storage;
mod strings;

use blink_compiler::onnx::proto::ModelProto;
use blink_tensors::{DType, DataView, Tensor, TensorView};

use crate::GraphBuilder;

/// A model, inputs for it, and the outputs it must give.
#[derive(Clone, Debug)]
pub struct Case {
    /// The name, unique among [`cases`] and fit for a file name.
    pub name: String,
    /// The model.
    pub model: ModelProto,
    /// Inputs by name.
    pub inputs: Vec<(String, Tensor)>,
    /// Outputs by name, in the model's order.
    pub expected: Vec<(String, Tensor)>,
    /// How far a float may be from the expected one: this much, or this much times its size if that is more.
    pub tolerance: f64,
}

/// Where an output differs from the expected one.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// Not the same dtype.
    DType(DType, DType),
    /// Not the same shape.
    Shape(Vec<usize>, Vec<usize>),
    /// The first element that differs, as its row-major index.
    Element(usize),
}

/// Every case.
pub fn cases() -> Vec<Case> {
    [
        layouts::cases(),
        arithmetic::cases(),
        casts::cases(),
        strings::cases(),
        signatures::cases(),
        storage::cases(),
        control::cases(),
        contributed::cases(),
        quantized::cases(),
        networks::cases(),
        recurrent::cases(),
    ]
    .concat()
}

impl Case {
    /// A case of exact outputs, named after the graph. Inputs and outputs that the graph does not declare are
    /// declared with the fixed shapes of these tensors.
    fn new(
        mut graph: GraphBuilder,
        inputs: impl IntoIterator<Item = (&'static str, Tensor)>,
        expected: impl IntoIterator<Item = (&'static str, Tensor)>,
    ) -> Case {
        let owned = |(name, tensor): (&str, Tensor)| (name.to_owned(), tensor);
        let inputs: Vec<_> = inputs.into_iter().map(owned).collect();
        let expected: Vec<_> = expected.into_iter().map(owned).collect();
        for (name, tensor) in &inputs {
            if !graph.has_input(name) {
                graph.input_like(name, tensor);
            }
        }
        for (name, tensor) in &expected {
            if !graph.has_output(name) {
                graph.output_like(name, tensor);
            }
        }
        Case { name: graph.name().to_owned(), model: graph.model(), inputs, expected, tolerance: 0.0 }
    }

    /// The same case with floats compared within `tolerance`.
    fn within(self, tolerance: f64) -> Case {
        Case { tolerance, ..self }
    }
}

/// Compares an output with the expected one; floats of 32 and 64 bits within `tolerance`, all else exactly.
pub fn compare(expected: TensorView<'_>, found: TensorView<'_>, tolerance: f64) -> Result<(), Difference> {
    if expected.dtype() != found.dtype() {
        return Err(Difference::DType(expected.dtype(), found.dtype()));
    }
    if expected.shape() != found.shape() {
        return Err(Difference::Shape(expected.shape().to_vec(), found.shape().to_vec()));
    }
    let close = |expected: f64, found: f64| {
        expected == found || (expected - found).abs() <= tolerance * expected.abs().max(1.0)
    };
    let different = match (expected.data(), found.data()) {
        (DataView::Strings(expected), DataView::Strings(found)) => {
            expected.iter().zip(found).position(|(expected, found)| expected != found)
        }
        (DataView::Bytes(left), DataView::Bytes(right)) => match expected.dtype() {
            DType::F32 => {
                let float = |bytes: &[u8; 4]| f64::from(f32::from_le_bytes(*bytes));
                let pairs = left.as_chunks().0.iter().zip(right.as_chunks().0);
                pairs.map(|(left, right)| (float(left), float(right))).position(|(left, right)| !close(left, right))
            }
            DType::F64 => {
                let pairs = left.as_chunks().0.iter().zip(right.as_chunks().0);
                pairs
                    .map(|(left, right)| (f64::from_le_bytes(*left), f64::from_le_bytes(*right)))
                    .position(|(left, right)| !close(left, right))
            }
            dtype => {
                let bits = dtype.bits().unwrap_or(8);
                left.iter().zip(right).position(|(left, right)| left != right).map(|byte| byte * 8 / bits)
            }
        },
        _ => Some(0),
    };
    different.map_or(Ok(()), |index| Err(Difference::Element(index)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values;

    #[test]
    fn differences_are_found() {
        let tensor = values(&[3], &[1f32, -2.0, 1000.0]);
        let compared = |other: &Tensor, tolerance| compare(tensor.view(), other.view(), tolerance);
        assert_eq!(compared(&tensor, 0.0), Ok(()));
        assert_eq!(compared(&values(&[3], &[1f32, -2.0, 1000.5]), 1e-3), Ok(()));
        assert_eq!(compared(&values(&[3], &[1f32, -2.1, 1000.0]), 1e-3), Err(Difference::Element(1)));
        assert_eq!(compared(&values(&[3], &[1f32, f32::NAN, 1000.0]), 1e-3), Err(Difference::Element(1)));
        assert!(matches!(compared(&values(&[3, 1], &[0f32; 3]), 0.0), Err(Difference::Shape(..))));
        assert!(matches!(compared(&values(&[3], &[0f64; 3]), 0.0), Err(Difference::DType(..))));
        let integers = values(&[2], &[1u16, 2]);
        assert_eq!(compare(integers.view(), values(&[2], &[1u16, 258]).view(), 0.0), Err(Difference::Element(1)));
        let words = |second: &str| Tensor::strings(&[2], vec!["a".to_owned(), second.to_owned()]).unwrap();
        assert_eq!(compare(words("b").view(), words("c").view(), 0.0), Err(Difference::Element(1)));
    }
}
