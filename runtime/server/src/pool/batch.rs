//! Requests run together: which may be, and how their inputs and outputs lie in those of the batch.
//!
//! Tensors are row-major and the batch dim is the outermost, so a batch's elements are its requests' elements, one after
//! the other.

use blink_artifact::manifest::{Dim, ValueSpec};
use blink_tensors::{DType, DataView, TensorView};

use crate::model::{Entry, Model};
use crate::protocol::InputTensor;

/// Whether every input and output has an open first dim, the same one, which is no other dim's size.
pub(super) fn has_batch_dim(entry: &Entry) -> bool {
    let values = || entry.inputs.iter().chain(&entry.outputs);
    let first = |value: &ValueSpec| value.dims.as_ref().and_then(|dims| dims.first().cloned());
    let Some(Some(batch @ (Dim::Symbolic(_) | Dim::Unknown))) = entry.inputs.first().map(first) else { return false };
    let is_elsewhere = |value: &ValueSpec| {
        let others = value.dims.iter().flat_map(|dims| dims.iter().skip(1));
        matches!(batch, Dim::Symbolic(_)) && others.into_iter().any(|dim| *dim == batch)
    };
    // Half bytes cannot be cut between any two elements; strings are not joined.
    let is_cut = |value: &ValueSpec| value.dtype.bits().is_some_and(|bits| bits >= 8);
    values().all(|value| first(value).as_ref() == Some(&batch) && !is_elsewhere(value) && is_cut(value))
}

/// Elements of the batch dim in a request's inputs; 0 where it is not one that can be run with others.
pub(super) fn rows(model: &Model, inputs: &[InputTensor]) -> usize {
    let Some(entry) = model.entry.as_ref().filter(|entry| has_batch_dim(entry)) else { return 0 };
    let rows = inputs.first().and_then(|input| input.shape.first().copied()).unwrap_or(0);
    let is_whole = inputs.len() == entry.inputs.len();
    if is_whole && inputs.iter().all(|input| input.shape.first() == Some(&rows)) { rows } else { 0 }
}

/// Whether two requests' inputs have the same names in the same order, the same dtypes, and the same dims but the first.
pub(super) fn joins(inputs: &[InputTensor], others: &[InputTensor]) -> bool {
    let same = |(a, b): (&InputTensor, &InputTensor)| {
        a.name == b.name && a.dtype == b.dtype && a.shape.get(1..) == b.shape.get(1..)
    };
    inputs.len() == others.len() && inputs.iter().zip(others).all(same)
}

/// `shape` with another first dim.
pub(super) fn with_rows(shape: &[usize], rows: usize) -> Vec<usize> {
    let mut shape = shape.to_vec();
    if let Some(first) = shape.first_mut() {
        *first = rows;
    }
    shape
}

/// Whether all outputs of a run of `rows` can be cut between its requests.
pub(super) fn can_be_cut(outputs: &[(&str, TensorView<'_>)], rows: usize) -> bool {
    let is_bytes =
        |view: &TensorView<'_>| matches!(view.data(), DataView::Bytes(bytes) if bytes.len().is_multiple_of(rows));
    rows > 0 && outputs.iter().all(|(_, view)| view.shape().first() == Some(&rows) && is_bytes(view))
}

/// The elements of `count` rows of `view` from row `from` on, of `rows` in all.
pub(super) fn cut<'a>(view: &TensorView<'a>, rows: usize, from: usize, count: usize) -> Option<&'a [u8]> {
    let bytes = view.bytes()?;
    let row = bytes.len().checked_div(rows)?;
    bytes.get(from.checked_mul(row)?..from.checked_add(count)?.checked_mul(row)?)
}

/// One request's part of the outputs, each with the shape in `shapes`.
pub(super) fn part<'a>(
    outputs: &[(&'a str, TensorView<'a>)],
    shapes: &'a [Vec<usize>],
    rows: usize,
    from: usize,
    count: usize,
) -> Option<Vec<(&'a str, TensorView<'a>)>> {
    let cut = |((name, view), shape): (&(&'a str, TensorView<'a>), &'a Vec<usize>)| {
        let bytes = cut(view, rows, from, count)?;
        Some((*name, TensorView::new(view.dtype(), shape, bytes).ok()?))
    };
    outputs.iter().zip(shapes).map(cut).collect()
}

/// An input as a client gave it, without its elements.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) dtype: DType,
    pub(super) shape: Vec<usize>,
}

impl Sample {
    pub(super) fn of(inputs: &[InputTensor]) -> Vec<Sample> {
        let sample =
            |input: &InputTensor| Sample { name: input.name.clone(), dtype: input.dtype, shape: input.shape.clone() };
        inputs.iter().map(sample).collect()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::protocol::Elements;

    fn value(name: &str, dtype: DType, dims: &[Dim]) -> ValueSpec {
        ValueSpec { name: name.into(), dtype, dims: Some(dims.to_vec()), optional: false }
    }

    fn entry(inputs: &[ValueSpec], outputs: &[ValueSpec]) -> Entry {
        Entry { name: "m".into(), inputs: inputs.to_vec(), outputs: outputs.to_vec() }
    }

    fn input(name: &str, dtype: DType, shape: &[usize]) -> InputTensor {
        InputTensor { name: name.into(), dtype, shape: shape.to_vec(), elements: Elements::Bytes(Bytes::new()) }
    }

    #[test]
    fn a_batch_dim_is_open_everywhere_and_the_same() {
        let (n, m, three) = (|| Dim::from("n"), || Dim::from("m"), || Dim::Fixed(3));
        let a = value("a", DType::F32, &[n(), three()]);
        let y = |dims: &[Dim]| value("y", DType::F32, dims);
        assert!(has_batch_dim(&entry(std::slice::from_ref(&a), &[y(&[n()])])));
        let unknown = value("a", DType::F32, &[Dim::Unknown, three()]);
        assert!(has_batch_dim(&entry(std::slice::from_ref(&unknown), &[y(&[Dim::Unknown])])));
        for output in [&[][..], &[three()], &[m()], &[three(), n()], &[Dim::Unknown], &[n(), n()]] {
            assert!(!has_batch_dim(&entry(std::slice::from_ref(&a), &[y(output)])), "{output:?}");
        }
        for dtype in [DType::String, DType::I4] {
            assert!(!has_batch_dim(&entry(&[value("a", dtype, &[n()])], &[y(&[n()])])));
        }
        let anything = ValueSpec { dims: None, ..a.clone() };
        assert!(!has_batch_dim(&entry(&[a, anything], &[])) && !has_batch_dim(&entry(&[], &[])));
    }

    #[test]
    fn requests_of_other_dims_names_or_dtypes_do_not_join() {
        let a = [input("a", DType::F32, &[2, 5])];
        assert!(joins(&a, &[input("a", DType::F32, &[7, 5])]));
        for other in [
            input("b", DType::F32, &[2, 5]),
            input("a", DType::F16, &[2, 5]),
            input("a", DType::F32, &[2, 6]),
            input("a", DType::F32, &[2]),
            input("a", DType::F32, &[2, 5, 1]),
        ] {
            assert!(!joins(&a, &[other]));
        }
        assert!(!joins(&a, &[]));
    }

    #[test]
    fn a_part_is_a_requests_own_rows() {
        let bytes: Vec<u8> = (0..24).collect();
        let outputs = [("y", TensorView::new(DType::U16, &[4, 3], &bytes).unwrap())];
        assert!(can_be_cut(&outputs, 4) && !can_be_cut(&outputs, 3) && !can_be_cut(&outputs, 0));
        let shapes = [with_rows(&[4, 3], 2)];
        let part = part(&outputs, &shapes, 4, 1, 2).unwrap();
        assert_eq!(part[0].1.shape(), [2, 3]);
        assert_eq!(part[0].1.bytes(), Some(&bytes[6..18]));
        assert!(super::part(&outputs, &shapes, 4, 3, 2).is_none());
    }
}
