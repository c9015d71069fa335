//! The web page at `/`, and what it asks. It holds all it needs: nothing of it comes from elsewhere, and its own policy
//! forbids the browser to ask anybody but this server.
//!
//! | file | what it is |
//! |---|---|
//! | `state.rs` | `/blink/v1/state`: the server at one moment, as JSON |
//! | `files.rs` | the page's own files, and their headers |
//! | `files/` | HTML, styles, scripts |

mod files;
mod state;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{Empty, Full};

use crate::front::Body;
use crate::observe::view::View;
use crate::state::State;

/// Where the server at one moment is told.
const STATE: &str = "/blink/v1/state";

/// The answer to a request for the page, one of its files or the server's state; `None` where it asks for something
/// else, or the operator wants no page.
pub fn answer<B>(state: &State, request: &Request<B>) -> Option<Response<Body>> {
    let path = request.uri().path();
    let file = files::find(path);
    if !state.config.page || (path != STATE && file.is_none()) {
        return None;
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut response = Response::new(Body::new(Empty::new()));
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Some(response);
    }
    Some(file.unwrap_or_else(|| {
        let mut response = Response::new(Body::new(Full::from(state::write(&View::of(state)))));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        files::guard(response.headers_mut());
        response
    }))
}
