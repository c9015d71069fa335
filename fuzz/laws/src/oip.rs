//! The Open Inference Protocol over REST: elements are as many as was said, and those that are in binary are of the
//! body itself; an answer that is made of them is read as the same.

use blink_artifact::manifest::{Dim, ValueSpec};
use blink_server::model::Entry;
use blink_server::protocol::json::{AnswerHead, Asked, decode, encode};
use blink_server::protocol::{Elements, InferRequest, InputTensor, MAX_NAME, MAX_TENSORS};
use blink_tensors::{DType, MAX_RANK, TensorView};
use bytes::Bytes;

use crate::Outcome;

/// What an answer begins with, up to its outputs.
const ANSWER: &[u8] = br#"{"model_name":"m","model_version":"1","outputs":"#;
/// What a request begins with, up to its inputs.
const REQUEST: &[u8] = br#"{"inputs":"#;

/// Checks a body that is JSON alone.
pub fn check_json(body: &[u8]) -> Outcome {
    let body = Bytes::copy_from_slice(body);
    match decode(&entry(DType::F32), body.clone(), None) {
        Err(error) => Outcome::refused(&error),
        Ok(Asked { request, .. }) => {
            holds(&request, &body);
            answered(&request, false);
            Outcome::Taken
        }
    }
}

/// Checks a body of JSON with binary after it. Before it stand three bytes: the dtype of the model's one input, and how
/// much of the body is JSON.
pub fn check_binary(input: &[u8]) -> Outcome {
    let Some((&[dtype, low, high], body)) = input.split_first_chunk() else { return Outcome::Refused };
    let dtype = DType::ALL[usize::from(dtype) % DType::ALL.len()];
    let json_len = usize::from(u16::from_le_bytes([low, high]));
    let body = Bytes::copy_from_slice(body);
    match decode(&entry(dtype), body.clone(), Some(json_len)) {
        Err(error) => Outcome::refused(&error),
        Ok(Asked { request, .. }) => {
            holds(&request, &body);
            let in_binary = request.inputs.iter().map(|input| of_body(input, &body)).sum::<usize>();
            assert!(in_binary <= body.len() - json_len, "more binary than follows the JSON");
            answered(&request, true);
            Outcome::Taken
        }
    }
}

/// A model that takes `x` of `dtype`, of which one dim is open.
fn entry(dtype: DType) -> Entry {
    let dims = Some(vec![Dim::Unknown, Dim::Fixed(3)]);
    let inputs = vec![ValueSpec { name: "x".into(), dtype, dims, optional: false }];
    Entry { name: None, inputs, outputs: Vec::new() }
}

/// What must hold of a request that came in `body`.
pub(crate) fn holds(request: &InferRequest, body: &Bytes) {
    assert!(request.inputs.len() <= MAX_TENSORS && request.outputs.len() <= MAX_TENSORS);
    let names = request.inputs.iter().map(|input| &input.name).chain(request.outputs.iter().map(|output| &output.name));
    for name in names {
        assert!(name.len() <= MAX_NAME && !name.contains('\0'));
    }
    let mut elements = 0;
    for InputTensor { dtype, shape, elements: given, .. } in &request.inputs {
        assert!(shape.len() <= MAX_RANK);
        let count = if shape.contains(&0) { 0 } else { shape.iter().product() };
        match given {
            Elements::Bytes(bytes) => {
                assert_eq!(Some(bytes.len()), dtype.byte_len(count));
                assert!(*dtype != DType::Bool || bytes.iter().all(|&byte| byte <= 1));
            }
            Elements::Strings(strings) => {
                assert_eq!((strings.len(), *dtype), (count, DType::String));
                assert!(strings.iter().map(String::len).sum::<usize>() <= body.len());
            }
        }
        elements += count;
    }
    // Each has at least half a byte there, and 4 bits take it.
    assert!(elements <= 2 * body.len(), "{elements} elements of {} bytes", body.len());
}

/// How many of the input's bytes are a part of `body`, not copied from it.
pub(crate) fn of_body(input: &InputTensor, body: &Bytes) -> usize {
    let Elements::Bytes(bytes) = &input.elements else { return 0 };
    let range = body.as_ptr_range();
    let is_inside = range.contains(&bytes.as_ptr()) || bytes.is_empty();
    if !is_inside {
        return 0;
    }
    assert!(bytes.is_empty() || bytes.as_ptr_range().end <= range.end);
    bytes.len()
}

/// The inputs as outputs of a model that gives back what it gets.
pub(crate) fn outputs(request: &InferRequest) -> Vec<(&str, TensorView<'_>)> {
    request
        .inputs
        .iter()
        .map(|InputTensor { name, dtype, shape, elements }| {
            let view = match elements {
                Elements::Bytes(bytes) => TensorView::new(*dtype, shape, bytes),
                Elements::Strings(strings) => TensorView::strings(shape, strings),
            };
            (name.as_str(), view.expect("as many elements as the shape says"))
        })
        .collect()
}

/// Makes an answer of the inputs, a request of the answer, and fails unless that asks with the same.
fn answered(request: &InferRequest, binary: bool) {
    let head = AnswerHead { model: "m".into(), version: 1, id: None, outputs: Vec::new(), binary };
    let encoded = encode(&head, &outputs(request)).expect("what can be asked with can be answered");
    let rest = encoded.body.strip_prefix(ANSWER).expect("an answer begins so");
    let shorter = ANSWER.len() - REQUEST.len();
    let again = decode(&entry(DType::F32), [REQUEST, rest].concat().into(), encoded.json_len.map(|len| len - shorter));
    assert_eq!(again.expect("what was answered can be asked with").request.inputs, request.inputs);
}
