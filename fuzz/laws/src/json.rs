//! Tensors as nested JSON lists: what is read is the same when it was written and read again.
//!
//! The first byte is the dtype, the rest is text.

use blink_tensors::json::{decode, encode};
use blink_tensors::{DType, MAX_RANK};

use crate::Outcome;
use crate::npy::same;

/// Checks a dtype and text.
pub fn check(input: &[u8]) -> Outcome {
    let Some((&dtype, text)) = input.split_first() else { return Outcome::Refused };
    let dtype = DType::ALL[usize::from(dtype) % DType::ALL.len()];
    let Ok(value) = serde_json::from_slice(text) else { return Outcome::Refused };
    let tensor = match decode(&value, dtype) {
        Ok(tensor) => tensor,
        Err(error) => return Outcome::refused(&error),
    };
    assert_eq!(tensor.dtype(), dtype);
    assert!(tensor.shape().len() <= MAX_RANK);
    assert!(tensor.view().elements() <= text.len());
    let written = encode(tensor.view(), text.len()).expect("as many elements as there were");
    // As text, since that is how it travels.
    let written = serde_json::from_str(&written.to_string()).expect("what was written is JSON");
    let again = decode(&written, dtype).expect("what was written can be read");
    same(tensor.view(), again.view());
    Outcome::Taken
}
