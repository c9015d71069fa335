//! Tensors as values and as files: the vocabulary every other crate speaks.
//!
//! A [`Tensor`] owns its elements, a [`TensorView`] borrows them; both carry a [`DType`] and a shape.
//! Elements are dense, row-major and little-endian. Nothing here knows of models, artifacts or ONNX Runtime.
//!
//! | module | tensors as |
//! |---|---|
//! | [`npy`], [`npz`] | NumPy files: one tensor, or many by name |
//! | [`json`] | nested lists |
//! | [`raw`] | bytes alone, with dtype and shape said beside them |
//! | [`seeded`] | values made from a seed |
//! | [`summary`], [`numeric`] | figures to print and to compare |
//! | [`float8`], [`int4`] | the element types that Rust has not |

mod buffer;
mod dtype;
pub mod float8;
pub mod int4;
pub mod json;
pub mod npy;
pub mod npz;
pub mod numeric;
pub mod raw;
pub mod seeded;
pub mod summary;
mod tensor;

pub use buffer::AlignedBuffer;
pub use dtype::DType;
pub use tensor::{Data, DataView, Tensor, TensorError, TensorView};

/// The most dims a tensor may have where it is read from, or written to, a file or text.
pub const MAX_RANK: usize = 32;
