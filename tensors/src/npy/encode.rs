//! Tensors as npy files of version 1.0, in row-major order; the data starts at a multiple of 64 bytes.

use std::io::Write;

use super::descr::Descr;
use super::header::MAGIC;
use super::{MAX_STRING_BYTES, MAX_STRINGS, NpyError};
use crate::{DType, DataView, MAX_RANK, TensorView, numeric};

/// Where data may start, in bytes.
const ALIGNMENT: usize = 64;

/// Bytes before the header's text: magic, version, length.
const PRELUDE: usize = MAGIC.len() + 2 + 2;

/// Writes `view` to `out`: whatever is written, [`super::decode_as`] reads back as the same tensor.
///
/// Strings become `<U`, as long as the longest; bf16 becomes `|V2` and 8-bit floats `|V1`. Refuses 4-bit integers,
/// strings that end in NUL, bools that are neither 0 nor 1, and what is past the caps of the reader.
pub fn encode(view: TensorView<'_>, out: &mut impl Write) -> Result<(), NpyError> {
    if view.shape().len() > MAX_RANK {
        return Err(NpyError::Rank);
    }
    let descr = Descr::of(view.dtype()).ok_or(NpyError::NoDescr { dtype: view.dtype() })?;
    match view.data() {
        DataView::Bytes(bytes) => {
            if view.dtype() == DType::Bool
                && let Some((index, found)) = numeric::invalid_bool(bytes)
            {
                return Err(NpyError::Bool { index, found });
            }
            out.write_all(&header(descr, view.shape()))?;
            out.write_all(bytes)?;
        }
        DataView::Strings(strings) => {
            let chars = longest(strings)?;
            out.write_all(&header(&format!("{descr}{chars}"), view.shape()))?;
            let mut item = Vec::with_capacity(chars * 4);
            for string in strings {
                item.clear();
                item.extend(string.chars().flat_map(|char| u32::from(char).to_le_bytes()));
                item.resize(chars * 4, 0);
                out.write_all(&item)?;
            }
        }
    }
    Ok(())
}

fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let dims: String = shape.iter().map(|dim| format!("{dim}, ")).collect();
    // As NumPy writes it: a comma ends the tuple only where there is one dim.
    let dims = if shape.len() == 1 { dims.trim_end() } else { dims.trim_end_matches(", ") };
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dims}), }}");
    let total = (PRELUDE + text.len() + 1).next_multiple_of(ALIGNMENT);
    // MAX_RANK dims of 20 digits stay far below the 64 KiB that the length field can say.
    let length = (total - PRELUDE) as u16;
    let mut bytes = Vec::with_capacity(total);
    bytes.extend(MAGIC);
    bytes.extend([1, 0]);
    bytes.extend(length.to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes.resize(total - 1, b' ');
    bytes.push(b'\n');
    bytes
}

/// Characters of the longest string; 1 where all are empty, as NumPy has it.
fn longest(strings: &[String]) -> Result<usize, NpyError> {
    if strings.len() > MAX_STRINGS {
        return Err(NpyError::StringCount { found: strings.len() });
    }
    if let Some(index) = strings.iter().position(|string| string.ends_with('\0')) {
        return Err(NpyError::TrailingNul { index });
    }
    let chars = strings.iter().map(|string| string.chars().count()).max().unwrap_or(0).max(1);
    let found = chars.saturating_mul(4);
    if found > MAX_STRING_BYTES { Err(NpyError::StringBytes { found }) } else { Ok(chars) }
}
