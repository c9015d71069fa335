//! Which handler a request is for. Whatever a handler does, an answer comes: a panic is a 500, and counted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tracing::{debug, error, warn};

use super::{Body, Context};
use crate::observe::{self, Outcome};
use crate::state::{Readiness, State};
use crate::{apps, grpc, page, rest};

/// Answers one request.
pub(super) async fn answer(state: Arc<State>, grpc: grpc::Service, request: Request<Incoming>) -> Response<Body> {
    let _counted = state.readiness.request();
    let context = Context::new(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let handler = context.clone().scope(handle(&state, grpc, request, &context));
    let mut response = guarded(&state.readiness, handler).await.unwrap_or_else(|| {
        error!(request = %context.request_id, %method, path, "a handler panicked, which is a bug of blink's");
        internal_error()
    });
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&context.request_id) {
        headers.insert("x-request-id", id);
    }
    context.trace.write(headers);
    tell(&context, &method, &path, response.status());
    response
}

async fn handle(
    state: &Arc<State>,
    grpc: grpc::Service,
    request: Request<Incoming>,
    context: &Context,
) -> Response<Body> {
    let is_grpc = |value: &HeaderValue| value.as_bytes().starts_with(b"application/grpc");
    if request.headers().get(CONTENT_TYPE).is_some_and(is_grpc) {
        return grpc.answer(request).await;
    }
    let path = request.uri().path();
    if path == "/metrics" {
        return observe::metrics::answer(state);
    }
    if let Some((app, prefix)) = state.repository.app(path) {
        let whole = request.uri().path_and_query().map_or(path, |whole| whole.as_str());
        let rest = whole.get(prefix..).unwrap_or_default().to_owned();
        return apps::answer(state, app, rest, request, context).await;
    }
    if let Some(response) = page::answer(state, &request) {
        return response;
    }
    rest::answer(state, request, context).await
}

/// What `handler` comes to; `None` where it panics, which is counted.
pub(crate) async fn guarded<T>(readiness: &Readiness, handler: impl Future<Output = T>) -> Option<T> {
    let answer = caught(handler).await;
    if answer.is_none() {
        readiness.panicked();
    }
    answer
}

/// What `work` comes to; `None` where it panics.
async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
        Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(_) => Poll::Ready(None),
    })
    .await
}

fn internal_error() -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(Bytes::from_static(br#"{"error":"internal error"}"#))));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Writes the request down where somebody listens.
fn tell(context: &Context, method: &http::Method, path: &str, status: StatusCode) {
    let seen = context.seen();
    let (model, version) = seen.model.as_ref().map_or(("", 0), |(name, version)| (name.as_str(), *version));
    let request = &*context.request_id;
    let ms = context.arrived.elapsed().as_secs_f64() * 1e3;
    let (status_code, trace) = (status.as_u16(), context.trace.trace_id());
    if status.is_server_error() {
        warn!(request, %method, path, status = status_code, model, version, ms, trace, "failed");
    } else {
        debug!(request, %method, path, status = status_code, model, version, ms, trace, "answered");
    }
    observe::trace::finished(&Outcome { context, seen: &seen, method, path, status });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_a_value_passes() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(caught(async { 7 })), Some(7));
        assert_eq!(runtime.block_on(caught(async { panic!("on purpose") })), None::<()>);
    }

    /// Handlers of a server, of which some panic at their first step and some at a later one: each such request is a 500
    /// in words that say nothing, each is counted, and the others are answered as ever.
    #[test]
    fn a_handler_that_panics_is_a_500_and_counted() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let readiness = Readiness::default();
        let handler = |request: u64| async move {
            assert!(!request.is_multiple_of(3), "a secret of /srv/models");
            tokio::task::yield_now().await;
            assert!(!request.is_multiple_of(5), "at 0x7ffe00112233");
            Response::new(Body::new(Full::new(Bytes::from_static(b"{}"))))
        };
        for request in 1..=30 {
            let before = readiness.panics();
            let response = runtime.block_on(guarded(&readiness, handler(request))).unwrap_or_else(internal_error);
            let is_broken = request.is_multiple_of(3) || request.is_multiple_of(5);
            assert_eq!(readiness.panics(), before + u64::from(is_broken));
            let (head, body) = response.into_parts();
            let body = runtime.block_on(http_body_util::BodyExt::collect(body)).unwrap().to_bytes();
            match is_broken {
                true => assert_eq!((head.status.as_u16(), &body[..]), (500, &br#"{"error":"internal error"}"#[..])),
                false => assert_eq!((head.status.as_u16(), &body[..]), (200, &b"{}"[..])),
            }
        }
        assert_eq!(readiness.panics(), 14);
    }
}
