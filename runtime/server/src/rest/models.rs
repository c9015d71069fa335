//! What the server and its models say of themselves.

use std::sync::Arc;

use http::StatusCode;

use super::reply::Reply;
use crate::error::RequestError;
use crate::model::{Entry, Model};
use crate::protocol::{
    AllStatistics, Health, ModelConfig, ModelMetadata, ModelNames, ModelReady, ModelStatistics, ServerMetadata,
};
use crate::state::State;

pub(super) fn server() -> Result<Reply, RequestError> {
    Reply::json(&ServerMetadata::here())
}

pub(super) fn live(state: &State) -> Result<Reply, RequestError> {
    let health = health(state);
    health_reply(health, health.live)
}

pub(super) fn ready(state: &State) -> Result<Reply, RequestError> {
    let health = health(state);
    health_reply(health, health.ready)
}

fn health(state: &State) -> Health {
    Health { live: state.readiness.is_live(), ready: state.readiness.is_ready() }
}

fn health_reply(health: Health, is_well: bool) -> Result<Reply, RequestError> {
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(Reply::json(&health)?.with_status(status))
}

/// The names of all models that are served.
pub(super) fn names(state: &State) -> Result<Reply, RequestError> {
    let models = state.repository.models();
    let mut names: Vec<_> =
        models.iter().filter(|model| model.entry.is_some()).map(|model| model.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    Reply::json(&ModelNames { models: names })
}

pub(super) fn metadata(state: &State, model: &Model) -> Result<Reply, RequestError> {
    let versions = state.repository.versions(&model.name);
    Reply::json(&ModelMetadata::of(entry(model)?, &model.name, &versions))
}

/// A model that was found can answer: its worker comes with the first request.
pub(super) fn model_ready(model: &Model) -> Result<Reply, RequestError> {
    Reply::json(&ModelReady { name: model.name.clone(), ready: true })
}

pub(super) fn config(model: &Model) -> Result<Reply, RequestError> {
    Reply::json(&ModelConfig::of(model, entry(model)?))
}

/// What was counted of this version, or of every version where none was asked for.
pub(super) fn statistics(state: &State, model: &Arc<Model>, is_one: bool) -> Result<Reply, RequestError> {
    if is_one {
        return Reply::json(&AllStatistics { model_stats: vec![counted(model)] });
    }
    let models = state.repository.models();
    let versions = models.iter().filter(|other| other.name == model.name && other.entry.is_some());
    Reply::json(&AllStatistics { model_stats: versions.map(|model| counted(model)).collect() })
}

/// What was counted of every version of every model.
pub(super) fn all_statistics(state: &State) -> Result<Reply, RequestError> {
    let models = state.repository.models();
    let served = models.iter().filter(|model| model.entry.is_some());
    Reply::json(&AllStatistics { model_stats: served.map(|model| counted(model)).collect() })
}

fn counted(model: &Model) -> ModelStatistics {
    ModelStatistics::of(&model.name, model.version, &model.statistics.counts())
}

/// What clients may know of a model; an app has none, and is not found as a model in the first place.
pub(super) fn entry(model: &Model) -> Result<&Entry, RequestError> {
    let Some(entry) = &model.entry else {
        return Err(RequestError::NotFound(format!("'{}' is an app and no model", model.name)));
    };
    Ok(entry)
}
