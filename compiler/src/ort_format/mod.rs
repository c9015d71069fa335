//! ONNX Runtime's model file, laid out again: metadata packed at the head, weights behind it in order of use.
//!
//! [`relayout`] takes an `.ort` file (a flatbuffer, identifier `ORTM`, format version 6) and gives the bytes of
//! the new head and the place of every weight. Head, zeros up to `weights_start`, and weights are together one
//! valid flatbuffer that ONNX Runtime loads in place. The result depends on the model alone: the tables that
//! ONNX Runtime writes in hash order are sorted, and the nodes are numbered anew. Weights are never held in memory twice.
//!
//! A file is refused, with no panic and no memory beyond a fixed multiple of its size, where an offset leaves it,
//! tables nest too deep or are shared, or a field is set that this version of the schema does not know.

mod canonical;
mod census;
mod error;
mod numbers;
mod order;
mod reader;
mod schema;
mod shapes;
mod tree;
mod weights;
mod writer;

#[cfg(test)]
mod tests;

pub use census::{Census, census};
pub use error::OrtFormatError;
pub use weights::Placement;

use weights::Region;

/// Largest flatbuffer there is: offsets are signed 32-bit numbers.
const MAX_TOTAL: u64 = i32::MAX as u64 - 1;

/// The last element type of ONNX's `TensorProto.DataType` that the format knows: no 4-bit integers.
const LAST_DTYPE: u64 = 20;

/// An `.ort` file laid out again: the head's bytes, and where each weight goes behind it.
pub struct Layout {
    /// The head: every table, string and small tensor. Its offsets already point at the weights.
    pub metadata: Vec<u8>,
    /// The weights, in order of `offset`, which is the order the model first uses them in.
    pub weights: Vec<Placement>,
    /// First byte of the weights region, counted from the head's first byte.
    pub weights_start: u64,
    /// Bytes of the weights region, its tail of zeros included; 0 where the model has no large weight.
    pub weights_len: u64,
}

/// Whether ONNX Runtime can use the weights of the `.ort` file in `ort` where they lie.
///
/// It cannot where a node's attribute holds a tensor of 128 bytes or more: such a model loads only without
/// `session.use_ort_model_bytes_for_initializers`. Nor where a tensor is of 4-bit integers: ONNX Runtime writes what
/// it cannot read back.
pub fn usable_in_place(ort: &[u8]) -> Result<bool, OrtFormatError> {
    let session = reader::read(ort)?;
    let mut is_known = true;
    session.walk(&mut |table| {
        is_known &= !table.is(&schema::TENSOR) || table.scalar(schema::tensor::DTYPE).unwrap_or(0) <= LAST_DTYPE;
    });
    Ok(is_known && !order::by_first_use(&session)?.iter().any(|weight| weight.in_attribute))
}

/// Lays the `.ort` file in `ort` out again, to stand at byte `offset` of another file, where its weights region
/// starts at a multiple of `weights_alignment`.
///
/// Every tensor of 128 bytes or more moves to the region, on 64 bytes (on 4096 from 1 MiB); equal weights share
/// one place. Values with open dims lose their shapes (`shapes.rs` says why). Whoever loads the result must keep its first byte at least on a 4096-byte boundary.
///
/// Fails where the file is damaged or not of format version 6, where `weights_alignment` is not a power of two
/// from 4 KiB to 2 MiB, where `offset` is not a multiple of 4096, and where the result passes 2 GiB.
pub fn relayout(ort: &[u8], offset: u64, weights_alignment: u64) -> Result<Layout, OrtFormatError> {
    if !weights_alignment.is_power_of_two() || !(4096..=2 << 20).contains(&weights_alignment) {
        return Err(OrtFormatError::BadAlignment { found: weights_alignment });
    }
    if !offset.is_multiple_of(4096) {
        return Err(OrtFormatError::BadAlignment { found: offset });
    }
    let mut session = reader::read(ort)?;
    canonical::sort(&mut session);
    numbers::renumber(&mut session);
    shapes::forget_open(&mut session);
    let weights = order::by_first_use(&session)?;
    let region = Region::place(&weights, ort)?;
    // What the region's start must be counted from to fall on the alignment of the file around it.
    let before = offset % weights_alignment;
    let start = |metadata: u64| (before + metadata).next_multiple_of(weights_alignment) - before;
    let metadata = writer::write(&session, ort, &region, start)?;
    let weights_start = start(metadata.len() as u64);
    Ok(Layout { metadata, weights_start, weights_len: region.len, weights: region.placements })
}
