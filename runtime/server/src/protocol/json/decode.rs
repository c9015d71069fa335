//! A body becomes an [`InferRequest`]: JSON, and what follows it in binary.
//!
//! Elements in binary stay where they are in the body. What is said twice, or of nothing, is refused; parameters that
//! nobody knows are not.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;

use super::head::{Head, Input, Output};
use super::{bare, data};
use crate::error::RequestError;
use crate::model::Entry;
use crate::protocol::datatype;
use crate::protocol::shape::{checked_name, elements, invalid};
use crate::protocol::{Elements, InferRequest, InputTensor, OutputRequest, binary};

/// A request, and how its answer is to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// What is asked.
    pub request: InferRequest,
    /// Whether outputs go out in binary of which the request does not say it one by one.
    pub binary: bool,
}

/// The request that `body` holds. `json_len` is what the client says of the length of its JSON: `None`, there is
/// nothing else; 0, there is none, and the body is the elements of the one input of `entry`.
pub fn decode(entry: &Entry, body: Bytes, json_len: Option<usize>) -> Result<Asked, RequestError> {
    let json_len = match json_len {
        Some(0) => {
            let inputs = vec![bare::decode(entry, body)?];
            return Ok(Asked { request: InferRequest { inputs, ..InferRequest::default() }, binary: true });
        }
        Some(len) if len > body.len() => {
            let found = body.len();
            return invalid(format!("request has {found} bytes, its header says that {len} of them are JSON"));
        }
        Some(len) => len,
        None => body.len(),
    };
    let head: Head<'_> = match serde_json::from_slice(&body[..json_len]) {
        Ok(head) => head,
        Err(error) => return invalid(format!("request is not an inference request in JSON: {error}")),
    };
    let parameters = head.parameters.unwrap_or_default();
    let timeout = parameters.timeout.filter(|micros| *micros > 0).map(Duration::from_micros);
    let inputs = inputs(head.inputs.0, &body, json_len)?;
    let outputs = outputs(head.outputs.map(|outputs| outputs.0).unwrap_or_default())?;
    let binary = parameters.binary_data_output.unwrap_or(false);
    Ok(Asked { request: InferRequest { id: head.id, inputs, outputs, timeout }, binary })
}

fn inputs(given: Vec<Input<'_>>, body: &Bytes, json_len: usize) -> Result<Vec<InputTensor>, RequestError> {
    let mut names = HashSet::with_capacity(given.len());
    let mut rest = Rest { body, at: json_len };
    let mut inputs = Vec::with_capacity(given.len());
    for input in &given {
        checked_name("input", &input.name)?;
        if !names.insert(&*input.name) {
            return invalid(format!("input '{}' is given twice", input.name));
        }
        inputs.push(tensor(input, &mut rest)?);
    }
    match body.len() - rest.at {
        0 => Ok(inputs),
        left => invalid(format!("request has {left} bytes after its last input: no binary_data_size tells of them")),
    }
}

fn tensor(input: &Input<'_>, rest: &mut Rest<'_>) -> Result<InputTensor, RequestError> {
    let name = &*input.name;
    let Some(dtype) = datatype::dtype(&input.datatype) else {
        let found: String = input.datatype.chars().take(40).collect();
        let known = datatype::all();
        return invalid(format!("input '{name}' has datatype {found:?}, expected one of {known}"));
    };
    let sizes = input.shape.0.iter().map(|&dim| usize::try_from(dim)).collect::<Result<Vec<_>, _>>();
    let Ok(shape) = sizes else {
        return invalid(format!("input '{name}' has a dim that cannot be counted"));
    };
    // Before anything is looked for, as the shape may be the one thing that is wrong.
    elements(name, &shape)?;
    let parameters = input.parameters.as_ref();
    if parameters.is_some_and(|parameters| parameters.shared_memory_region.is_some()) {
        return invalid(format!("input '{name}' is in a shared memory region: this server reads requests alone"));
    }
    let elements: Elements = match (input.data, parameters.and_then(|parameters| parameters.binary_data_size)) {
        (Some(text), None) => data::decode(name, dtype, &shape, text.get())?,
        (None, Some(len)) => binary::decode(name, dtype, &shape, rest.take(name, len)?)?,
        (Some(_), Some(_)) => return invalid(format!("input '{name}' has both data and binary_data_size")),
        (None, None) => return invalid(format!("input '{name}' has neither data nor binary_data_size")),
    };
    Ok(InputTensor { name: name.to_owned(), dtype, shape, elements })
}

fn outputs(asked: Vec<Output<'_>>) -> Result<Vec<OutputRequest>, RequestError> {
    let mut names = HashSet::with_capacity(asked.len());
    let mut outputs = Vec::with_capacity(asked.len());
    for output in &asked {
        let name = &*output.name;
        checked_name("output", name)?;
        if !names.insert(name) {
            return invalid(format!("output '{name}' is asked for twice"));
        }
        let parameters = output.parameters.as_ref();
        if parameters.is_some_and(|parameters| parameters.classification.is_some()) {
            return invalid(format!(
                "output '{name}' is asked for as a classification: this server gives values, take the largest of them"
            ));
        }
        if parameters.is_some_and(|parameters| parameters.shared_memory_region.is_some()) {
            return invalid(format!("output '{name}' is to go to a shared memory region: this server answers alone"));
        }
        let binary = parameters.and_then(|parameters| parameters.binary_data);
        outputs.push(OutputRequest { name: name.to_owned(), binary });
    }
    Ok(outputs)
}

/// What follows the JSON and no input has taken yet.
struct Rest<'a> {
    body: &'a Bytes,
    at: usize,
}

impl Rest<'_> {
    fn take(&mut self, name: &str, len: u64) -> Result<Bytes, RequestError> {
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        let Some(end) = end.filter(|end| *end <= self.body.len()) else {
            let left = self.body.len() - self.at;
            return invalid(format!(
                "input '{name}' has a binary_data_size of {len} bytes, {left} are left of those after the JSON"
            ));
        };
        let bytes = self.body.slice(self.at..end);
        self.at = end;
        Ok(bytes)
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
