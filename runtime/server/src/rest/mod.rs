//! The protocol over HTTP and JSON.
//!
//! | file | what it does |
//! |---|---|
//! | `route.rs` | a path becomes a question |
//! | `infer.rs` | a model is asked |
//! | `models.rs` | what the server and its models say of themselves |
//! | `repository.rs` | the index, loading, unloading |
//! | `coding.rs` | compression of bodies, both ways |
//! | `reply.rs` | answers and errors as HTTP |
//!
//! A path is never a file's: it names a model that is there already, or nothing.

use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::error::RequestError;
use crate::front::{Body, Context};
use crate::state::State;

mod coding;
mod infer;
mod models;
mod reply;
mod repository;
mod route;

use reply::Reply;
use route::{Asks, Route};

/// Answers a request below `/v2`, and every other that nobody else takes.
pub async fn answer(state: &Arc<State>, request: Request<Incoming>, context: &Context) -> Response<Body> {
    match reply(state, request, context).await {
        Ok(reply) => reply.into_response(),
        Err(error) => Reply::error(&error).into_response(),
    }
}

/// Why a request to something else than a model has no answer, as clients of this one are told; `status` in place of the
/// error's own.
pub(crate) fn refuse(error: &RequestError, status: Option<StatusCode>) -> Response<Body> {
    let reply = Reply::error(error);
    match status {
        Some(status) => reply.with_status(status).into_response(),
        None => reply.into_response(),
    }
}

async fn reply(state: &Arc<State>, request: Request<Incoming>, context: &Context) -> Result<Reply, RequestError> {
    let route = Route::of(request.uri().path())?;
    let is_right = match request.method() {
        &Method::POST => route.is_post(),
        &Method::GET | &Method::HEAD => !route.is_post(),
        _ => false,
    };
    if !is_right {
        return Ok(Reply::wrong_method(request.method(), if route.is_post() { "POST" } else { "GET, HEAD" }));
    }
    match route {
        Route::Server => models::server(),
        Route::Live => models::live(state),
        Route::Ready => models::ready(state),
        Route::Models => models::names(state),
        Route::AllStatistics => models::all_statistics(state),
        Route::Model { name, version, asks } => {
            let model = state.model(&name, version.as_deref())?;
            match asks {
                Asks::Metadata => models::metadata(state, &model),
                Asks::Ready => models::model_ready(&model),
                Asks::Config => models::config(&model),
                Asks::Statistics => models::statistics(state, &model, version.is_some()),
                Asks::Infer => infer::infer(state, &model, request, context).await,
            }
        }
        Route::Index => repository::index(state, request).await,
        Route::Load(name) => repository::load(state, &name, request).await,
        Route::Unload(name) => repository::unload(state, &name).await,
    }
}

/// Does `work`, which computes for long, where no connection waits for it. A panic of it is this task's own.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RequestError> + Send + 'static,
) -> Result<T, RequestError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(RequestError::Unavailable("server is ending".into())),
        },
    }
}
