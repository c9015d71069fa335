//! The repository as clients see it: its index, and loading and unloading where the operator allows them.

use http::Request;
use hyper::body::Incoming;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::reply::Reply;
use crate::error::RequestError;
use crate::front::read_body;
use crate::protocol::IndexItem;
use crate::repository::{IndexEntry, ModelState};
use crate::state::State;

/// Bodies here hold a word or two.
const LIMIT: usize = 1 << 20;

#[derive(Default, Deserialize)]
#[serde(expecting = "an object")]
struct IndexFilter {
    ready: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(expecting = "an object")]
struct LoadRequest {
    #[serde(default)]
    parameters: Option<LoadParameters>,
}

#[derive(Default, Deserialize)]
#[serde(expecting = "an object of parameters")]
struct LoadParameters {
    config: Option<IgnoredAny>,
}

/// Every version of every model, or those that are ready.
pub(super) async fn index(state: &State, request: Request<Incoming>) -> Result<Reply, RequestError> {
    let filter: IndexFilter = asked(state, request).await?;
    let is_ready_only = filter.ready.unwrap_or(false);
    let entries = state.repository.index();
    let shown = entries.into_iter().filter(|entry| !is_ready_only || entry.state == ModelState::Ready);
    Reply::json(&shown.map(item).collect::<Vec<_>>())
}

pub(super) async fn load(state: &State, name: &str, request: Request<Incoming>) -> Result<Reply, RequestError> {
    allowed(state)?;
    let asked: LoadRequest = asked(state, request).await?;
    if asked.parameters.is_some_and(|parameters| parameters.config.is_some()) {
        let words = "a model is loaded as the server's configuration says: 'config' is not taken from clients";
        return Err(RequestError::Invalid(words.into()));
    }
    state.repository.load(name).await?;
    Ok(Reply::done())
}

pub(super) async fn unload(state: &State, name: &str) -> Result<Reply, RequestError> {
    allowed(state)?;
    state.repository.unload(name).await?;
    Ok(Reply::done())
}

fn allowed(state: &State) -> Result<(), RequestError> {
    if state.config.repository_control {
        return Ok(());
    }
    let words = "models are not loaded or unloaded by clients here; the server's `repository_control` allows it";
    Err(RequestError::Forbidden(words.into()))
}

/// The body as JSON; without one, what is asked when nothing is said.
async fn asked<T: Default + for<'de> Deserialize<'de>>(
    state: &State,
    request: Request<Incoming>,
) -> Result<T, RequestError> {
    let body = read_body(request.into_body(), LIMIT.min(state.config.max_body), state.config.client_timeout).await?;
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(&body).map_err(|error| RequestError::Invalid(format!("request is not understood: {error}")))
}

fn item(entry: IndexEntry) -> IndexItem {
    let state = match entry.state {
        ModelState::Ready => "READY",
        ModelState::Loading => "LOADING",
        ModelState::Unloading => "UNLOADING",
        ModelState::Unavailable => "UNAVAILABLE",
    };
    IndexItem { name: entry.name, version: entry.version.to_string(), state, reason: entry.reason }
}
