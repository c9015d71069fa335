//! One small interface over both that a guest may ask for an inference by.
//!
//! | target | interface | by |
//! |---|---|---|
//! | `wasm32-wasip1` | `wasi_ephemeral_nn` of a core module | the published crate `wasi-nn` |
//! | `wasm32-wasip2` | `wasi:nn@0.2.0-rc-2024-10-28` of a component | bindings made of `wit/wasi-nn.wit` |
//!
//! A program that names its tensors, and lists them in the model's own order, runs the same by both: the first knows
//! positions only, the second names only. Refused: a tensor whose bytes are not what its dtype and dims say.

#[cfg(target_env = "p2")]
mod component;
mod dtype;
mod elements;
mod error;
#[cfg(not(target_env = "p2"))]
mod module;

#[cfg(target_env = "p2")]
use component as interface;
#[cfg(not(target_env = "p2"))]
use module as interface;

pub use dtype::DType;
pub use elements::{bytes_of_f32, bytes_of_i64, f32s, softmax};
pub use error::Error;

/// A tensor given to a model.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Name of the model's input.
    pub name: &'a str,
    /// Type of the elements.
    pub dtype: DType,
    /// Shape, outermost first; empty for a scalar.
    pub dims: &'a [u32],
    /// Elements, row-major, little-endian.
    pub bytes: &'a [u8],
}

/// A tensor wanted from a model.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    /// Name of the model's output.
    pub name: &'a str,
    /// How many bytes it is thought to have. A wrong guess costs time, not the answer.
    pub bytes: usize,
}

/// A model that the host holds.
#[derive(Debug)]
pub struct Model(interface::Graph);

impl Model {
    /// The model that the host knows by `name`.
    pub fn named(name: &str) -> Result<Model, Error> {
        interface::named(name).map(Model)
    }

    /// The model in these bytes of an ONNX file, if the host allows a guest to bring its own.
    pub fn from_onnx(bytes: &[u8]) -> Result<Model, Error> {
        interface::from_onnx(bytes).map(Model)
    }

    /// A context to run the model in. Module hosts have no call to drop one: make one and keep it.
    pub fn context(&self) -> Result<Context<'_>, Error> {
        interface::context(&self.0).map(Context)
    }
}

/// One inference after another.
#[derive(Debug)]
pub struct Context<'model>(interface::Context<'model>);

impl Context<'_> {
    /// One inference: all inputs and the first outputs of the model, each in the model's order. Gives the bytes of the
    /// outputs, row-major, little-endian.
    pub fn run(&mut self, inputs: &[Input<'_>], outputs: &[Output<'_>]) -> Result<Vec<Vec<u8>>, Error> {
        for input in inputs {
            let expected = input.dtype.bytes(input.dims);
            if expected != Some(input.bytes.len()) {
                return Err(Error::Length { name: input.name.to_owned(), found: input.bytes.len(), expected });
            }
        }
        interface::run(&mut self.0, inputs, outputs)
    }
}
