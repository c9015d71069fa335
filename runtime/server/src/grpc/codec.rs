//! [`Codec`]: messages of protobuf, refused before they are decoded where they have more fields than any has.
//!
//! Two bytes are an empty input, which takes a hundred and fifty times as much in memory: what is bounded as bytes is
//! not bounded as a message unless its fields are counted.

use std::marker::PhantomData;

use bytes::Buf;
use prost::Message;
use tonic::Status;
use tonic::codec::{DecodeBuf, Decoder};
use tonic_prost::{ProstDecoder, ProstEncoder};

use crate::protocol::MAX_TENSORS;

/// Most fields of a message, those of messages in it apart: inputs, outputs and raw elements are a fourth of them each
/// at most, and there is room for parameters.
const MAX_FIELDS: usize = 4 * MAX_TENSORS;

/// Encodes `T`, decodes `U`.
#[derive(Debug)]
pub(super) struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Codec<T, U> {
        Codec(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = Counted<U>;

    fn encoder(&mut self) -> ProstEncoder<T> {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Counted<U> {
        Counted(ProstDecoder::default())
    }
}

/// Decodes what has few enough fields.
#[derive(Debug)]
pub(super) struct Counted<U>(ProstDecoder<U>);

impl<U: Message + Default> Decoder for Counted<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, message: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // tonic hands out whole messages, each in one piece.
        check(message.chunk()).map_err(Status::invalid_argument)?;
        self.0.decode(message)
    }
}

/// Refuses a message of too many fields, in words. What is no message at all is for the decoder to refuse.
pub(super) fn check(message: &[u8]) -> Result<(), String> {
    let mut rest = message;
    for _ in 0..=MAX_FIELDS {
        match after_field(rest) {
            Some(after) => rest = after,
            None => return Ok(()),
        }
    }
    Err(format!("request has more than {MAX_FIELDS} fields: at most {MAX_TENSORS} inputs and outputs are taken"))
}

/// What follows the field that `bytes` begin with; `None` where there is none.
fn after_field(mut bytes: &[u8]) -> Option<&[u8]> {
    let key = varint(&mut bytes)?;
    let len = match key & 7 {
        0 => {
            varint(&mut bytes)?;
            0
        }
        1 => 8,
        2 => usize::try_from(varint(&mut bytes)?).ok()?,
        // The beginning or end of a group, whose fields are counted as they come.
        3 | 4 => 0,
        5 => 4,
        _ => return None,
    };
    bytes.get(len..)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let len = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)? + 1;
    let (taken, rest) = bytes.split_at(len);
    *bytes = rest;
    Some(taken.iter().rev().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::proto::ModelInferRequest;
    use crate::grpc::proto::model_infer_request::InferInputTensor;

    #[test]
    fn fields_are_counted_whatever_they_are() {
        let kinds: [&[u8]; 6] = [b"\x28\xff\x01", b"\x29--------", b"\x2a\x03abc", b"\x2b", b"\x2c", b"\x2d----"];
        for field in kinds {
            assert_eq!(after_field(field), Some(&[][..]), "{field:?}");
            assert_eq!(check(&field.repeat(MAX_FIELDS)), Ok(()), "{field:?}");
            assert!(check(&field.repeat(MAX_FIELDS + 1)).is_err(), "{field:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_left_to_the_decoder() {
        for bytes in [
            &b""[..],
            b"\x2a",
            b"\x2a\x04abc",
            b"\x2e",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert_eq!(check(bytes), Ok(()), "{bytes:?}");
        }
    }

    #[test]
    fn as_many_tensors_as_are_taken_are_few_enough() {
        let inputs = vec![InferInputTensor::default(); MAX_TENSORS];
        let raw_input_contents = vec![bytes::Bytes::from_static(b"1"); MAX_TENSORS];
        let message = ModelInferRequest { inputs, raw_input_contents, ..ModelInferRequest::default() };
        assert_eq!(check(&message.encode_to_vec()), Ok(()));
    }
}
