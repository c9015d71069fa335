//! The four 8-bit floats of ONNX, to and from wider floats.
//!
//! Every finite code converts exactly; values round to nearest, ties to even, once. Overflow, infinities and
//! NaN follow the two tables ("with saturation" and without) of ONNX's technical page on 8-bit floats.

use crate::DType;

/// The layout of an 8-bit float: a sign bit, then exponent, then mantissa.
///
/// | format | exponent bits | mantissa bits | bias | largest | smallest | infinity | NaN | -0 |
/// |---|---|---|---|---|---|---|---|---|
/// | E4M3FN | 4 | 3 | 7 | 448 | 2^-9 | none | 0x7f, 0xff | yes |
/// | E4M3FNUZ | 4 | 3 | 8 | 240 | 2^-10 | none | 0x80 | no |
/// | E5M2 | 5 | 2 | 15 | 57344 | 2^-16 | 0x7c, 0xfc | 0x7d-0x7f, 0xfd-0xff | yes |
/// | E5M2FNUZ | 5 | 2 | 16 | 57344 | 2^-17 | none | 0x80 | no |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    mantissa_bits: u32,
    bias: i32,
    /// Code of the largest finite value.
    largest: u8,
    /// Code of positive infinity, where the format has it.
    infinity: Option<u8>,
    /// Whether 0x80 is the one NaN, rather than minus zero.
    unsigned_zero: bool,
}

const SIGN: u8 = 0x80;

impl Format {
    /// ONNX's `FLOAT8E4M3FN`.
    pub const E4M3FN: Format =
        Format { mantissa_bits: 3, bias: 7, largest: 0x7e, infinity: None, unsigned_zero: false };
    /// ONNX's `FLOAT8E4M3FNUZ`.
    pub const E4M3FNUZ: Format =
        Format { mantissa_bits: 3, bias: 8, largest: 0x7f, infinity: None, unsigned_zero: true };
    /// ONNX's `FLOAT8E5M2`.
    pub const E5M2: Format =
        Format { mantissa_bits: 2, bias: 15, largest: 0x7b, infinity: Some(0x7c), unsigned_zero: false };
    /// ONNX's `FLOAT8E5M2FNUZ`.
    pub const E5M2FNUZ: Format =
        Format { mantissa_bits: 2, bias: 16, largest: 0x7f, infinity: None, unsigned_zero: true };

    /// The format of an 8-bit float dtype; `None` for every other dtype.
    pub const fn of(dtype: DType) -> Option<Format> {
        match dtype {
            DType::F8E4M3FN => Some(Format::E4M3FN),
            DType::F8E4M3FNUZ => Some(Format::E4M3FNUZ),
            DType::F8E5M2 => Some(Format::E5M2),
            DType::F8E5M2FNUZ => Some(Format::E5M2FNUZ),
            _ => None,
        }
    }

    /// Whether the format has infinities.
    pub const fn has_infinity(self) -> bool {
        self.infinity.is_some()
    }

    /// The value of `code`, exactly.
    pub fn decode(self, code: u8) -> f32 {
        let sign = if code & SIGN == 0 { 1.0 } else { -1.0 };
        let magnitude = code & !SIGN;
        if self.unsigned_zero && code == SIGN {
            return f32::NAN;
        }
        if self.infinity == Some(magnitude) {
            return sign * f32::INFINITY;
        }
        if magnitude > self.largest {
            return f32::NAN.copysign(sign);
        }
        let exponent = i32::from(magnitude >> self.mantissa_bits);
        let mantissa = magnitude & ((1 << self.mantissa_bits) - 1);
        let significand = if exponent == 0 { mantissa } else { mantissa | 1 << self.mantissa_bits };
        let scale = power_of_two(exponent.max(1) - self.bias - self.mantissa_bits as i32);
        sign * (f64::from(significand) * scale) as f32
    }

    /// The code nearest to `value`, ties to even. A value that rounds past the largest becomes the largest where
    /// `saturate` holds, otherwise infinity, or NaN in a format that has none. With `saturate`, infinities become
    /// the largest too, save in the two `FNUZ` formats, where ONNX's page makes them NaN.
    pub fn encode(self, value: f64, saturate: bool) -> u8 {
        let sign = if value.is_sign_negative() { SIGN } else { 0 };
        if value.is_nan() || (value.is_infinite() && self.unsigned_zero) {
            return self.nan(sign);
        }
        match self.round(value.abs()) {
            Some(0) if self.unsigned_zero => 0,
            Some(code) => code | sign,
            None if saturate => self.largest | sign,
            None => self.infinity.map_or(self.nan(sign), |infinity| infinity | sign),
        }
    }

    fn nan(self, sign: u8) -> u8 {
        if self.unsigned_zero { SIGN } else { 0x7f | sign }
    }

    /// The code of a value without sign; `None` past the largest.
    fn round(self, magnitude: f64) -> Option<u8> {
        // Past what any of the four formats holds; below it the scaled significand fits an i32.
        if magnitude >= 131_072.0 {
            return None;
        }
        let smallest_exponent = 1 - self.bias;
        let exponent = ((magnitude.to_bits() >> 52) as i32 - 1023).max(smallest_exponent);
        let significand = (magnitude * power_of_two(self.mantissa_bits as i32 - exponent)).round_ties_even() as i32;
        // The significand's leading bit counts one in the exponent field, so a carry out of it needs no case.
        let code = ((exponent - smallest_exponent) << self.mantissa_bits) + significand;
        u8::try_from(code).ok().filter(|&code| code <= self.largest)
    }
}

/// 2 to the `exponent`, for exponents of a normal f64.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Format; 4] = [Format::E4M3FN, Format::E4M3FNUZ, Format::E5M2, Format::E5M2FNUZ];

    #[test]
    fn every_code_round_trips() {
        for format in ALL {
            for code in 0..=u8::MAX {
                let value = format.decode(code);
                let again = format.encode(f64::from(value), false);
                if value.is_nan() {
                    assert!(format.decode(again).is_nan(), "{format:?} {code:#04x}");
                } else {
                    assert_eq!(again, code, "{format:?} {value}");
                }
            }
        }
    }

    #[test]
    fn the_table_of_limits_holds() {
        let limits = [(448.0, -9, 2), (240.0, -10, 1), (57344.0, -16, 6), (57344.0, -17, 1)];
        for (format, (largest, smallest, nans)) in ALL.into_iter().zip(limits) {
            let values: Vec<f32> = (0..=u8::MAX).map(|code| format.decode(code)).collect();
            let finite = values.iter().copied().filter(|value| value.is_finite());
            assert_eq!(finite.fold(0.0, f32::max), largest);
            // A power of two, bit by bit: what `powi` gives is promised to nobody.
            assert_eq!(format.decode(1).to_bits(), ((127 + smallest) as u32) << 23);
            assert_eq!(values.iter().filter(|value| value.is_nan()).count(), nans);
            let infinite = values.iter().filter(|value| value.is_infinite()).count();
            assert_eq!(infinite, if format == Format::E5M2 { 2 } else { 0 });
            assert_eq!(format.has_infinity(), infinite > 0);
        }
    }

    #[test]
    fn values_between_two_codes_go_to_the_nearer_and_ties_to_the_even() {
        for format in ALL {
            for code in 0..format.largest {
                let (low, high) = (f64::from(format.decode(code)), f64::from(format.decode(code + 1)));
                let middle = (low + high) / 2.0;
                let even = if code % 2 == 0 { code } else { code + 1 };
                for saturate in [false, true] {
                    assert_eq!(format.encode(middle, saturate), even);
                    assert_eq!(format.encode(middle.next_down(), saturate), code);
                    assert_eq!(format.encode(middle.next_up(), saturate), code + 1);
                }
            }
        }
    }

    #[test]
    fn overflow_follows_the_saturating_table() {
        for format in ALL {
            for huge in [f64::from(format.decode(format.largest)) * 1.25, 131_072.0, 1e300] {
                assert_eq!(format.encode(huge, true), format.largest);
                assert_eq!(format.encode(-huge, true), format.largest | SIGN);
            }
            let infinite = format.encode(f64::NEG_INFINITY, true);
            assert_eq!(infinite, if format.unsigned_zero { SIGN } else { format.largest | SIGN });
            assert!(format.decode(format.encode(f64::NAN, true)).is_nan());
        }
    }

    #[test]
    fn overflow_follows_the_table_without_saturation() {
        for format in ALL {
            for huge in [f64::from(format.decode(format.largest)) * 1.25, 1e300, f64::INFINITY] {
                let value = format.decode(format.encode(-huge, false));
                assert!(if format.has_infinity() { value == f32::NEG_INFINITY } else { value.is_nan() });
            }
        }
        // The last value that still rounds down to the largest, and the first that does not.
        assert_eq!(Format::E4M3FN.encode(464.0, false), 0x7e);
        assert!(Format::E4M3FN.decode(Format::E4M3FN.encode(464f64.next_up(), false)).is_nan());
        assert_eq!(Format::E4M3FNUZ.encode(248f64.next_down(), false), 0x7f);
        assert!(Format::E4M3FNUZ.decode(Format::E4M3FNUZ.encode(248.0, false)).is_nan());
    }

    #[test]
    fn zeros_keep_their_sign_where_the_format_has_one() {
        for format in ALL {
            for tiny in [0.0, f64::MIN_POSITIVE / 2.0, 1e-40] {
                assert_eq!(format.encode(tiny, true), 0);
                assert_eq!(format.encode(-tiny, true), if format.unsigned_zero { 0 } else { SIGN });
            }
        }
    }
}
