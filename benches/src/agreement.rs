//! Whether two workers gave the same answer: the numbers of two `.npy` outputs, within the tolerance of their dtype.
//!
//! A worker is held to its own earlier answers bit by bit; this is for workers of different kinds, whose kernels may
//! add up in another order.

use blink_tensors::npy::{self, NpyError};
use blink_tensors::numeric::{self, CompareError};
use blink_tensors::{DType, TensorView};

/// Why two answers are not the same.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum Disagreement {
    #[error("an output is not one npy tensor: {0}")]
    Npy(#[from] NpyError),
    #[error("outputs have dtypes {left} and {right}, expected one dtype")]
    DType { left: DType, right: DType },
    #[error("outputs cannot be compared: {0}")]
    Compare(#[from] CompareError),
    #[error("outputs differ by {found:.2e} of the largest value, expected at most {tolerance:.1e}")]
    Differs { found: f64, tolerance: f64 },
}

/// The greatest difference between the tensors in two `.npy` files, as a share of the largest value of the first.
pub fn compare(left: &[u8], right: &[u8]) -> Result<f64, Disagreement> {
    compare_tensors(npy::decode(left)?.view(), npy::decode(right)?.view())
}

/// The greatest difference between two tensors, as a share of the largest value of the first.
pub fn compare_tensors(left: TensorView<'_>, right: TensorView<'_>) -> Result<f64, Disagreement> {
    compare_within(left, right, tolerance(left.dtype()))
}

/// As [`compare_tensors`], with a tolerance of the caller's.
pub fn compare_within(left: TensorView<'_>, right: TensorView<'_>, tolerance: f64) -> Result<f64, Disagreement> {
    if left.dtype() != right.dtype() {
        return Err(Disagreement::DType { left: left.dtype(), right: right.dtype() });
    }
    let (absolute, _) = numeric::max_error(left, right)?;
    let found = if absolute == 0.0 { 0.0 } else { absolute / largest(left).max(f64::MIN_POSITIVE) };
    if found <= tolerance { Ok(found) } else { Err(Disagreement::Differs { found, tolerance }) }
}

fn largest(tensor: TensorView<'_>) -> f64 {
    let values = numeric::iter_f64(tensor).into_iter().flatten();
    values.map(f64::abs).filter(|value| value.is_finite()).fold(0.0, f64::max)
}

fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F32 | DType::F64 => 1e-4,
        _ => 2e-2,
    }
}

#[cfg(test)]
mod tests {
    use blink_tensors::Tensor;

    use super::*;

    fn npy(dtype: DType, values: &[u8]) -> Vec<u8> {
        let tensor = Tensor::from_bytes(dtype, &[values.len() / (dtype.bits().unwrap() / 8)], values).unwrap();
        let mut bytes = Vec::new();
        npy::encode(tensor.view(), &mut bytes).unwrap();
        bytes
    }

    fn f32s(values: &[f32]) -> Vec<u8> {
        npy(DType::F32, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    #[test]
    fn rounding_agrees_and_other_numbers_do_not() {
        let answer = f32s(&[1.0, -20.0, 0.0]);
        assert_eq!(compare(&answer, &answer).unwrap(), 0.0);
        let found = compare(&answer, &f32s(&[1.0, -20.001, 0.0])).unwrap();
        assert!((found - 5e-5).abs() < 1e-6, "{found}");
        for wrong in [[1.0, 20.0, 0.0], [1.0, -20.0, 0.1], [f32::NAN, -20.0, 0.0], [1.0, f32::INFINITY, 0.0]] {
            assert!(matches!(compare(&answer, &f32s(&wrong)), Err(Disagreement::Differs { .. })), "{wrong:?}");
        }
    }

    #[test]
    fn other_shapes_dtypes_and_files_are_no_answers() {
        let answer = f32s(&[1.0, 2.0]);
        assert!(matches!(compare(&answer, &f32s(&[1.0])), Err(Disagreement::Compare(_))));
        assert!(matches!(compare(&answer, &npy(DType::I32, &[0; 8])), Err(Disagreement::DType { .. })));
        assert!(matches!(compare(&answer, b"hello"), Err(Disagreement::Npy(_))));
        assert!(matches!(compare(&answer[..answer.len() - 1], &answer), Err(Disagreement::Npy(_))));
    }
}
