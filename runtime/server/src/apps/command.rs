//! A command: the request's body is its stdin; what it has written to stdout when it ends well is the answer.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;

use blink_runtime::GuestCall;

use super::error::AppError;
use super::file::Memory;
use super::run::Run;
use super::{Call, environment};
use crate::front::{self, Body};

pub(super) async fn answer(call: &Call<'_>, request: Request<Incoming>) -> Result<Response<Body>, AppError> {
    let config = &call.state.config;
    let (head, body) = request.into_parts();
    let body = front::read_body(body, config.max_body, config.client_timeout).await?;
    let request = call.request(GuestCall::Command, environment::of(call, &head, body.len()));
    let (stdin, stdout, stderr) = (Memory::of(&body)?, Memory::new()?, Memory::new()?);
    drop(body);
    let streams = [stdin.stream()?, stdout.stream()?, stderr.stream()?];
    drop(stdin);
    let times = Run::of(call).run(request, streams, &stderr).await?;
    front::note(call.app, Some(times));
    let mut response = Response::new(Body::new(stdout.into_body()?));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    Ok(response)
}
