//! Raw tensors: bytes alone, whose dtype and shape are said beside them, as in `f32:1x3x224x224`.
//!
//! Bytes are row-major, little-endian and exactly as many as dtype and shape need; strings have no raw form.

use crate::{DType, MAX_RANK, Tensor, TensorError, numeric};

/// Why a raw tensor, or what was said of it, could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum RawError {
    #[error("raw tensor '{spec}' has no ':': expected a dtype and a shape, such as f32:1x3x224x224 or f32:scalar")]
    Colon { spec: String },
    #[error("raw tensor: {0}")]
    DType(String),
    #[error("raw tensor has dim '{dim}': expected digits, such as the 224 of f32:1x3x224x224")]
    Dim { dim: String },
    #[error("raw tensor has more than {MAX_RANK} dims")]
    Rank,
    #[error("bool tensor has byte {found} at element {index}: expected 0 or 1")]
    Bool { index: usize, found: u8 },
    #[error("raw tensor: {0}")]
    Tensor(#[from] TensorError),
}

/// The dtype and the shape that `spec` says: a dtype, a colon and the dims between `x` or `,`. No dims, or the
/// word `scalar`, is a scalar.
pub fn parse_spec(spec: &str) -> Result<(DType, Vec<usize>), RawError> {
    let (dtype, dims) = spec.split_once(':').ok_or_else(|| RawError::Colon { spec: spec.to_owned() })?;
    let dtype = dtype.parse().map_err(RawError::DType)?;
    if dims.is_empty() || dims == "scalar" {
        return Ok((dtype, Vec::new()));
    }
    let shape = dims.split(['x', ',']).take(MAX_RANK + 1).map(parse_dim).collect::<Result<Vec<_>, _>>()?;
    if shape.len() > MAX_RANK {
        return Err(RawError::Rank);
    }
    Ok((dtype, shape))
}

fn parse_dim(dim: &str) -> Result<usize, RawError> {
    let digits = !dim.is_empty() && dim.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = if digits { dim.parse().ok() } else { None };
    parsed.ok_or_else(|| RawError::Dim { dim: dim.to_owned() })
}

/// A tensor of `bytes`, which must be exactly as many as `dtype` and `shape` need; bools must be 0 or 1.
pub fn decode(dtype: DType, shape: &[usize], bytes: &[u8]) -> Result<Tensor, RawError> {
    if shape.len() > MAX_RANK {
        return Err(RawError::Rank);
    }
    if dtype == DType::Bool
        && let Some((index, found)) = numeric::invalid_bool(bytes)
    {
        return Err(RawError::Bool { index, found });
    }
    Ok(Tensor::from_bytes(dtype, shape, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_say_dtype_and_shape() {
        assert_eq!(parse_spec("f32:1x3x224x224"), Ok((DType::F32, vec![1, 3, 224, 224])));
        assert_eq!(parse_spec("i64:2,0"), Ok((DType::I64, vec![2, 0])));
        assert_eq!(parse_spec("u4:7"), Ok((DType::U4, vec![7])));
        assert_eq!(parse_spec("f32:"), Ok((DType::F32, vec![])));
        assert_eq!(parse_spec("bool:scalar"), Ok((DType::Bool, vec![])));
        assert_eq!(parse_spec(&format!("u8:1{}", "x1".repeat(31))).unwrap().1.len(), 32);
    }

    #[test]
    fn malformed_specs_are_refused() {
        for spec in ["", "f32", "1x2"] {
            assert!(matches!(parse_spec(spec), Err(RawError::Colon { .. })), "{spec}");
        }
        for spec in [":1", "float:1", "F32:1", " f32:1", "1x2:f32"] {
            assert!(matches!(parse_spec(spec), Err(RawError::DType(_))), "{spec}");
        }
        for spec in ["f32:x", "f32:1x", "f32:1xx2", "f32:-1", "f32:+1", "f32: 1", "f32:1.0", "f32:n", "f32:1:2"] {
            assert!(matches!(parse_spec(spec), Err(RawError::Dim { .. })), "{spec}");
        }
        assert!(matches!(parse_spec("f32:99999999999999999999"), Err(RawError::Dim { .. })));
        assert_eq!(parse_spec(&format!("u8:1{}", "x1".repeat(32))), Err(RawError::Rank));
    }

    #[test]
    fn bytes_must_be_exactly_enough() {
        let tensor = decode(DType::U16, &[2], &[1, 0, 2, 0]).unwrap();
        assert_eq!((tensor.shape(), tensor.view().bytes().unwrap()), (&[2][..], &[1, 0, 2, 0][..]));
        assert_eq!(decode(DType::U4, &[3], &[0x21, 3]).unwrap().view().elements(), 3);
        for (dtype, len) in [(DType::U16, 3), (DType::U16, 5), (DType::F64, 15), (DType::U4, 2), (DType::I8, 0)] {
            let found = decode(dtype, &[2], &vec![0; len]).unwrap_err();
            assert!(matches!(found, RawError::Tensor(TensorError::WrongLength { .. })), "{dtype} {len}");
        }
        let found = decode(DType::F32, &[usize::MAX, 2], &[]).unwrap_err();
        assert!(matches!(found, RawError::Tensor(TensorError::TooLarge { .. })));
    }

    #[test]
    fn strings_other_bools_and_long_shapes_are_refused() {
        assert_eq!(decode(DType::String, &[1], &[0]).unwrap_err(), RawError::Tensor(TensorError::StringBytes));
        assert_eq!(decode(DType::Bool, &[3], &[0, 1, 2]).unwrap_err(), RawError::Bool { index: 2, found: 2 });
        assert_eq!(decode(DType::U8, &[1; 33], &[0]).unwrap_err(), RawError::Rank);
    }
}
