//! Golden inputs: tensors whose elements follow from a seed and a name alone, the same for ever, everywhere.
//!
//! The algorithm is part of this module's promise. A 64-bit state starts as `seed` xor the FNV-1a hash of the
//! name's UTF-8 bytes. Each element, in row-major order, takes one number of the SplitMix64 sequence (Steele, Lea
//! and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014) and becomes:
//!
//! - f64: its upper 53 bits over 2^52, less 1; other floats: its upper 24 bits over 2^23, less 1, rounded to
//!   the dtype, ties to even;
//! - integers and bools: its highest bit, since integer inputs are often indices and 0 and 1 are mostly in range;
//! - strings: `w0` to `w9`, by the high half of its 128-bit product with 10.

use half::{bf16, f16};

use crate::tensor::count;
use crate::{DType, Tensor, TensorError, float8, int4};

/// The most elements a seeded tensor may have: 2^30. The shape is often a model's word, not the user's.
pub const MAX_ELEMENTS: usize = 1 << 30;

/// The most elements a seeded string tensor may have: 2^20.
pub const MAX_STRINGS: usize = 1 << 20;

/// The tensor that `seed` and `name` make. Floats lie in [-1, 1), where rounding to 16 or 8 bits may reach 1.
///
/// Fails with [`TensorError::TooLarge`] past [`MAX_ELEMENTS`], or [`MAX_STRINGS`] for strings.
pub fn tensor(seed: u64, name: &str, dtype: DType, shape: &[usize]) -> Result<Tensor, TensorError> {
    let cap = if dtype == DType::String { MAX_STRINGS } else { MAX_ELEMENTS };
    let elements = count(shape)?;
    if elements > cap {
        return Err(TensorError::TooLarge { shape: shape.to_vec() });
    }
    let mut numbers = SplitMix64 { state: seed ^ fnv1a(name.as_bytes()) };
    if dtype == DType::String {
        let words = (0..elements).map(|_| format!("w{}", (u128::from(numbers.next()) * 10) >> 64)).collect();
        return Tensor::strings(shape, words);
    }
    let mut tensor = Tensor::zeros(dtype, shape)?;
    if let Some(bytes) = tensor.bytes_mut() {
        fill(dtype, bytes, elements, &mut numbers);
    }
    Ok(tensor)
}

fn fill(dtype: DType, bytes: &mut [u8], elements: usize, numbers: &mut SplitMix64) {
    match dtype {
        DType::F64 => each(bytes, || numbers.unit_f64().to_le_bytes()),
        DType::F32 => each(bytes, || numbers.unit_f32().to_le_bytes()),
        DType::F16 => each(bytes, || f16::from_f32(numbers.unit_f32()).to_le_bytes()),
        DType::BF16 => each(bytes, || bf16::from_f32(numbers.unit_f32()).to_le_bytes()),
        DType::Bool | DType::U8 | DType::I8 => each(bytes, || [numbers.bit()]),
        DType::U16 | DType::I16 => each(bytes, || u16::from(numbers.bit()).to_le_bytes()),
        DType::U32 | DType::I32 => each(bytes, || u32::from(numbers.bit()).to_le_bytes()),
        DType::U64 | DType::I64 => each(bytes, || u64::from(numbers.bit()).to_le_bytes()),
        DType::U4 | DType::I4 => {
            for index in 0..elements {
                int4::set(bytes, index, numbers.bit());
            }
        }
        DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ => {
            if let Some(format) = float8::Format::of(dtype) {
                each(bytes, || [format.encode(numbers.unit_f32().into(), true)]);
            }
        }
        DType::String => {}
    }
}

fn each<const N: usize>(bytes: &mut [u8], mut element: impl FnMut() -> [u8; N]) {
    let (words, _) = bytes.as_chunks_mut::<N>();
    words.fill_with(&mut element);
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn bit(&mut self) -> u8 {
        (self.next() >> 63) as u8
    }

    fn unit_f32(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    }

    fn unit_f64(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DataView;
    use crate::numeric::iter_f64;

    fn values(seed: u64, name: &str, dtype: DType) -> Vec<f64> {
        iter_f64(tensor(seed, name, dtype, &[1000]).unwrap().view()).unwrap().collect()
    }

    #[test]
    fn the_published_sequences_come_out() {
        let mut zero = SplitMix64 { state: 0 };
        let first = [zero.next(), zero.next(), zero.next()];
        assert_eq!(first, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
        let mut other = SplitMix64 { state: 1_234_567 };
        assert_eq!([other.next(), other.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    /// The expected values come from the module's documentation, followed by hand in another language.
    #[test]
    fn golden_values_stay() {
        let floats = tensor(42, "input", DType::F32, &[2, 2]).unwrap();
        let expected: [u32; 4] = [0x3f09_e11a, 0x3d64_6a80, 0x3e90_3c20, 0x3f3e_0a3e];
        assert_eq!(floats.view().bytes().unwrap(), expected.map(u32::to_le_bytes).concat());
        let words = tensor(42, "input", DType::String, &[5]).unwrap();
        let DataView::Strings(words) = words.view().data() else { panic!("not strings") };
        assert_eq!(words, ["w7", "w5", "w6", "w8", "w6"]);
        let bits = tensor(42, "indices", DType::I4, &[7]).unwrap();
        assert_eq!(bits.view().bytes().unwrap(), [0x10, 0x00, 0x10, 0x00]);
    }

    #[test]
    fn seed_and_name_both_matter_and_nothing_else_does() {
        let base = values(1, "a", DType::F32);
        assert_eq!(base, values(1, "a", DType::F32));
        assert_ne!(base, values(2, "a", DType::F32));
        assert_ne!(base, values(1, "b", DType::F32));
    }

    #[test]
    #[cfg_attr(miri, ignore = "safe arithmetic, and hours of it")]
    fn every_dtype_stays_in_range_and_varies() {
        for dtype in DType::ALL.into_iter().filter(|&dtype| dtype != DType::String) {
            let values = values(3, "x", dtype);
            let (least, greatest) = values.iter().fold((2.0, -2.0), |(a, b), &v| (f64::min(a, v), f64::max(b, v)));
            if matches!(dtype.name().as_bytes()[0], b'f') || dtype == DType::BF16 {
                assert!((-1.0..-0.9).contains(&least) && greatest > 0.9 && greatest <= 1.0, "{dtype}");
            } else {
                assert_eq!((least, greatest), (0.0, 1.0), "{dtype}");
                assert!(values.iter().all(|value| value.fract() == 0.0));
            }
        }
        let words = tensor(3, "x", DType::String, &[1000]).unwrap();
        let DataView::Strings(words) = words.view().data() else { panic!("not strings") };
        let kinds: std::collections::BTreeSet<_> = words.iter().map(String::as_str).collect();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9"]);
    }

    #[test]
    fn shapes_are_capped_before_memory_is_taken() {
        assert_eq!(tensor(0, "x", DType::F64, &[]).unwrap().view().elements(), 1);
        assert_eq!(tensor(0, "x", DType::F64, &[0, usize::MAX, 9]).unwrap().view().elements(), 0);
        for (dtype, shape) in [(DType::U8, [1 << 30, 2]), (DType::I4, [usize::MAX, 2]), (DType::String, [1 << 20, 2])] {
            assert!(matches!(tensor(0, "x", dtype, &shape), Err(TensorError::TooLarge { .. })), "{dtype}");
        }
    }
}
