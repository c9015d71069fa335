//! Tensors as values and as files: the vocabulary every other crate speaks.
//!
//! A [`Tensor`] owns its elements, a [`TensorView`] borrows them; both carry a [`DType`] and a shape.
//! Elements are dense, row-major and little-endian. Nothing here knows of models, artifacts or ONNX Runtime.

mod buffer;
mod dtype;
mod tensor;

pub use buffer::AlignedBuffer;
pub use dtype::DType;
pub use tensor::{Data, DataView, Tensor, TensorError, TensorView};
