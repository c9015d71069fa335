//! The Open Inference Protocol v2 as values: what is asked and answered, whatever carries it.

mod request;

pub use request::{Elements, InferRequest, InputTensor, OutputRequest};
