//! Models to compile, run and measure, made by code: the same bytes on every machine, no downloads. And guests.
//!
//! | module | what it makes |
//! |---|---|
//! | [`resnet50`] | ResNet-50 v1.5, any width and depth |
//! | [`bert`] | BERT, any width and depth |
//! | [`large`] | a model past 2 GiB, its weights beside it |
//! | [`matrix`] | small models, one for each thing a model may contain, with inputs and expected outputs |
//! | [`refused`] | files that a compiler must refuse |
//! | [`guests`] | WebAssembly programs around models, built from `examples/guests` |
//!
//! Weights are seeded noise of a sane scale: outputs are finite and mean nothing. Only the network of
//! [`guests::digits_model`] is a trained one.

pub mod attribute;
pub mod bert;
mod builder;
pub mod guests;
pub mod large;
pub mod matrix;
mod random;
pub mod refused;
pub mod resnet50;
mod values;
mod write;

pub use builder::GraphBuilder;
pub use random::Random;
pub use values::{Element, stored, values};
pub use write::write;

/// A list of [`blink_compiler::onnx::Dim`]s: numbers are fixed sizes, strings are symbolic ones.
#[macro_export]
macro_rules! dims {
    ($($dim:expr),* $(,)?) => { [$(::blink_compiler::onnx::Dim::from($dim)),*] };
}
