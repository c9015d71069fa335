//! Inference requests over gRPC: elements are as many as was said, raw ones are of the message itself; an answer that
//! is made of them is read as the same.

use blink_server::grpc::fuzzing::{ask_with_answer, decode};
use bytes::Bytes;

use crate::Outcome;
use crate::oip::{holds, of_body, outputs};

/// Checks a message.
pub fn check(message: &[u8]) -> Outcome {
    let message = Bytes::copy_from_slice(message);
    let (request, raw) = match decode(message.clone()) {
        None => return Outcome::Refused,
        Some(Err(error)) => return Outcome::refused(&error),
        Some(Ok(decoded)) => decoded,
    };
    holds(&request, &message);
    let in_message: usize = request.inputs.iter().map(|input| of_body(input, &message)).sum();
    assert!(in_message <= message.len());
    let again = ask_with_answer(&outputs(&request), raw).expect("what was answered can be asked with");
    assert_eq!(again.inputs, request.inputs);
    Outcome::Taken
}
