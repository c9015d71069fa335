//! Elements as numbers: any dtype but strings read as f64, and how far two tensors are apart.
//!
//! Integers are compared as integers, so two 64-bit ones that f64 cannot tell apart still differ.

use half::{bf16, f16};

use crate::{DType, TensorView, float8, int4};

/// Why two tensors could not be compared.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CompareError {
    #[error("shapes differ: {left:?} against {right:?}; only tensors of one shape are compared")]
    Shape { left: Vec<usize>, right: Vec<usize> },
    #[error("string tensors have no numbers to compare: compare them for equality")]
    Strings,
}

/// One element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Bool(bool),
    Integer(i128),
    Float(f64),
}

impl Number {
    /// The element as f64; integers past 2^53 are rounded.
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Number::Bool(value) => f64::from(u8::from(value)),
            Number::Integer(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

fn word<const N: usize>(bytes: &[u8], index: usize) -> Option<[u8; N]> {
    bytes.get(index.checked_mul(N)?..)?.first_chunk().copied()
}

/// Element `index` of packed little-endian `bytes`; `None` past their end and for strings.
pub(crate) fn read(dtype: DType, bytes: &[u8], index: usize) -> Option<Number> {
    let code = || bytes.get(index).copied();
    Some(match dtype {
        DType::Bool => Number::Bool(code()? != 0),
        DType::U8 => Number::Integer(code()?.into()),
        DType::I8 => Number::Integer((code()? as i8).into()),
        DType::U16 => Number::Integer(u16::from_le_bytes(word(bytes, index)?).into()),
        DType::I16 => Number::Integer(i16::from_le_bytes(word(bytes, index)?).into()),
        DType::U32 => Number::Integer(u32::from_le_bytes(word(bytes, index)?).into()),
        DType::I32 => Number::Integer(i32::from_le_bytes(word(bytes, index)?).into()),
        DType::U64 => Number::Integer(u64::from_le_bytes(word(bytes, index)?).into()),
        DType::I64 => Number::Integer(i64::from_le_bytes(word(bytes, index)?).into()),
        DType::U4 => Number::Integer(int4::get(bytes, index)?.into()),
        DType::I4 => Number::Integer(int4::signed(int4::get(bytes, index)?).into()),
        DType::F16 => Number::Float(f16::from_le_bytes(word(bytes, index)?).into()),
        DType::BF16 => Number::Float(bf16::from_le_bytes(word(bytes, index)?).into()),
        DType::F32 => Number::Float(f32::from_le_bytes(word(bytes, index)?).into()),
        DType::F64 => Number::Float(f64::from_le_bytes(word(bytes, index)?)),
        DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ => {
            Number::Float(float8::Format::of(dtype)?.decode(code()?).into())
        }
        DType::String => return None,
    })
}

/// The elements of a view, row-major; `None` for strings.
pub(crate) fn iter<'a>(view: TensorView<'a>) -> Option<impl Iterator<Item = Number> + 'a> {
    let (dtype, bytes) = (view.dtype(), view.bytes()?);
    Some((0..view.elements()).map_while(move |index| read(dtype, bytes, index)))
}

/// The elements of a tensor as f64, row-major; bools as 0 and 1, integers past 2^53 rounded. `None` for strings.
pub fn iter_f64<'a>(view: TensorView<'a>) -> Option<impl Iterator<Item = f64> + 'a> {
    iter(view).map(|numbers| numbers.map(Number::to_f64))
}

/// The greatest absolute and the greatest relative difference between the elements of `a` and `b`, which have
/// one shape and any numeric dtypes. (0, 0) for empty tensors.
///
/// The relative difference of two elements is |a - b| / max(|a|, |b|), so it is at most 2. Equal elements, two
/// infinities of one sign and two NaN differ by 0; a NaN or an infinity against anything else differs by infinity,
/// both ways.
pub fn max_error(a: TensorView<'_>, b: TensorView<'_>) -> Result<(f64, f64), CompareError> {
    if a.shape() != b.shape() {
        return Err(CompareError::Shape { left: a.shape().to_vec(), right: b.shape().to_vec() });
    }
    let (Some(left), Some(right)) = (iter(a), iter(b)) else {
        return Err(CompareError::Strings);
    };
    Ok(left
        .zip(right)
        .map(|(left, right)| difference(left, right))
        .fold((0.0, 0.0), |(abs, rel), (a, r)| (f64::max(abs, a), f64::max(rel, r))))
}

/// The absolute and relative difference of two elements; never NaN.
fn difference(left: Number, right: Number) -> (f64, f64) {
    let (a, b) = (left.to_f64(), right.to_f64());
    let absolute = match (left, right) {
        (Number::Integer(left), Number::Integer(right)) => left.abs_diff(right) as f64,
        _ if a == b || (a.is_nan() && b.is_nan()) => 0.0,
        _ if !a.is_finite() || !b.is_finite() => return (f64::INFINITY, f64::INFINITY),
        _ => (a - b).abs(),
    };
    if absolute == 0.0 {
        return (0.0, 0.0);
    }
    let scale = a.abs().max(b.abs());
    // Divided before it is subtracted, the difference of two huge values stays finite.
    let relative = if absolute.is_finite() { absolute / scale } else { (a / scale - b / scale).abs() };
    (absolute, relative)
}

/// Index and value of the first byte of a bool tensor that is neither 0 nor 1.
pub(crate) fn invalid_bool(bytes: &[u8]) -> Option<(usize, u8)> {
    bytes.iter().copied().enumerate().find(|&(_, byte)| byte > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    fn f32s(values: &[f32]) -> Tensor {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Tensor::from_bytes(DType::F32, &[values.len()], &bytes).unwrap()
    }

    fn i64s(values: &[i64]) -> Tensor {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Tensor::from_bytes(DType::I64, &[values.len()], &bytes).unwrap()
    }

    fn first_two(dtype: DType, bytes: &[u8]) -> Vec<f64> {
        iter_f64(TensorView::new(dtype, &[2], bytes).unwrap()).unwrap().collect()
    }

    #[test]
    fn every_dtype_reads_as_f64() {
        assert_eq!(first_two(DType::Bool, &[0, 1]), [0.0, 1.0]);
        assert_eq!(first_two(DType::U8, &[255, 1]), [255.0, 1.0]);
        assert_eq!(first_two(DType::I8, &[255, 1]), [-1.0, 1.0]);
        assert_eq!(first_two(DType::U16, &[0, 1, 255, 255]), [256.0, 65535.0]);
        assert_eq!(first_two(DType::I16, &[0, 1, 255, 255]), [256.0, -1.0]);
        assert_eq!(first_two(DType::U32, &[0, 0, 0, 1, 255, 255, 255, 255]), [16_777_216.0, 4_294_967_295.0]);
        assert_eq!(first_two(DType::I32, &[0, 0, 0, 1, 255, 255, 255, 255]), [16_777_216.0, -1.0]);
        let words = [1u64.to_le_bytes(), u64::MAX.to_le_bytes()].concat();
        assert_eq!(first_two(DType::U64, &words), [1.0, 18_446_744_073_709_551_615.0]);
        assert_eq!(first_two(DType::I64, &words), [1.0, -1.0]);
        assert_eq!(first_two(DType::U4, &[0xf2]), [2.0, 15.0]);
        assert_eq!(first_two(DType::I4, &[0xf2]), [2.0, -1.0]);
        assert_eq!(first_two(DType::F16, &[0, 0x3c, 0, 0xc0]), [1.0, -2.0]);
        assert_eq!(first_two(DType::BF16, &[0x80, 0x3f, 0, 0xc0]), [1.0, -2.0]);
        assert_eq!(first_two(DType::F32, &[0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]), [1.0, -2.0]);
        let doubles = [1f64.to_le_bytes(), (-2f64).to_le_bytes()].concat();
        assert_eq!(first_two(DType::F64, &doubles), [1.0, -2.0]);
        assert_eq!(first_two(DType::F8E4M3FN, &[0x38, 0xc0]), [1.0, -2.0]);
        assert_eq!(first_two(DType::F8E4M3FNUZ, &[0x40, 0xc8]), [1.0, -2.0]);
        assert_eq!(first_two(DType::F8E5M2, &[0x3c, 0xc0]), [1.0, -2.0]);
        assert_eq!(first_two(DType::F8E5M2FNUZ, &[0x40, 0xc4]), [1.0, -2.0]);
        assert!(iter_f64(Tensor::strings(&[1], vec!["w".into()]).unwrap().view()).is_none());
    }

    #[test]
    fn errors_are_the_greatest_of_each_kind() {
        let (a, b) = (f32s(&[1.0, 100.0, 0.0]), f32s(&[2.0, 110.0, 0.0]));
        assert_eq!(max_error(a.view(), b.view()), Ok((10.0, 0.5)));
        assert_eq!(max_error(a.view(), a.view()), Ok((0.0, 0.0)));
        assert_eq!(max_error(f32s(&[]).view(), f32s(&[]).view()), Ok((0.0, 0.0)));
        assert_eq!(max_error(f32s(&[1.0]).view(), i64s(&[3]).view()), Ok((2.0, 2.0 / 3.0)));
    }

    #[test]
    fn special_values_are_equal_only_to_themselves() {
        let (nan, infinity) = (f32s(&[f32::NAN]), f32s(&[f32::INFINITY]));
        let (minus, one) = (f32s(&[f32::NEG_INFINITY]), f32s(&[1.0]));
        for (index, a) in [&nan, &infinity, &minus, &one].into_iter().enumerate() {
            for (other, b) in [&nan, &infinity, &minus, &one].into_iter().enumerate() {
                let expected = if index == other { 0.0 } else { f64::INFINITY };
                assert_eq!(max_error(a.view(), b.view()), Ok((expected, expected)));
            }
        }
    }

    #[test]
    fn huge_values_compare_without_overflow() {
        let (a, b) = (i64s(&[1 << 60]), i64s(&[(1 << 60) + 1]));
        assert_eq!(max_error(a.view(), b.view()).unwrap().0, 1.0);
        assert_eq!(max_error(i64s(&[i64::MIN]).view(), i64s(&[i64::MAX]).view()).unwrap().1, 2.0);
        let doubles = |value: f64| Tensor::from_bytes(DType::F64, &[], &value.to_le_bytes()).unwrap();
        assert_eq!(max_error(doubles(f64::MAX).view(), doubles(f64::MIN).view()), Ok((f64::INFINITY, 2.0)));
    }

    #[test]
    fn other_shapes_and_strings_are_refused() {
        let words = Tensor::strings(&[1], vec!["w".into()]).unwrap();
        assert_eq!(max_error(words.view(), f32s(&[1.0]).view()), Err(CompareError::Strings));
        assert!(matches!(max_error(f32s(&[1.0]).view(), f32s(&[]).view()), Err(CompareError::Shape { .. })));
    }
}
