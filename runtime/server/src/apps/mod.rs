//! Apps: guests, each below a path of its own.
//!
//! | file | what it does |
//! |---|---|
//! | `command.rs` | a command: the body is its stdin, its stdout the answer |
//! | `environment.rs` | what it is told of the request beside the body |
//! | `file.rs` | its streams, and an answer read from one |
//! | `http.rs` | a guest that answers HTTP requests: the request passed on, its answer passed back |
//! | `forward.rs` | heads on their way there and back |
//! | `upload.rs`, `download.rs` | bodies on their way there and back |
//! | `run.rs` | one run of a guest, counted and told |
//! | `error.rs` | why there is no answer |
//!
//! Each request has an instance of its own. A guest that has begun is never run again: what it has read and written
//! cannot be taken back. What it says on stderr is logged, and never sent.

mod command;
mod download;
mod environment;
mod error;
mod file;
mod forward;
mod http;
mod run;
mod upload;

use std::sync::Arc;
use std::time::Instant;

use ::http::{Request, Response};
use blink_artifact::manifest::GuestKind;
use blink_runtime::{GuestCall, GuestRequest, Limits};
use hyper::body::Incoming;

use crate::front::{self, Body, Context};
use crate::model::Model;
use crate::state::State;

/// Answers a request for `app`. `rest` is the path after the app's own, with the query; it may be empty.
pub async fn answer(
    state: &Arc<State>,
    app: Arc<Model>,
    rest: String,
    request: Request<Incoming>,
    context: &Context,
) -> Response<Body> {
    front::note(&app, None);
    let call = Call { state, app: &app, rest: &rest, context };
    let answered = match app.guest {
        Some(GuestKind::Http) => http::answer(&call, request).await,
        Some(GuestKind::Module | GuestKind::Component) | None => command::answer(&call, request).await,
    };
    answered.unwrap_or_else(|error| error.into_response())
}

/// A request to an app.
struct Call<'a> {
    state: &'a Arc<State>,
    app: &'a Arc<Model>,
    rest: &'a str,
    context: &'a Context,
}

impl Call<'_> {
    /// The path that the app sees, which begins with a slash, and the query.
    fn target(&self) -> (String, Option<&str>) {
        let (path, query) = self.rest.split_once('?').map_or((self.rest, None), |(path, query)| (path, Some(query)));
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        (path, query)
    }

    /// When its time is over.
    fn deadline(&self) -> Instant {
        self.context.arrived + self.app.settings.timeout
    }

    /// What the guest is asked: nothing is granted but models.
    fn request(&self, call: GuestCall, environment: Vec<(String, String)>) -> GuestRequest {
        let (settings, limits) = (&self.app.settings, Limits::default());
        let memory = settings.memory.map_or(limits.memory, |memory| memory.min(limits.memory));
        let time = Some(settings.time.unwrap_or(settings.timeout));
        GuestRequest { call, environment, limits: Limits { memory, time, ..limits }, ..GuestRequest::default() }
    }
}
