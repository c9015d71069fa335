//! A model is asked: body to request, outputs to body.
//!
//! What computes for long does so on threads of its own; what is short is done at once. Outputs are encoded where the
//! worker put them, so that their bytes are copied once.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Request};
use hyper::body::Incoming;

use super::coding::{self, Accepted, Coding};
use super::models::entry;
use super::reply::{JSON_LEN, Reply};
use super::{State, blocking};
use crate::error::RequestError;
use crate::front::{self, Context, read_body};
use crate::model::Model;
use crate::protocol::json::{self, AnswerHead, Asked, Encoded};

/// JSON up to this many bytes is decoded at once.
const SHORT_JSON: usize = 64 << 10;
/// A body up to this many bytes is decoded at once: checking elements takes less time than they took to come.
const SHORT_BODY: usize = 1 << 20;
/// Answers up to this many bytes are not compressed.
const SHORT_ANSWER: usize = 1 << 10;

pub(super) async fn infer(
    state: &Arc<State>,
    model: &Arc<Model>,
    request: Request<Incoming>,
    context: &Context,
) -> Result<Reply, RequestError> {
    let accepted = Accepted::of(request.headers());
    let asked = asked(state, model, request).await.inspect_err(|error| {
        // What comes so far is counted by `State::infer`.
        model.statistics.failed(error.name(), context.arrived.elapsed());
        front::note(model, None);
    })?;
    let head = AnswerHead {
        model: model.name.clone(),
        version: model.version,
        id: asked.request.id.clone(),
        outputs: asked.request.outputs.clone(),
        binary: asked.binary,
    };
    let answered = state.infer(model, asked.request, context.arrived, move |outputs| json::encode(&head, outputs));
    let mut encoded = answered.await?;
    let coding = accepted.and_then(|accepted| worthwhile(accepted, &encoded));
    if let Some(coding) = coding {
        encoded.body = coding::encoded(coding, encoded.body).await?;
    }
    Ok(Reply::outputs(encoded, coding))
}

/// How an answer is compressed. Tensors in binary hardly get shorter: only a client that chose a coding gets them so.
fn worthwhile(accepted: Accepted, encoded: &Encoded) -> Option<Coding> {
    let is_binary = encoded.json_len.is_some();
    (encoded.body.len() > SHORT_ANSWER && (accepted.is_chosen || !is_binary)).then_some(accepted.coding)
}

async fn asked(state: &State, model: &Arc<Model>, request: Request<Incoming>) -> Result<Asked, RequestError> {
    let (parts, body) = request.into_parts();
    let json_len = json_len(&parts.headers)?;
    let limit = state.config.max_body;
    let body = read_body(body, limit, state.config.client_timeout).await?;
    let body = coding::decoded(&parts.headers, body, limit).await?;
    if json_len.unwrap_or(body.len()) <= SHORT_JSON && body.len() <= SHORT_BODY {
        return decoded(model, body, json_len);
    }
    let model = Arc::clone(model);
    blocking(move || decoded(&model, body, json_len)).await
}

fn decoded(model: &Model, body: Bytes, json_len: Option<usize>) -> Result<Asked, RequestError> {
    json::decode(entry(model)?, body, json_len)
}

/// How much of the body is JSON, where a client says so.
fn json_len(headers: &HeaderMap) -> Result<Option<usize>, RequestError> {
    let Some(given) = headers.get(JSON_LEN) else { return Ok(None) };
    let digits = given.to_str().ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(len) = digits.and_then(|digits| digits.parse().ok()) else {
        let words =
            "inference-header-content-length is no length: expected the bytes of JSON that the body begins with";
        return Err(RequestError::Invalid(words.into()));
    };
    Ok(Some(len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_answers_and_unasked_for_binary_ones_go_out_as_they_are() {
        let coding = Coding::Deflate;
        let compressed = |len: usize, json_len, is_chosen| {
            worthwhile(Accepted { coding, is_chosen }, &Encoded { body: vec![0; len].into(), json_len })
        };
        for (json_len, is_chosen) in [(None, true), (None, false), (Some(9), true)] {
            assert_eq!(compressed(SHORT_ANSWER + 1, json_len, is_chosen), Some(coding));
            assert_eq!(compressed(SHORT_ANSWER, json_len, is_chosen), None);
        }
        assert_eq!(compressed(1 << 20, Some(9), false), None);
    }

    #[test]
    fn a_length_is_digits() {
        let of = |value: &str| json_len(&HeaderMap::from_iter([(JSON_LEN, value.parse().unwrap())]));
        assert_eq!(json_len(&HeaderMap::new()), Ok(None));
        assert_eq!((of("0"), of("99999999999")), (Ok(Some(0)), Ok(Some(99_999_999_999))));
        for bad in ["", "-1", "+1", "1.5", "0x10", " 1 1", "99999999999999999999999"] {
            assert!(matches!(of(bad), Err(RequestError::Invalid(_))), "{bad}");
        }
    }
}
