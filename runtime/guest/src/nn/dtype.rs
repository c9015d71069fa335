//! [`TensorType`]: the element types that the interfaces have names for, against those that models have.
//!
//! A model's `bool` is spoken of as `U8`: 0 or 1. What has no name here cannot pass between a guest and a model.

use blink_artifact::manifest::ValueSpec;
use blink_tensors::DType;
use wasmtime::component::{ComponentType, Lift, Lower};

use super::failure::{Code, Error};

/// An element type, in the order of the component interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift, Lower)]
#[component(enum)]
#[repr(u8)]
pub(super) enum TensorType {
    #[component(name = "FP16")]
    F16,
    #[component(name = "FP32")]
    F32,
    #[component(name = "FP64")]
    F64,
    #[component(name = "BF16")]
    BF16,
    #[component(name = "U8")]
    U8,
    #[component(name = "I32")]
    I32,
    #[component(name = "I64")]
    I64,
}

/// The module interface's numbers: the places of its types. It has no `BF16`.
const MODULE: [TensorType; 6] =
    [TensorType::F16, TensorType::F32, TensorType::F64, TensorType::U8, TensorType::I32, TensorType::I64];

impl TensorType {
    /// The type of this number in the module interface.
    pub(super) fn of_module(number: u8) -> Result<TensorType, Error> {
        MODULE.get(usize::from(number)).copied().ok_or_else(|| {
            let words = format!(
                "tensor type {number} is unknown: expected 0 (f16), 1 (f32), 2 (f64), 3 (u8), 4 (i32) or 5 (i64)"
            );
            Error::new(Code::InvalidArgument, words)
        })
    }

    /// The type by which components speak of `value`.
    pub(super) fn of_component_value(value: &ValueSpec) -> Result<TensorType, Error> {
        TensorType::of(value.dtype).ok_or_else(|| nameless(value))
    }

    /// The type by which modules speak of `value`.
    pub(super) fn of_module_value(value: &ValueSpec) -> Result<TensorType, Error> {
        TensorType::of(value.dtype).filter(|ty| MODULE.contains(ty)).ok_or_else(|| nameless(value))
    }

    fn of(dtype: DType) -> Option<TensorType> {
        Some(match dtype {
            DType::F16 => TensorType::F16,
            DType::F32 => TensorType::F32,
            DType::F64 => TensorType::F64,
            DType::BF16 => TensorType::BF16,
            DType::Bool | DType::U8 => TensorType::U8,
            DType::I32 => TensorType::I32,
            DType::I64 => TensorType::I64,
            DType::I8
            | DType::U16
            | DType::I16
            | DType::U32
            | DType::U64
            | DType::F8E4M3FN
            | DType::F8E4M3FNUZ
            | DType::F8E5M2
            | DType::F8E5M2FNUZ
            | DType::U4
            | DType::I4
            | DType::String => return None,
        })
    }

    /// The name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            TensorType::F16 => "f16",
            TensorType::F32 => "f32",
            TensorType::F64 => "f64",
            TensorType::BF16 => "bf16",
            TensorType::U8 => "u8",
            TensorType::I32 => "i32",
            TensorType::I64 => "i64",
        }
    }
}

fn nameless(value: &ValueSpec) -> Error {
    let words = format!("value '{}' is of dtype {}, for which this interface has no name", value.name, value.dtype);
    Error::new(Code::UnsupportedOperation, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_module_interface_are_its_own() {
        let names: Vec<_> = (0..6).map(|number| TensorType::of_module(number).unwrap().name()).collect();
        assert_eq!(names, ["f16", "f32", "f64", "u8", "i32", "i64"]);
        assert_eq!(TensorType::of_module(6).unwrap_err().code, Code::InvalidArgument);
    }

    #[test]
    fn values_without_a_name_are_named() {
        let value = |dtype| ValueSpec { name: "x".into(), dtype, dims: None, optional: false };
        assert_eq!(TensorType::of_component_value(&value(DType::Bool)).unwrap(), TensorType::U8);
        assert_eq!(TensorType::of_component_value(&value(DType::BF16)).unwrap(), TensorType::BF16);
        let refused = TensorType::of_module_value(&value(DType::BF16)).unwrap_err();
        assert_eq!((refused.code, refused.words.contains("'x' is of dtype bf16")), (Code::UnsupportedOperation, true));
        assert_eq!(TensorType::of_component_value(&value(DType::String)).unwrap_err().code, Code::UnsupportedOperation);
    }
}
