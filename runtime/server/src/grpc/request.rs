//! [`Asked`]: an inference request, taken from its message.
//!
//! Refuses elements that are raw for some inputs and typed for others, and what it cannot do: memory shared with the
//! client, classification. Parameters that it does not know are ignored. What the model wants is not asked here.

use std::collections::HashMap;

use bytes::Bytes;

use super::proto::model_infer_request::{InferInputTensor, InferRequestedOutputTensor};
use super::proto::{InferParameter, InferTensorContents, ModelInferRequest};
use super::{contents, timeout};
use crate::error::RequestError;
use crate::protocol::{self, InferRequest, InputTensor, OutputRequest, binary};

/// A request, and how its answer is to be written.
#[derive(Debug, PartialEq)]
pub(super) struct Asked {
    /// What is asked.
    pub(super) request: InferRequest,
    /// Whether outputs are raw, as the inputs were.
    pub(super) raw: bool,
}

impl Asked {
    /// Takes a message apart. Raw elements stay where they are.
    pub(super) fn of(message: ModelInferRequest) -> Result<Asked, RequestError> {
        let timeout = timeout::of_parameter(message.parameters.get("timeout"))?;
        let most = protocol::MAX_TENSORS;
        if message.inputs.len() > most || message.outputs.len() > most {
            let (inputs, outputs) = (message.inputs.len(), message.outputs.len());
            let words = format!("request has {inputs} inputs and {outputs} outputs, at most {most} of each are taken");
            return Err(RequestError::Invalid(words));
        }
        let raw = !message.raw_input_contents.is_empty() || message.inputs.is_empty();
        if raw && message.raw_input_contents.len() != message.inputs.len() {
            return Err(RequestError::Invalid(format!(
                "request has {} inputs and {} `raw_input_contents`, expected one for each input, or none",
                message.inputs.len(),
                message.raw_input_contents.len()
            )));
        }
        let mut elements = message.raw_input_contents.into_iter();
        let inputs = message.inputs.into_iter().map(|tensor| input(tensor, elements.next()));
        let request = InferRequest {
            inputs: inputs.collect::<Result<_, _>>()?,
            outputs: message.outputs.into_iter().map(output).collect::<Result<_, _>>()?,
            id: (!message.id.is_empty()).then_some(message.id),
            timeout,
        };
        Ok(Asked { request, raw })
    }
}

fn input(tensor: InferInputTensor, raw: Option<Bytes>) -> Result<InputTensor, RequestError> {
    let InferInputTensor { name, datatype, shape, parameters, contents } = tensor;
    protocol::checked_name("input", &name)?;
    let wrong = |what: &str| RequestError::Invalid(format!("input '{name}' {what}"));
    own_memory(&parameters).map_err(wrong)?;
    let dtype =
        protocol::dtype(&datatype).ok_or_else(|| wrong(&format!("has datatype '{datatype}', which is none")))?;
    let shape = protocol::dims(&name, &shape)?;
    let elements = match (raw, contents.unwrap_or_default()) {
        (Some(raw), contents) if contents == InferTensorContents::default() => {
            binary::decode(&name, dtype, &shape, raw)?
        }
        (Some(_), _) => return Err(wrong("has `contents` beside `raw_input_contents`, expected one of them")),
        (None, given) => contents::decode(&name, dtype, protocol::elements(&name, &shape)?, given)?,
    };
    Ok(InputTensor { name, dtype, shape, elements })
}

fn output(tensor: InferRequestedOutputTensor) -> Result<OutputRequest, RequestError> {
    let InferRequestedOutputTensor { name, parameters } = tensor;
    protocol::checked_name("output", &name)?;
    let wrong = |what: &str| RequestError::Invalid(format!("output '{name}' {what}"));
    own_memory(&parameters).map_err(wrong)?;
    if parameters.contains_key("classification") {
        return Err(wrong("is asked for as classes, which this server does not make; ask for the tensor"));
    }
    Ok(OutputRequest { name, binary: None })
}

fn own_memory(parameters: &HashMap<String, InferParameter>) -> Result<(), &'static str> {
    if parameters.contains_key("shared_memory_region") {
        return Err("is in shared memory, which this server does not take; send elements in the message");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use blink_tensors::DType;

    use super::super::proto::infer_parameter::ParameterChoice;
    use super::*;
    use crate::protocol::Elements;

    fn tensor(datatype: &str, shape: &[i64]) -> InferInputTensor {
        InferInputTensor { name: "x".into(), datatype: datatype.into(), shape: shape.to_vec(), ..Default::default() }
    }

    fn raw(tensors: &[InferInputTensor], elements: &[&'static [u8]]) -> ModelInferRequest {
        ModelInferRequest {
            inputs: tensors.to_vec(),
            raw_input_contents: elements.iter().map(|bytes| Bytes::from_static(bytes)).collect(),
            ..Default::default()
        }
    }

    fn refused(message: ModelInferRequest) -> String {
        match Asked::of(message) {
            Err(RequestError::Invalid(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn raw_elements_stay_in_the_message() {
        let message = raw(&[tensor("INT16", &[2, 1]), tensor("BYTES", &[1])], &[&[1, 0, 2, 0], b"\x02\0\0\0hi"]);
        let taken = message.raw_input_contents[0].as_ptr();
        let asked = Asked::of(message).unwrap();
        assert!(asked.raw);
        let [first, second] = &asked.request.inputs[..] else { panic!() };
        assert_eq!((first.dtype, &first.shape[..]), (DType::I16, &[2, 1][..]));
        assert!(matches!(&first.elements, Elements::Bytes(bytes) if bytes.as_ptr() == taken));
        assert_eq!(second.elements, Elements::Strings(vec!["hi".into()]));
    }

    #[test]
    fn typed_elements_ask_for_a_typed_answer() {
        let contents = InferTensorContents { fp32_contents: vec![1.5], ..Default::default() };
        let mut message = raw(&[InferInputTensor { contents: Some(contents), ..tensor("FP32", &[1]) }], &[]);
        message.id = "seven".into();
        let micros = InferParameter { parameter_choice: Some(ParameterChoice::Int64Param(250)) };
        message.parameters = HashMap::from([("timeout".into(), micros), ("priority".into(), Default::default())]);
        let asked = Asked::of(message).unwrap();
        assert!(!asked.raw);
        assert_eq!(asked.request.id.as_deref(), Some("seven"));
        assert_eq!(asked.request.timeout, Some(std::time::Duration::from_micros(250)));
        assert_eq!(asked.request.inputs[0].elements, Elements::Bytes(Bytes::copy_from_slice(&1.5f32.to_le_bytes())));
    }

    #[test]
    fn raw_and_typed_are_never_mixed() {
        let x = || tensor("UINT8", &[1]);
        assert!(refused(raw(&[x(), x()], &[&[1]])).contains("2 inputs and 1 `raw_input_contents`"));
        assert!(refused(raw(&[x()], &[&[1], &[2]])).contains("1 inputs and 2"));
        assert!(refused(raw(&[], &[&[1]])).contains("0 inputs and 1"));
        let contents = Some(InferTensorContents { uint_contents: vec![1], ..Default::default() });
        assert!(refused(raw(&[InferInputTensor { contents, ..x() }], &[&[1]])).contains("beside"));
        let contents = Some(InferTensorContents::default());
        assert!(Asked::of(raw(&[InferInputTensor { contents, ..x() }], &[&[1]])).is_ok());
    }

    #[test]
    fn shapes_and_names_that_nothing_has_are_refused() {
        assert!(refused(raw(&[tensor("FP32", &[-1])], &[&[0; 4]])).contains("dim -1"));
        assert!(refused(raw(&[tensor("FP32", &[1 << 4, (1 << 60) + 2])], &[&[]])).contains("counted"));
        assert!(refused(raw(&[tensor("FP32", &[2])], &[&[0; 9]])).contains("9 bytes"));
        assert!(refused(raw(&[tensor("float", &[1])], &[&[0; 4]])).contains("'float'"));
        let nul = InferInputTensor { name: "a\0b".into(), ..tensor("FP32", &[1]) };
        assert!(refused(raw(&[nul], &[&[0; 4]])).contains("NUL"));
        assert!(refused(raw(&vec![tensor("FP32", &[1]); 1025], &[])).contains("1025 inputs"));
    }

    #[test]
    fn what_cannot_be_done_is_refused_and_not_ignored() {
        let parameters = |name: &str| HashMap::from([(name.to_owned(), InferParameter::default())]);
        let shared = InferInputTensor { parameters: parameters("shared_memory_region"), ..tensor("FP32", &[1]) };
        assert!(refused(raw(&[shared], &[&[0; 4]])).contains("shared memory"));
        for (parameter, words) in [("shared_memory_region", "shared memory"), ("classification", "classes")] {
            let outputs = vec![InferRequestedOutputTensor { name: "y".into(), parameters: parameters(parameter) }];
            assert!(refused(ModelInferRequest { outputs, ..Default::default() }).contains(words));
        }
    }
}
