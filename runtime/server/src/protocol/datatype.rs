//! The protocol's names of element types.
//!
//! One name for one [`DType`], both ways. The last six are ours: the protocol has no word for them, and their elements
//! travel in binary alone.
//!
//! | datatype | in JSON | in binary |
//! |---|---|---|
//! | `BOOL` | `true`, `false`, 0 or 1 | one byte, 0 or 1 |
//! | `UINT8`, `UINT16`, `UINT32`, `UINT64` | whole numbers | 1, 2, 4, 8 bytes |
//! | `INT8`, `INT16`, `INT32`, `INT64` | whole numbers | 1, 2, 4, 8 bytes |
//! | `FP32`, `FP64` | numbers | 4, 8 bytes |
//! | `FP16`, `BF16` | no | 2 bytes |
//! | `BYTES` | strings | length in 4 bytes, then UTF-8 |
//! | `FP8_E4M3FN`, `FP8_E4M3FNUZ`, `FP8_E5M2`, `FP8_E5M2FNUZ` | no | 1 byte |
//! | `UINT4`, `INT4` | no | two a byte, the first in the low half |

use blink_tensors::DType;

/// The protocol's name of `dtype`.
pub const fn datatype(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "BOOL",
        DType::U8 => "UINT8",
        DType::I8 => "INT8",
        DType::U16 => "UINT16",
        DType::I16 => "INT16",
        DType::U32 => "UINT32",
        DType::I32 => "INT32",
        DType::U64 => "UINT64",
        DType::I64 => "INT64",
        DType::F16 => "FP16",
        DType::BF16 => "BF16",
        DType::F32 => "FP32",
        DType::F64 => "FP64",
        DType::F8E4M3FN => "FP8_E4M3FN",
        DType::F8E4M3FNUZ => "FP8_E4M3FNUZ",
        DType::F8E5M2 => "FP8_E5M2",
        DType::F8E5M2FNUZ => "FP8_E5M2FNUZ",
        DType::U4 => "UINT4",
        DType::I4 => "INT4",
        DType::String => "BYTES",
    }
}

/// The element type of that name; `None`: nobody has it.
pub fn dtype(datatype: &str) -> Option<DType> {
    DType::ALL.into_iter().find(|dtype| self::datatype(*dtype) == datatype)
}

/// Whether elements can be written as JSON.
pub const fn has_json(dtype: DType) -> bool {
    match dtype {
        DType::Bool | DType::String | DType::F32 | DType::F64 => true,
        DType::U8 | DType::I8 | DType::U16 | DType::I16 => true,
        DType::U32 | DType::I32 | DType::U64 | DType::I64 => true,
        DType::F16 | DType::BF16 | DType::U4 | DType::I4 => false,
        DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ => false,
    }
}

/// The name that a model's configuration has for `dtype`; `TYPE_INVALID` where it has none.
pub const fn config_type(dtype: DType) -> &'static str {
    match dtype {
        DType::Bool => "TYPE_BOOL",
        DType::U8 => "TYPE_UINT8",
        DType::I8 => "TYPE_INT8",
        DType::U16 => "TYPE_UINT16",
        DType::I16 => "TYPE_INT16",
        DType::U32 => "TYPE_UINT32",
        DType::I32 => "TYPE_INT32",
        DType::U64 => "TYPE_UINT64",
        DType::I64 => "TYPE_INT64",
        DType::F16 => "TYPE_FP16",
        DType::BF16 => "TYPE_BF16",
        DType::F32 => "TYPE_FP32",
        DType::F64 => "TYPE_FP64",
        DType::String => "TYPE_STRING",
        DType::U4 | DType::I4 => "TYPE_INVALID",
        DType::F8E4M3FN | DType::F8E4M3FNUZ | DType::F8E5M2 | DType::F8E5M2FNUZ => "TYPE_INVALID",
    }
}

/// Every name, for errors that list them.
pub(super) fn all() -> String {
    DType::ALL.map(datatype).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_has_one_name_both_ways() {
        for one in DType::ALL {
            assert_eq!(dtype(datatype(one)), Some(one));
        }
        assert_eq!(dtype("BYTES"), Some(DType::String));
        for unknown in ["", "fp32", "FP8", "STRING", "FP32 ", "BYTES\0"] {
            assert_eq!(dtype(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn what_the_protocol_does_not_know_has_no_json_and_no_type() {
        for one in DType::ALL {
            let known = config_type(one) != "TYPE_INVALID";
            assert!(known || !has_json(one), "{one}");
            assert_eq!(known, !(datatype(one).starts_with("FP8") || datatype(one).ends_with("INT4")), "{one}");
        }
        assert!(!has_json(DType::F16) && !has_json(DType::BF16));
    }
}
