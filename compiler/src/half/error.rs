//! How far the answers of a graph of half floats are from those of floats, on the CPU.

use blink_artifact::manifest::{OutputError, ValueSpec};
use blink_runtime::{Outputs, golden};
use blink_tensors::{DType, TensorView, numeric};

use crate::error::CompileError;

/// What two answers showed.
pub(crate) enum Comparison {
    /// The distance of each output.
    Errors(Vec<OutputError>),
    /// This output cannot be compared: its shape hangs on its values, or it holds strings that differ.
    Apart(String),
}

/// Compares two answers to the same inputs. Fails where `half` passes what half floats can hold.
pub(crate) fn compare(outputs: &[ValueSpec], float: &Outputs, half: &Outputs) -> Result<Comparison, CompileError> {
    let mut errors = Vec::new();
    for ((spec, float), half) in outputs.iter().zip(float.iter()).zip(half.iter()) {
        let Some(error) = distance(float, half) else { return Ok(Comparison::Apart(spec.name.clone())) };
        if !error.max_abs.is_finite() {
            return Err(CompileError::HalfNotFinite { output: spec.name.clone() });
        }
        errors.push(error);
    }
    Ok(Comparison::Errors(errors))
}

/// The distance of two tensors; infinite where one is finite and the other is not, `None` where they have none.
pub(crate) fn distance(float: TensorView<'_>, half: TensorView<'_>) -> Option<OutputError> {
    if float.dtype() == DType::String {
        return (golden::bytes_of(float) == golden::bytes_of(half)).then(OutputError::default);
    }
    let (max_abs, _) = numeric::max_error(float, half).ok()?;
    let finite = numeric::iter_f64(float)?.filter(|value| value.is_finite());
    let largest = finite.fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let max_rel = if max_abs == 0.0 {
        0.0
    } else if largest == 0.0 {
        1.0
    } else {
        max_abs / largest
    };
    Some(OutputError { max_abs, max_rel })
}

#[cfg(test)]
mod tests {
    use blink_tensors::Tensor;

    use super::*;

    fn tensor(values: &[f32]) -> Tensor {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Tensor::from_bytes(DType::F32, &[values.len()], &bytes).unwrap()
    }

    fn between(float: &[f32], half: &[f32]) -> Option<OutputError> {
        distance(tensor(float).view(), tensor(half).view())
    }

    #[test]
    fn the_distance_is_told_as_it_is_and_as_a_part_of_the_largest() {
        assert_eq!(between(&[1.0, -4.0], &[1.5, -4.0]), Some(OutputError { max_abs: 0.5, max_rel: 0.125 }));
        assert_eq!(between(&[0.0], &[0.0]), Some(OutputError::default()));
        assert_eq!(between(&[0.0], &[0.25]), Some(OutputError { max_abs: 0.25, max_rel: 1.0 }));
        assert_eq!(between(&[], &[]), Some(OutputError::default()));
        assert_eq!(between(&[1.0], &[1.0, 2.0]), None);
    }

    #[test]
    fn what_is_not_finite_in_one_alone_is_infinitely_far() {
        for wrong in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
            assert_eq!(between(&[1.0], &[wrong]).map(|error| error.max_abs), Some(f64::INFINITY));
            assert_eq!(between(&[wrong, 1.0], &[wrong, 1.0]), Some(OutputError::default()));
        }
    }
}
