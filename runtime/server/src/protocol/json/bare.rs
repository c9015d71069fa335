//! A body that is one input's elements and nothing else: what they are is the model's to say.
//!
//! At most one dim may be open: its size is worked out of the length.

use blink_artifact::manifest::{Dim, ValueSpec};
use blink_tensors::DType;
use bytes::Bytes;

use crate::error::RequestError;
use crate::model::Entry;
use crate::protocol::shape::{elements, invalid};
use crate::protocol::{Elements, InputTensor, binary, datatype};

/// The one input of `entry`, out of a body without JSON. Text is one element, without a length before it.
pub(super) fn decode(entry: &Entry, body: Bytes) -> Result<InputTensor, RequestError> {
    let [input] = entry.inputs.as_slice() else {
        let found = entry.inputs.len();
        return invalid(format!("request is bytes without JSON, which a model of one input takes; this has {found}"));
    };
    let (name, dtype) = (input.name.clone(), input.dtype);
    let shape = shape(input, body.len())?;
    let elements = match dtype {
        DType::String => match String::from_utf8(body.into()) {
            Ok(text) => Elements::Strings(vec![text]),
            Err(_) => return invalid(format!("input '{name}' is not UTF-8")),
        },
        _ => binary::decode(&name, dtype, &shape, body)?,
    };
    Ok(InputTensor { name, dtype, shape, elements })
}

fn shape(input: &ValueSpec, len: usize) -> Result<Vec<usize>, RequestError> {
    let Some(dims) = &input.dims else {
        return invalid(format!("request is bytes without JSON, and the model does not say the rank of {input}"));
    };
    let fixed = |dim: &Dim| match dim {
        Dim::Fixed(size) => usize::try_from(*size).ok(),
        Dim::Symbolic(_) | Dim::Unknown => None,
    };
    let open = dims.iter().filter(|dim| fixed(dim).is_none()).count();
    if open > 1 && input.dtype != DType::String {
        return invalid(format!(
            "request is bytes without JSON, and {input} has {open} open dims, at most one is found"
        ));
    }
    let of = |size: usize| dims.iter().map(|dim| fixed(dim).unwrap_or(size)).collect::<Vec<_>>();
    let ones = of(1);
    let each = elements(&input.name, &ones)?;
    let kind = datatype(input.dtype);
    if input.dtype == DType::String {
        return match each {
            1 => Ok(ones),
            _ => invalid(format!("request is bytes without JSON, which is one element; {input} has {each}")),
        };
    }
    if open == 0 {
        return Ok(ones);
    }
    // Two elements of 4 bits share a byte, so a length stands for two sizes where their number is odd.
    let bits = input.dtype.bits().and_then(|bits| bits.checked_mul(each)).filter(|bits| bits.is_multiple_of(8));
    let size = bits.and_then(|bits| len.checked_div(bits / 8));
    match size {
        Some(size) if bits.is_some_and(|bits| bits / 8 * size == len) => Ok(of(size)),
        _ => invalid(format!("request has {len} bytes, no size of the open dim of {input} makes as many ({kind})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(inputs: Vec<ValueSpec>) -> Entry {
        Entry { name: None, inputs, outputs: Vec::new() }
    }

    fn input(dtype: DType, dims: Option<Vec<Dim>>) -> ValueSpec {
        ValueSpec { name: "x".into(), dtype, dims, optional: false }
    }

    fn shape_of(dtype: DType, dims: &[Dim], len: usize) -> Option<Vec<usize>> {
        let body = vec![b'1'; len].into();
        match decode(&entry(vec![input(dtype, Some(dims.to_vec()))]), body) {
            Ok(tensor) => Some(tensor.shape),
            Err(RequestError::Invalid(_)) => None,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn one_open_dim_is_found_out() {
        let batch = || Dim::from("batch");
        assert_eq!(shape_of(DType::F32, &[batch(), 3.into()], 24), Some(vec![2, 3]));
        assert_eq!(shape_of(DType::F32, &[2.into(), Dim::Unknown], 0), Some(vec![2, 0]));
        assert_eq!(shape_of(DType::F32, &[2.into(), 3.into()], 24), Some(vec![2, 3]));
        assert_eq!(shape_of(DType::F32, &[], 4), Some(vec![]));
        assert_eq!(shape_of(DType::U4, &[batch(), 4.into()], 6), Some(vec![3, 4]));
        assert_eq!(shape_of(DType::String, &[batch(), 1.into()], 6), Some(vec![1, 1]));
    }

    #[test]
    fn lengths_that_no_size_makes_are_refused() {
        let batch = || Dim::from("batch");
        assert_eq!(shape_of(DType::F32, &[batch(), 3.into()], 25), None);
        assert_eq!(shape_of(DType::F32, &[batch(), 3.into()], 4), None);
        assert_eq!(shape_of(DType::F32, &[2.into()], 4), None);
        assert_eq!(shape_of(DType::F32, &[batch(), Dim::Unknown], 4), None);
        assert_eq!(shape_of(DType::F32, &[batch(), 0.into()], 4), None);
        assert_eq!(shape_of(DType::U4, &[batch(), 3.into()], 3), None);
        assert_eq!(shape_of(DType::F32, &[batch(), (1 << 62).into()], 4), None);
        assert_eq!(shape_of(DType::String, &[2.into()], 4), None);
    }

    #[test]
    fn only_models_of_one_input_that_says_its_rank_take_it() {
        for inputs in [vec![], vec![input(DType::U8, None)], vec![input(DType::U8, Some(vec![])); 2]] {
            assert!(matches!(decode(&entry(inputs), Bytes::from_static(b"1")), Err(RequestError::Invalid(_))));
        }
        let text = decode(&entry(vec![input(DType::String, Some(vec![1.into()]))]), Bytes::from_static(b"\xff"));
        assert!(matches!(text, Err(RequestError::Invalid(_))));
    }
}
