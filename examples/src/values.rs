//! Tensors from Rust numbers, and tensors as they are stored in a model.

use blink_compiler::onnx::proto::TensorProto;
use blink_tensors::{DType, DataView, Tensor};
use bytes::Bytes;

/// A Rust type that is the element type of a tensor.
pub trait Element: Copy {
    /// The tensor element type.
    const DTYPE: DType;

    /// Appends the element's little-endian bytes.
    fn append(self, bytes: &mut Vec<u8>);
}

macro_rules! elements {
    ($($number:ty => $dtype:ident),*) => {$(
        impl Element for $number {
            const DTYPE: DType = DType::$dtype;

            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}

elements!(u8 => U8, i8 => I8, u16 => U16, i16 => I16, u32 => U32, i32 => I32, u64 => U64, i64 => I64, f32 => F32, f64 => F64);

impl Element for bool {
    const DTYPE: DType = DType::Bool;

    fn append(self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(self));
    }
}

/// The tensor of `shape` with these elements, row-major.
///
/// # Panics
/// Where the elements are not as many as the shape says.
pub fn values<T: Element>(shape: &[usize], elements: &[T]) -> Tensor {
    let mut bytes = Vec::with_capacity(size_of_val(elements));
    for element in elements {
        element.append(&mut bytes);
    }
    Tensor::from_bytes(T::DTYPE, shape, &bytes).expect("as many elements as the shape says")
}

/// `tensor` as a model stores it: raw bytes, or text for strings.
pub fn stored(name: &str, tensor: &Tensor) -> TensorProto {
    let mut proto = TensorProto {
        name: Some(name.to_owned()),
        dims: tensor.shape().iter().map(|&dim| dim as i64).collect(),
        data_type: Some(tensor.dtype().onnx_code()),
        ..Default::default()
    };
    match tensor.view().data() {
        DataView::Bytes(bytes) => proto.raw_data = Some(Bytes::copy_from_slice(bytes)),
        DataView::Strings(strings) => {
            proto.string_data = strings.iter().map(|text| Bytes::copy_from_slice(text.as_bytes())).collect();
        }
    }
    proto
}
