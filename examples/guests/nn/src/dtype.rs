//! Types of elements, as both interfaces have them. Sizes are counted with care: dims may come from a user.

use std::str::FromStr;

use crate::Error;

/// Type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    /// 16-bit float.
    F16,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 16-bit float with the exponent of a 32-bit one. Components only.
    Bf16,
    /// Unsigned byte.
    U8,
    /// Signed 32-bit integer.
    I32,
    /// Signed 64-bit integer.
    I64,
}

impl DType {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            DType::U8 => 1,
            DType::F16 | DType::Bf16 => 2,
            DType::F32 | DType::I32 => 4,
            DType::F64 | DType::I64 => 8,
        }
    }

    /// Bytes of a tensor of this type and shape, `None` where no memory could hold them.
    pub fn bytes(self, dims: &[u32]) -> Option<usize> {
        dims.iter().try_fold(self.size(), |bytes, &dim| bytes.checked_mul(usize::try_from(dim).ok()?))
    }
}

impl FromStr for DType {
    type Err = Error;

    fn from_str(word: &str) -> Result<DType, Error> {
        Ok(match word {
            "f16" => DType::F16,
            "f32" => DType::F32,
            "f64" => DType::F64,
            "bf16" => DType::Bf16,
            "u8" => DType::U8,
            "i32" => DType::I32,
            "i64" => DType::I64,
            _ => return Err(Error::DType(word.to_owned())),
        })
    }
}
