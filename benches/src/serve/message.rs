//! Inference messages: a request with one tensor, and its answer's elements.
//!
//! Of gRPC's messages only the fields that are needed, by the numbers of the Open Inference Protocol v2.

use super::{Reply, post};

/// The one input of a request.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    /// Its name.
    pub name: &'a str,
    /// The protocol's name of its dtype.
    pub datatype: &'a str,
    /// Its dims.
    pub shape: &'a [usize],
    /// Its elements, little-endian.
    pub elements: &'a [u8],
}

/// A REST request to `model` with its elements in binary, which asks for binary.
pub fn rest_infer(model: &str, input: Tensor<'_>) -> Vec<u8> {
    let json = serde_json::json!({
        "inputs": [{
            "name": input.name,
            "datatype": input.datatype,
            "shape": input.shape,
            "parameters": { "binary_data_size": input.elements.len() },
        }],
        "parameters": { "binary_data_output": true },
    });
    let json = json.to_string();
    post(&format!("/v2/models/{model}/infer"), json.len(), &[json.as_bytes(), input.elements].concat())
}

/// The elements in a REST answer; `None` where there are none in binary.
pub fn rest_output<'a>(reply: &Reply<'a>) -> Option<&'a [u8]> {
    reply.body.get(reply.json?..)
}

/// A gRPC message that asks `model`, with raw elements.
pub fn grpc_infer(model: &str, input: Tensor<'_>) -> Vec<u8> {
    let mut shape = Vec::new();
    input.shape.iter().for_each(|dim| varint(*dim as u64, &mut shape));
    let mut tensor = Vec::new();
    field(1, input.name.as_bytes(), &mut tensor);
    field(2, input.datatype.as_bytes(), &mut tensor);
    field(3, &shape, &mut tensor);
    let mut message = Vec::new();
    field(1, model.as_bytes(), &mut message);
    field(5, &tensor, &mut message);
    field(7, input.elements, &mut message);
    message
}

/// The raw elements of the first output in a gRPC answer; `None` where there are none.
pub fn grpc_output(mut message: &[u8]) -> Option<&[u8]> {
    while !message.is_empty() {
        let key = taken(&mut message)?;
        // Every field of this message has a length.
        let len = usize::try_from(taken(&mut message)?).ok()?;
        let (field, rest) = message.split_at_checked(len)?;
        if key == (6 << 3 | 2) {
            return Some(field);
        }
        message = rest;
    }
    None
}

fn varint(mut number: u64, to: &mut Vec<u8>) {
    while number >= 0x80 {
        to.push(number as u8 | 0x80);
        number >>= 7;
    }
    to.push(number as u8);
}

/// A field with a length.
fn field(number: u64, bytes: &[u8], to: &mut Vec<u8>) {
    varint(number << 3 | 2, to);
    varint(bytes.len() as u64, to);
    to.extend_from_slice(bytes);
}

fn taken(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: Tensor<'_> = Tensor { name: "x", datatype: "FP32", shape: &[1, 200], elements: &[7; 800] };

    #[test]
    fn a_rest_request_says_how_long_its_parts_are() {
        let request = rest_infer("m", INPUT);
        let text = String::from_utf8_lossy(&request);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /v2/models/m/infer HTTP/1.1\r\n"));
        let json = body.len() - 800;
        assert!(head.contains(&format!("content-length: {}\r\ninference-header-content-length: {json}", body.len())));
        let json: serde_json::Value = serde_json::from_str(&body[..json]).unwrap();
        assert_eq!(json["inputs"][0]["parameters"]["binary_data_size"], 800);
    }

    #[test]
    fn a_message_has_its_fields_by_number() {
        let message = grpc_infer("m", INPUT);
        assert_eq!(message[..3], [0x0a, 1, b'm']);
        let tensor = [0x0a, 1, b'x', 0x12, 4, b'F', b'P', b'3', b'2', 0x1a, 3, 1, 0xc8, 1];
        assert_eq!(message[3..5], [0x2a, tensor.len() as u8]);
        assert_eq!(message[5..19], tensor);
        assert_eq!((&message[19..22], message.len()), (&[0x3a, 0xa0, 6][..], 822));
    }

    #[test]
    fn elements_are_found_in_answers() {
        let mut message = Vec::new();
        field(1, b"m", &mut message);
        field(6, &[9; 300], &mut message);
        assert_eq!(grpc_output(&message), Some(&[9u8; 300][..]));
        assert_eq!(grpc_output(&message[..3]), None);
        assert_eq!(grpc_output(&message[..40]), None);
        let reply = |json| Reply { status: 200, json, body: b"{}ab" };
        assert_eq!(rest_output(&reply(Some(2))), Some(&b"ab"[..]));
        assert_eq!((rest_output(&reply(None)), rest_output(&reply(Some(5)))), (None, None));
    }
}
