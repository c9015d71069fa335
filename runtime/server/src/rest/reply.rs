//! [`Reply`]: an answer or an error as HTTP. Which code an error has is said here alone.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, RETRY_AFTER, VARY};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

use super::coding::Coding;
use crate::error::RequestError;
use crate::front::Body;
use crate::protocol::json::Encoded;

/// Says where the JSON of a body ends and what is in binary begins.
pub(super) const JSON_LEN: HeaderName = HeaderName::from_static("inference-header-content-length");

/// What goes back.
#[derive(Debug)]
pub(super) struct Reply {
    status: StatusCode,
    body: Bytes,
    json_len: Option<usize>,
    coding: Option<Coding>,
    retry_after: Option<u64>,
    allow: Option<&'static str>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: &'a str,
}

impl Reply {
    /// `value` as JSON.
    pub(super) fn json(value: &impl Serialize) -> Result<Reply, RequestError> {
        let body = serde_json::to_vec(value);
        let body = body.map_err(|error| RequestError::Failed(format!("answer cannot be written: {error}")))?;
        Ok(Reply::of(StatusCode::OK, body.into()))
    }

    /// Nothing but that it is done.
    pub(super) fn done() -> Reply {
        Reply::of(StatusCode::OK, Bytes::new())
    }

    /// Outputs of a model, as they are or compressed by `coding`.
    pub(super) fn outputs(encoded: Encoded, coding: Option<Coding>) -> Reply {
        Reply { json_len: encoded.json_len, coding, ..Reply::of(StatusCode::OK, encoded.body) }
    }

    /// Why there is no answer.
    pub(super) fn error(error: &RequestError) -> Reply {
        let retry_after = error.retry_after().map(|after| after.as_secs().max(1));
        Reply { retry_after, ..Reply::words(status(error), &error.to_string()) }
    }

    /// The path is right, the method is not.
    pub(super) fn wrong_method(found: &Method, allow: &'static str) -> Reply {
        let words = format!("method {found} is not for this path, expected {allow}");
        Reply { allow: Some(allow), ..Reply::words(StatusCode::METHOD_NOT_ALLOWED, &words) }
    }

    /// The same with another code.
    pub(super) fn with_status(self, status: StatusCode) -> Reply {
        Reply { status, ..self }
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let kind = if self.json_len.is_some() { "application/octet-stream" } else { "application/json" };
        let mut response = Response::new(Body::new(Full::new(self.body)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(len) = self.json_len {
            headers.insert(JSON_LEN, HeaderValue::from(len));
        }
        if let Some(coding) = self.coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }

    fn of(status: StatusCode, body: Bytes) -> Reply {
        Reply { status, body, json_len: None, coding: None, retry_after: None, allow: None }
    }

    fn words(status: StatusCode, words: &str) -> Reply {
        let body = serde_json::to_vec(&ErrorBody { error: words }).unwrap_or_else(|_| br#"{"error":""}"#.to_vec());
        Reply::of(status, body.into())
    }
}

fn status(error: &RequestError) -> StatusCode {
    match error {
        RequestError::NotFound(_) => StatusCode::NOT_FOUND,
        RequestError::Invalid(_) => StatusCode::BAD_REQUEST,
        RequestError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        RequestError::Forbidden(_) => StatusCode::FORBIDDEN,
        RequestError::Unavailable(_) | RequestError::Later { .. } => StatusCode::SERVICE_UNAVAILABLE,
        RequestError::Full { .. } => StatusCode::TOO_MANY_REQUESTS,
        RequestError::Deadline { .. } => StatusCode::GATEWAY_TIMEOUT,
        // Only logs see it: nobody waits for it.
        RequestError::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        RequestError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn errors_are_plain_json_with_their_codes() {
        let full =
            |millis| RequestError::Full { model: "m".into(), waiting: 2, retry_after: Duration::from_millis(millis) };
        for (error, code, retry_after) in [
            (RequestError::NotFound("\"x\"".into()), 404, None),
            (RequestError::Invalid(String::new()), 400, None),
            (RequestError::TooLarge { limit: 5 }, 413, None),
            (RequestError::Forbidden(String::new()), 403, None),
            (RequestError::Unavailable(String::new()), 503, None),
            (RequestError::Later { words: "full".into(), retry_after: Duration::from_secs(2) }, 503, Some("2")),
            (full(10), 429, Some("1")),
            (full(3000), 429, Some("3")),
            (RequestError::Deadline { allowed: Duration::ZERO }, 504, None),
            (RequestError::Cancelled, 499, None),
            (RequestError::Failed(String::new()), 500, None),
        ] {
            let reply = Reply::error(&error);
            let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(body, serde_json::json!({"error": error.to_string()}));
            let response = reply.into_response();
            assert_eq!(response.status().as_u16(), code, "{error:?}");
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
            let found = response.headers().get(RETRY_AFTER).map(|value| value.to_str().unwrap());
            assert_eq!(found, retry_after, "{error:?}");
        }
    }

    #[test]
    fn only_binary_says_where_it_begins() {
        let encoded = |json_len| Encoded { body: Bytes::from_static(b"{}1"), json_len };
        let headers = |reply: Reply| reply.into_response().headers().clone();
        let binary = headers(Reply::outputs(encoded(Some(2)), Some(Coding::Gzip)));
        assert_eq!(
            (&binary[CONTENT_TYPE], &binary[JSON_LEN]),
            (&"application/octet-stream".parse().unwrap(), &2.into())
        );
        assert_eq!(binary[CONTENT_ENCODING], "gzip");
        let json = headers(Reply::outputs(encoded(None), None));
        assert_eq!((&json[CONTENT_TYPE], json.get(JSON_LEN)), (&"application/json".parse().unwrap(), None));
        assert_eq!(json.get(CONTENT_ENCODING), None);
    }

    #[test]
    fn a_wrong_method_is_told_the_right_one() {
        let response = Reply::wrong_method(&Method::PUT, "POST").into_response();
        assert_eq!((response.status().as_u16(), &response.headers()[ALLOW]), (405, &"POST".parse().unwrap()));
    }
}
