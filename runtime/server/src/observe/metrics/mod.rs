//! `/metrics`: the server in Prometheus' text format 0.0.4.
//!
//! | file | what it writes |
//! |---|---|
//! | `text.rs` | the format: names, labels, numbers |
//! | `server.rs` | the server as a whole |
//! | `models.rs` | models, their workers and starts |
//! | `devices.rs` | devices, and what models have of them |
//! | `inference.rs` | the same under the `nv_inference_*` names that dashboards and autoscalers ask for |
//! | `process.rs` | the process, as every exporter tells it |
//!
//! Times are seconds and sizes bytes, but for the `nv_` names. A model that nobody has asked has few lines.

mod devices;
mod inference;
mod models;
mod process;
mod server;
#[cfg(test)]
mod tests;
mod text;

use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http_body_util::Full;

pub(crate) use self::process::resident_bytes;
use self::text::{Labels, Text};
use super::view::{Served, View};
use crate::front::Body;
use crate::state::State;

/// The version that every scraper reads.
const FORMAT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Everything that is counted, now.
pub fn answer(state: &State) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::from(write(&View::of(state)))));
    response.headers_mut().insert(CONTENT_TYPE, FORMAT);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn write(view: &View) -> String {
    let mut text = Text::default();
    let named: Vec<Named<'_>> = view.models.iter().map(Named::of).collect();
    server::write(&mut text, view);
    models::write(&mut text, &named);
    devices::write(&mut text, view, &named);
    inference::write(&mut text, &named);
    process::write(&mut text);
    text.into_string()
}

/// A version of a model, and the labels that every line of it has.
struct Named<'a> {
    labels: Labels,
    served: &'a Served,
}

impl Named<'_> {
    fn of(served: &Served) -> Named<'_> {
        Named { labels: Labels::new(&[("model", &served.name), ("version", &served.version.to_string())]), served }
    }
}
