//! Elements to bytes and back, and scores to probabilities.

/// The bytes of these elements, little-endian.
pub fn bytes_of_f32(elements: &[f32]) -> Vec<u8> {
    elements.iter().flat_map(|element| element.to_le_bytes()).collect()
}

/// The bytes of these elements, little-endian.
pub fn bytes_of_i64(elements: &[i64]) -> Vec<u8> {
    elements.iter().flat_map(|element| element.to_le_bytes()).collect()
}

/// The elements in these bytes; a rest of less than four bytes is left out.
pub fn f32s(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|&element| f32::from_le_bytes(element)).collect()
}

/// Scores as probabilities: positive, of sum one, in the same order.
pub fn softmax(scores: &[f32]) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let raised: Vec<f32> = scores.iter().map(|score| (score - highest).exp()).collect();
    let sum: f32 = raised.iter().sum();
    raised.iter().map(|value| value / sum).collect()
}
