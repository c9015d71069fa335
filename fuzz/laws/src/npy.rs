//! NumPy's npy files: a tensor that was read is the same when it was written and read again.

use blink_tensors::npy::{decode, decode_as, encode};
use blink_tensors::{DType, DataView, MAX_RANK, Tensor, TensorView};

use crate::Outcome;

/// Checks a file.
pub fn check(file: &[u8]) -> Outcome {
    // The second time, bytes of unknown meaning are taken for another dtype than by default.
    let plain = read(file, None);
    read(file, Some(DType::F8E5M2FNUZ)).or(plain)
}

fn read(file: &[u8], wanted: Option<DType>) -> Outcome {
    let tensor = match wanted {
        None => decode(file),
        Some(_) => decode_as(file, wanted),
    };
    let tensor = match tensor {
        Ok(tensor) => planted(tensor),
        Err(error) => return Outcome::refused(&error),
    };
    holds(tensor.view(), file.len());
    Outcome::Taken
}

/// What must hold of a tensor that came from `len` bytes.
pub(crate) fn holds(view: TensorView<'_>, len: usize) {
    assert!(view.shape().len() <= MAX_RANK);
    match view.data() {
        DataView::Bytes(bytes) => assert!(bytes.len() <= len, "{} bytes of a file of {len}", bytes.len()),
        DataView::Strings(strings) => {
            let text: usize = strings.iter().map(String::len).sum();
            assert!(text <= len, "{text} bytes of text in a file of {len}");
        }
    }
    let mut written = Vec::new();
    encode(view, &mut written).expect("what is read from an npy file can be written to one");
    let again = decode_as(&written, Some(view.dtype())).expect("what was written can be read");
    same(view, again.view());
}

/// Fails unless the two are alike: dtype, shape and every bit.
pub(crate) fn same(one: TensorView<'_>, other: TensorView<'_>) {
    assert_eq!((one.dtype(), one.shape()), (other.dtype(), other.shape()));
    match (one.data(), other.data()) {
        (DataView::Bytes(one), DataView::Bytes(other)) => assert_eq!(one, other),
        (DataView::Strings(one), DataView::Strings(other)) => assert_eq!(one, other),
        _ => panic!("strings became bytes"),
    }
}

/// The tensor. With the feature `planted`, a wrong one for `i16` arrays that begin with more than 127: what the control
/// has to find.
fn planted(tensor: Tensor) -> Tensor {
    let first = tensor.view().bytes().and_then(|bytes| Some(i16::from_le_bytes(*bytes.first_chunk()?)));
    if !cfg!(feature = "planted") || tensor.dtype() != DType::I16 || first.is_none_or(|first| first <= 127) {
        return tensor;
    }
    Tensor::strings(&[1], vec!["ends in NUL\0".to_owned()]).expect("one string")
}
