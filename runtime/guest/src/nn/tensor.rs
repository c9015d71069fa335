//! What a guest gives against what a model's input takes: type, rank, dims, bytes, before the engine sees any of it.

use blink_artifact::manifest::{Dim, ValueSpec};
use blink_tensors::{DType, MAX_RANK, TensorView};

use super::dtype::TensorType;
use super::failure::{Code, Error};

/// A tensor as a guest describes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub(super) ty: TensorType,
    pub(super) dims: &'a [u32],
    pub(super) bytes: &'a [u8],
}

/// The shape under which `input`, known by `ty`, takes what is given.
pub(super) fn fit(input: &ValueSpec, ty: TensorType, given: Given<'_>) -> Result<Vec<usize>, Error> {
    if given.ty != ty {
        return Err(refused(input, format_args!("got {}", given.ty.name())));
    }
    check_rank(given.dims.len())?;
    let mut shape = Vec::with_capacity(given.dims.len());
    for &dim in given.dims {
        shape.push(usize::try_from(dim).map_err(|_| refused(input, format_args!("got a dim of {dim}")))?);
    }
    // The interface has a single value be of dims [1].
    if input.dims.as_ref().is_some_and(Vec::is_empty) && shape == [1] {
        shape.clear();
    }
    if let Some(dims) = &input.dims {
        let fits = |(dim, &size): (&Dim, &usize)| !matches!(dim, Dim::Fixed(fixed) if *fixed != size as u64);
        if dims.len() != shape.len() || !dims.iter().zip(&shape).all(fits) {
            return Err(refused(input, format_args!("got dims {:?}", given.dims)));
        }
    }
    TensorView::new(input.dtype, &shape, given.bytes)
        .map_err(|error| refused(input, format_args!("does not fit: {error}")))?;
    if input.dtype == DType::Bool
        && let Some(&byte) = given.bytes.iter().find(|&&byte| byte > 1)
    {
        return Err(refused(input, format_args!("got an element of {byte}, neither 0 nor 1")));
    }
    Ok(shape)
}

/// Whether a tensor may have this many dims.
pub(super) fn check_rank(rank: usize) -> Result<(), Error> {
    if rank <= MAX_RANK {
        return Ok(());
    }
    Err(Error::new(Code::InvalidArgument, format_args!("tensor has rank {rank}: expected at most {MAX_RANK}")))
}

fn refused(input: &ValueSpec, found: impl std::fmt::Display) -> Error {
    Error::new(Code::InvalidArgument, format_args!("input '{}' {found}: the model takes {input}", input.name))
}

/// The first input that must be given and is not.
pub(super) fn missing(inputs: &[ValueSpec], is_given: impl Fn(usize) -> bool) -> Option<Error> {
    let (_, input) = inputs.iter().enumerate().find(|(index, input)| !input.optional && !is_given(*index))?;
    Some(Error::new(Code::InvalidArgument, format_args!("input '{}' is missing: the model takes {input}", input.name)))
}

/// Names as messages list them.
pub(super) fn names(values: &[ValueSpec]) -> String {
    values.iter().map(|value| value.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(dtype: DType, dims: Option<&[u64]>) -> ValueSpec {
        let dims = dims.map(|dims| dims.iter().map(|&dim| if dim == 0 { Dim::Unknown } else { dim.into() }).collect());
        ValueSpec { name: "x".into(), dtype, dims, optional: false }
    }

    fn shape(input: &ValueSpec, ty: TensorType, dims: &[u32], bytes: usize) -> Option<Vec<usize>> {
        fit(input, ty, Given { ty, dims, bytes: &vec![0; bytes] }).ok()
    }

    #[test]
    fn shapes_are_those_that_the_model_takes() {
        let float = TensorType::F32;
        let open = input(DType::F32, Some(&[0, 2]));
        assert_eq!(shape(&open, float, &[3, 2], 24), Some(vec![3, 2]));
        assert_eq!(shape(&open, float, &[0, 2], 0), Some(vec![0, 2]));
        for (dims, bytes) in [(&[3, 2][..], 23), (&[3, 2], 25), (&[3, 3], 36), (&[2], 8), (&[], 4), (&[3, 2, 1], 24)] {
            assert_eq!(shape(&open, float, dims, bytes), None, "{dims:?}, {bytes} bytes");
        }
        let any = input(DType::F32, None);
        assert_eq!(shape(&any, float, &[], 4), Some(vec![]));
        assert_eq!(shape(&any, float, &[1; 32], 4), Some(vec![1; 32]));
        assert_eq!(shape(&any, float, &[1; 33], 4), None);
        assert_eq!(shape(&any, float, &[u32::MAX; 4], 4), None, "a product past 64 bits");
        assert_eq!(shape(&any, float, &[1 << 31, 1 << 31, 4], 0), None, "a product that wraps to 0");
        let scalar = input(DType::F32, Some(&[]));
        assert_eq!(shape(&scalar, float, &[], 4), Some(vec![]));
        assert_eq!(shape(&scalar, float, &[1], 4), Some(vec![]));
        assert_eq!(shape(&scalar, float, &[1, 1], 4), None);
    }

    #[test]
    fn a_bool_is_0_or_1() {
        let flags = input(DType::Bool, Some(&[2]));
        let given = |bytes| Given { ty: TensorType::U8, dims: &[2], bytes };
        assert!(fit(&flags, TensorType::U8, given(&[0, 1])).is_ok());
        assert!(fit(&flags, TensorType::U8, given(&[0, 2])).unwrap_err().words.contains("element of 2"));
    }
}
