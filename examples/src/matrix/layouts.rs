//! Every dtype in, moved about, and out again: a transpose of [2, 3] for each.

use blink_tensors::{DType, Tensor};

use super::Case;
use super::reference::transpose;
use crate::{GraphBuilder, attribute};

pub(super) fn cases() -> Vec<Case> {
    DType::ALL.into_iter().map(transposed).collect()
}

fn transposed(dtype: DType) -> Case {
    let mut graph = GraphBuilder::new(&format!("transpose_{dtype}"));
    graph.node("Transpose", &["x"], &["y"], [attribute::ints("perm", &[1, 0])]);
    let (x, y) = match dtype.bits() {
        None => {
            let words = ["", "a", "two words", "\u{fc}ml\u{e4}ut", "\u{1f980}", "line\nbreak"].map(str::to_owned);
            let tensor = |shape: [usize; 2], words: Vec<String>| Tensor::strings(&shape, words).expect("six strings");
            let order = transpose(&[0, 1, 2, 3, 4, 5], 2);
            let swapped = order.iter().map(|&index: &usize| words[index].clone()).collect();
            (tensor([2, 3], words.to_vec()), tensor([3, 2], swapped))
        }
        Some(4) => {
            let nibbles = [1, 15, 8, 7, 0, 9];
            let pack = |nibbles: &[u8]| -> Vec<u8> { nibbles.chunks(2).map(|pair| pair[0] | pair[1] << 4).collect() };
            (bytes(dtype, [2, 3], &pack(&nibbles)), bytes(dtype, [3, 2], &pack(&transpose(&nibbles, 2))))
        }
        Some(bits) => {
            let elements: Vec<Vec<u8>> = (0..6).map(|index| element(dtype, index, bits / 8)).collect();
            let order = transpose(&[0, 1, 2, 3, 4, 5], 2);
            let swapped: Vec<u8> = order.iter().flat_map(|&index: &usize| elements[index].clone()).collect();
            (bytes(dtype, [2, 3], &elements.concat()), bytes(dtype, [3, 2], &swapped))
        }
    };
    Case::new(graph, [("x", x)], [("y", y)])
}

fn bytes(dtype: DType, shape: [usize; 2], bytes: &[u8]) -> Tensor {
    Tensor::from_bytes(dtype, &shape, bytes).expect("six elements")
}

/// Six different bit patterns (two for bool), none of them a NaN in any float format.
fn element(dtype: DType, index: u8, len: usize) -> Vec<u8> {
    match dtype {
        DType::Bool => vec![u8::from(matches!(index, 0 | 3))],
        _ => (0..len).map(|byte| 0x11 * (index + 1) + byte as u8).collect(),
    }
}
