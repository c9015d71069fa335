//! A door for `fuzz/` alone: messages as the service takes them apart, answers as it puts them together.

use blink_tensors::TensorView;
use bytes::Bytes;
use prost::Message;

use super::proto::ModelInferRequest;
use super::proto::model_infer_request::InferInputTensor;
use super::proto::model_infer_response::InferOutputTensor;
use super::request::Asked;
use super::{answer, codec};
use crate::error::RequestError;
use crate::protocol::InferRequest;

/// The request in a message, and whether its answer is to be raw; `None` where it is no message of protobuf.
pub fn decode(message: Bytes) -> Option<Result<(InferRequest, bool), RequestError>> {
    if let Err(words) = codec::check(&message) {
        return Some(Err(RequestError::Invalid(words)));
    }
    let message = ModelInferRequest::decode(message).ok()?;
    Some(Asked::of(message).map(|asked| (asked.request, asked.raw)))
}

/// The request that asks with what an answer of these outputs gives.
pub fn ask_with_answer(outputs: &[(&str, TensorView<'_>)], raw: bool) -> Result<InferRequest, RequestError> {
    let answer = answer::encode(outputs, raw)?;
    let input = |output: InferOutputTensor| {
        let InferOutputTensor { name, datatype, shape, parameters, contents } = output;
        InferInputTensor { name, datatype, shape, parameters, contents }
    };
    let inputs = answer.outputs.into_iter().map(input).collect();
    let message =
        ModelInferRequest { inputs, raw_input_contents: answer.raw_output_contents, ..ModelInferRequest::default() };
    Asked::of(message).map(|asked| asked.request)
}
