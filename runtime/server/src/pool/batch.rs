//! Requests run together: which may be, and how their inputs and outputs lie in those of the batch.
//!
//! Tensors are row-major and the batch dim is the outermost, so a batch's elements are its requests' elements, one after
//! the other.

use blink_tensors::{DType, DataView, TensorView};

use crate::model::Model;
use crate::protocol::InputTensor;

/// Elements of the batch dim in a request's inputs; 0 where it is not one that can be run with others.
pub(super) fn rows(model: &Model, inputs: &[InputTensor]) -> usize {
    let Some(entry) = model.entry.as_ref().filter(|entry| entry.has_batch_dim()) else { return 0 };
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

    fn input(name: &str, dtype: DType, shape: &[usize]) -> InputTensor {
        InputTensor { name: name.into(), dtype, shape: shape.to_vec(), elements: Elements::Bytes(Bytes::new()) }
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
