//! One JSON value as one element: checked against the dtype, then written in its little-endian form.

use half::{bf16, f16};
use serde_json::{Number, Value};

use super::{JsonError, kind};
use crate::{DType, float8, int4};

/// Why a value is no element of a dtype.
pub(super) enum Refusal {
    Type { expected: &'static str },
    Range,
    Fraction,
}

impl Refusal {
    /// The error that names the value and the path to it.
    pub(super) fn at(self, path: Vec<usize>, dtype: DType, value: &Value) -> JsonError {
        match self {
            Refusal::Type { expected } => JsonError::Type { path, dtype, expected, found: kind(value) },
            Refusal::Range => JsonError::Range { path, dtype, value: value.to_string() },
            Refusal::Fraction => JsonError::Fraction { path, dtype, value: value.to_string() },
        }
    }
}

/// Writes `value` as element `index` of `bytes`, which are long enough for it.
pub(super) fn write(dtype: DType, value: &Value, bytes: &mut [u8], index: usize) -> Result<(), Refusal> {
    match dtype {
        DType::Bool => put(bytes, index, [boolean(value)?]),
        DType::U8 => put(bytes, index, integer::<u8>(value)?.to_le_bytes()),
        DType::I8 => put(bytes, index, integer::<i8>(value)?.to_le_bytes()),
        DType::U16 => put(bytes, index, integer::<u16>(value)?.to_le_bytes()),
        DType::I16 => put(bytes, index, integer::<i16>(value)?.to_le_bytes()),
        DType::U32 => put(bytes, index, integer::<u32>(value)?.to_le_bytes()),
        DType::I32 => put(bytes, index, integer::<i32>(value)?.to_le_bytes()),
        DType::U64 => put(bytes, index, integer::<u64>(value)?.to_le_bytes()),
        DType::I64 => put(bytes, index, integer::<i64>(value)?.to_le_bytes()),
        DType::U4 => nibble(bytes, index, integer::<u8>(value)?, 0..=15)?,
        DType::I4 => nibble(bytes, index, integer::<i8>(value)?, -8..=7)?,
        DType::F64 => put(bytes, index, float(value)?.to_le_bytes()),
        DType::F32 => {
            let (wide, narrow) = single(value)?;
            finite_stays_finite(wide, narrow.is_finite())?;
            put(bytes, index, narrow.to_le_bytes());
        }
        DType::F16 => {
            let (wide, single) = single(value)?;
            let narrow = f16::from_f32(single);
            finite_stays_finite(wide, narrow.is_finite())?;
            put(bytes, index, narrow.to_le_bytes());
        }
        DType::BF16 => {
            let (wide, single) = single(value)?;
            let narrow = bf16::from_f32(single);
            finite_stays_finite(wide, narrow.is_finite())?;
            put(bytes, index, narrow.to_le_bytes());
        }
        DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ => {
            if let Some(format) = float8::Format::of(dtype) {
                let wide = float(value)?;
                if wide.is_infinite() && !format.has_infinity() {
                    return Err(Refusal::Range);
                }
                let code = format.encode(wide, false);
                finite_stays_finite(wide, format.decode(code).is_finite())?;
                put(bytes, index, [code]);
            }
        }
        DType::String => return Err(Refusal::Type { expected: "a number" }),
    }
    Ok(())
}

fn put<const N: usize>(bytes: &mut [u8], index: usize, element: [u8; N]) {
    let (words, _) = bytes.as_chunks_mut::<N>();
    if let Some(word) = words.get_mut(index) {
        *word = element;
    }
}

fn nibble<T>(bytes: &mut [u8], index: usize, value: T, range: std::ops::RangeInclusive<T>) -> Result<(), Refusal>
where
    T: PartialOrd + Copy + Into<i16>,
{
    if !range.contains(&value) {
        return Err(Refusal::Range);
    }
    int4::set(bytes, index, value.into() as u8);
    Ok(())
}

fn boolean(value: &Value) -> Result<u8, Refusal> {
    match value {
        Value::Bool(value) => Ok(u8::from(*value)),
        Value::Number(_) => integer::<u8>(value).ok().filter(|&value| value <= 1).ok_or(Refusal::Range),
        _ => Err(Refusal::Type { expected: "true, false, 0 or 1" }),
    }
}

fn integer<T: TryFrom<i128>>(value: &Value) -> Result<T, Refusal> {
    let Value::Number(number) = value else {
        return Err(Refusal::Type { expected: "an integer" });
    };
    T::try_from(whole(number)?).map_err(|_| Refusal::Range)
}

/// The whole number that `number` is. One written with a point or an exponent counts up to 2^53, past which the
/// f64 it was read as no longer says which was meant.
fn whole(number: &Number) -> Result<i128, Refusal> {
    const EXACT: f64 = (1u64 << 53) as f64;
    if let Some(value) = number.as_i128() {
        return Ok(value);
    }
    match number.as_f64() {
        Some(value) if value.abs() > EXACT => Err(Refusal::Range),
        Some(value) if value.fract() == 0.0 => Ok(value as i128),
        _ => Err(Refusal::Fraction),
    }
}

fn float(value: &Value) -> Result<f64, Refusal> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(name) => match name.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    };
    found.ok_or(Refusal::Type { expected: "a number, \"NaN\", \"Infinity\" or \"-Infinity\"" })
}

/// A float as it was written, and rounded to f32.
fn single(value: &Value) -> Result<(f64, f32), Refusal> {
    let wide = float(value)?;
    Ok((wide, wide as f32))
}

fn finite_stays_finite(wide: f64, narrow_is_finite: bool) -> Result<(), Refusal> {
    if wide.is_finite() && !narrow_is_finite { Err(Refusal::Range) } else { Ok(()) }
}
