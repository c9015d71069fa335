//! Stored tensors, from float to half: rounded to nearest, ties to even, subnormals kept.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use bytes::Bytes;
use half::f16;
use half::slice::HalfFloatSliceExt;

use crate::external::external_data;
use crate::onnx::proto::{DataLocation, DataType, TensorProto};
use crate::saved::SavedModel;

/// From here on a float is nearer to infinity than to 65504.
const TOO_LARGE: f32 = 65_520.0;
/// Up to here a float is nothing in half.
const TOO_SMALL: f32 = 1.0 / (1 << 25) as f32;
/// In tensors of so many elements or fewer, no element may become nothing: they hold constants such as `1e-12`.
const CONSTANTS: usize = 16;
/// Tensors of so many bytes and more stand outside the graph (`docs/format.md`).
const EXTERNAL: usize = 128;
/// Elements that are converted at once.
const CHUNK: usize = 64 << 10;

/// The little-endian floats of a tensor; `None` where it is none of floats, or is stored elsewhere than it says.
pub(super) fn floats(saved: &SavedModel, tensor: &TensorProto) -> Option<Bytes> {
    if tensor.data_type() != DataType::Float as i32 {
        return None;
    }
    let stored = saved.tensor_bytes(tensor);
    Some(stored.unwrap_or_else(|| tensor.float_data.iter().flat_map(|value| value.to_le_bytes()).collect()))
}

/// Whether half floats can hold what the floats of `bytes` mean.
pub(super) fn fits(bytes: &[u8]) -> bool {
    let values = || bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value));
    let is_small = bytes.len() <= CONSTANTS * 4;
    let too_large = |value: f32| value.is_finite() && value.abs() >= TOO_LARGE;
    let vanishes = |value: f32| value != 0.0 && value.abs() <= TOO_SMALL;
    !values().any(|value| too_large(value) || (is_small && vanishes(value)))
}

/// Tensors of half floats on their way into a file.
pub(super) struct Writer<'a> {
    out: BufWriter<&'a File>,
    /// What the model calls the file.
    location: &'a str,
    offset: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(file: &'a File, location: &'a str) -> Writer<'a> {
        Writer { out: BufWriter::with_capacity(4 << 20, file), location, offset: 0 }
    }

    /// The tensor `name` of half floats, with the elements of `tensor`, which are those of `floats`.
    pub(super) fn halved(&mut self, tensor: &TensorProto, name: &str, floats: &[u8]) -> io::Result<TensorProto> {
        let mut halved = TensorProto {
            name: Some(name.to_owned()),
            dims: tensor.dims.clone(),
            data_type: Some(DataType::Float16 as i32),
            ..TensorProto::default()
        };
        let len = floats.len() / 2;
        if len < EXTERNAL {
            let mut raw = Vec::with_capacity(len);
            convert(floats, &mut raw)?;
            halved.raw_data = Some(raw.into());
        } else {
            convert(floats, &mut self.out)?;
            halved.data_location = Some(DataLocation::External.into());
            halved.external_data = external_data(self.location, self.offset, len as u64);
            self.offset += len as u64;
        }
        Ok(halved)
    }

    /// Everything is in the file.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes little-endian floats as little-endian half floats.
fn convert(floats: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut values = Vec::with_capacity(CHUNK);
    let mut halves = vec![f16::ZERO; CHUNK];
    for chunk in floats.as_chunks::<4>().0.chunks(CHUNK) {
        values.clear();
        values.extend(chunk.iter().map(|value| f32::from_le_bytes(*value)));
        let halves = &mut halves[..values.len()];
        halves.convert_from_f32_slice(&values);
        let bytes: Vec<u8> = halves.iter().flat_map(|half| half.to_le_bytes()).collect();
        out.write_all(&bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn converted(values: &[f32]) -> Vec<u16> {
        let mut out = Vec::new();
        convert(&bytes(values), &mut out).unwrap();
        out.as_chunks::<2>().0.iter().map(|half| u16::from_le_bytes(*half)).collect()
    }

    #[test]
    fn values_are_rounded_to_nearest_ties_to_even_and_subnormals_stay() {
        // 1 + 2^-11 lies between two half floats: the even one is 1; of 1 + 3 * 2^-11 it is the one above.
        assert_eq!(converted(&[1.0, 1.0 + 1.0 / 2048.0, 1.0 + 3.0 / 2048.0]), [0x3c00, 0x3c00, 0x3c02]);
        assert_eq!(converted(&[65504.0, 65519.9, -65504.0]), [0x7bff, 0x7bff, 0xfbff]);
        let smallest = f16::from_bits(1).to_f32();
        assert_eq!(converted(&[smallest, -smallest, smallest * 1.5, smallest / 2.0]), [1, 0x8001, 2, 0]);
        assert_eq!(converted(&[0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY]), [0, 0x8000, 0x7c00, 0xfc00]);
        assert!(f16::from_bits(converted(&[f32::NAN])[0]).is_nan());
    }

    #[test]
    fn many_values_are_converted_as_each_alone() {
        let values: Vec<f32> =
            (0..CHUNK as u32 * 2 + 7).map(|at| f32::from_bits(at.wrapping_mul(0x9e37_79b9))).collect();
        let alone: Vec<u16> = values.iter().map(|value| f16::from_f32(*value).to_bits()).collect();
        let differs = |(a, b): (&u16, &u16)| a != b && !(f16::from_bits(*a).is_nan() && f16::from_bits(*b).is_nan());
        assert!(!converted(&values).iter().zip(&alone).any(differs));
    }

    #[test]
    fn what_half_floats_cannot_hold_does_not_fit() {
        assert!(fits(&bytes(&[65504.0, -65519.9, 0.0, f32::INFINITY, f32::NAN])));
        assert!(!fits(&bytes(&[1.0, 65520.0])) && !fits(&bytes(&[f32::MIN])));
        assert!(!fits(&bytes(&[1e-12])) && !fits(&bytes(&[1.0, -2f32.powi(-25)])));
        assert!(fits(&bytes(&[2f32.powi(-24), 1e-7])));
        let mut weights = vec![1.0; CONSTANTS + 1];
        weights[3] = 1e-12;
        assert!(fits(&bytes(&weights)), "one weight of many may vanish");
        weights[3] = 1e6;
        assert!(!fits(&bytes(&weights)));
    }
}
