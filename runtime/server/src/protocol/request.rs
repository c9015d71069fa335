//! [`InferRequest`]: an inference request as each front end makes it.

use std::time::Duration;

use blink_tensors::DType;
use bytes::Bytes;

/// A request to a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InferRequest {
    /// The client's own name for it, given back in the answer.
    pub id: Option<String>,
    /// Inputs, in the order they came.
    pub inputs: Vec<InputTensor>,
    /// Which outputs; empty: all.
    pub outputs: Vec<OutputRequest>,
    /// How long the client waits; `None`: as long as the model's settings say.
    pub timeout: Option<Duration>,
}

/// One input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputTensor {
    /// The input's name.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Dims, outermost first.
    pub shape: Vec<usize>,
    /// As many elements as the shape says, of `dtype`: whoever makes this has counted them.
    pub elements: Elements,
}

/// Elements of an input.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Row-major, little-endian, at any alignment: a part of the request's body.
    Bytes(Bytes),
    /// Of dtype string.
    Strings(Vec<String>),
}

/// One output that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRequest {
    /// The output's name.
    pub name: String,
    /// Whether it is wanted in binary, where the carrier has both; `None`: as the carrier does.
    pub binary: Option<bool>,
}
