//! The weights region: where each weight lies behind the head, and how its bytes get there.
//!
//! Each weight is a flatbuffer vector, its length in the four bytes before its data. Gaps are zeros, and at least
//! 64 zeros end the region, since kernels read a little past the last element.

use std::collections::HashMap;
use std::io::{self, Write};
use std::ops::Range;

use super::order::Weight;
use super::schema::tensor;
use super::tree::Table;
use super::{Layout, MAX_TOTAL, OrtFormatError};
use crate::placement;

/// Longest name of a weight or of the node that uses it.
const MAX_NAME: usize = 64 << 10;

/// A weight in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Name of the tensor; of the first one to use the bytes, where several tensors share them.
    pub name: String,
    /// Element type, as ONNX's `TensorProto.DataType` number.
    pub dtype: i32,
    /// Dims, outermost first.
    pub dims: Vec<i64>,
    /// Where the `.ort` file has the data.
    pub source: Range<usize>,
    /// First byte of the data, relative to the region's start; its length prefix is the four bytes before.
    pub offset: u64,
    /// Name and index, in its own graph, of the node that uses the weight first; `None` where none does.
    pub first_use: Option<(String, u32)>,
}

/// The region's content, by place and by source.
#[derive(Default)]
pub(super) struct Region {
    pub(super) placements: Vec<Placement>,
    pub(super) len: u64,
    /// Offset of the data that lay at this byte of the source.
    offsets: HashMap<usize, u64>,
}

impl Region {
    /// Gives each weight a place, in the order given. Weights of equal bytes get one place.
    pub(super) fn place(weights: &[Weight<'_, '_>], ort: &[u8]) -> Result<Region, OrtFormatError> {
        let mut region = Region::default();
        let mut contents = HashMap::new();
        let mut end = 0u64;
        for Weight { tensor, first_use, .. } in weights {
            let Some(source) = tensor.data(tensor::DATA) else { continue };
            let content = ort.get(source.clone()).unwrap_or_default();
            let offset = *contents.entry(content).or_insert_with(|| placement::place(end + 4, content.len() as u64));
            region.offsets.insert(source.start, offset);
            if offset < end {
                continue;
            }
            end = offset + content.len() as u64;
            if end > MAX_TOTAL {
                return Err(OrtFormatError::TooLarge { total: end, limit: MAX_TOTAL });
            }
            region.placements.push(placement(tensor, source, offset, *first_use)?);
        }
        region.len = placement::section_len(end);
        Ok(region)
    }

    /// Offset, in the region, of the data that lay at byte `source` of the file; `None` where it did not move.
    pub(super) fn offset(&self, source: usize) -> Option<u64> {
        self.offsets.get(&source).copied()
    }
}

fn placement(
    weight: &Table<'_>,
    source: Range<usize>,
    offset: u64,
    first_use: Option<&Table<'_>>,
) -> Result<Placement, OrtFormatError> {
    use super::schema::node;
    let first_use = match first_use {
        Some(user) => Some((name(user, node::NAME)?, user.scalar(node::INDEX).unwrap_or(0) as u32)),
        None => None,
    };
    let dims = weight.scalars(tensor::DIMS).as_chunks::<8>().0;
    Ok(Placement {
        name: name(weight, tensor::NAME)?,
        dtype: weight.scalar(tensor::DTYPE).unwrap_or(0) as i32,
        dims: dims.iter().map(|dim| i64::from_le_bytes(*dim)).collect(),
        source,
        offset,
        first_use,
    })
}

fn name(table: &Table<'_>, slot: usize) -> Result<String, OrtFormatError> {
    match table.string(slot).map_or(0, <[u8]>::len) {
        found if found > MAX_NAME => Err(OrtFormatError::NameTooLong { found, limit: MAX_NAME }),
        _ => Ok(table.text(slot)),
    }
}

impl Layout {
    /// Writes the weights region, `weights_len` bytes, to `out`, the data straight from `ort`, the file this layout
    /// was made of.
    ///
    /// Fails with `InvalidInput` where the placements are not of that file or overlap, and where `out` fails.
    pub fn write_weights(&self, ort: &[u8], out: &mut impl Write) -> io::Result<()> {
        let foreign = || io::Error::new(io::ErrorKind::InvalidInput, "weights do not fit the model file they are of");
        let mut written = 0;
        for weight in &self.weights {
            let data = ort.get(weight.source.clone()).ok_or_else(foreign)?;
            let prefix = u32::try_from(data.len()).map_err(|_| foreign())?.to_le_bytes();
            let gap = weight.offset.checked_sub(4).and_then(|start| start.checked_sub(written)).ok_or_else(foreign)?;
            placement::zeros(gap, out)?;
            out.write_all(&prefix)?;
            out.write_all(data)?;
            written = weight.offset + data.len() as u64;
        }
        placement::zeros(self.weights_len.checked_sub(written).ok_or_else(foreign)?, out)
    }
}
