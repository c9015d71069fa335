//! The model repository: what is in it, and loading and unloading where the operator allows clients to.

use super::proto::model_repository_parameter::ParameterChoice;
use super::proto::repository_index_response::ModelIndex;
use super::proto::{
    RepositoryIndexResponse, RepositoryModelLoadRequest, RepositoryModelLoadResponse, RepositoryModelUnloadRequest,
    RepositoryModelUnloadResponse,
};
use crate::error::RequestError;
use crate::repository::ModelState;
use crate::state::State;

/// Every version of every model, or only those that are ready.
pub(super) fn index(state: &State, only_ready: bool) -> RepositoryIndexResponse {
    let entries = state.repository.index().into_iter();
    let wanted = entries.filter(|entry| !only_ready || entry.state == ModelState::Ready);
    let models = wanted.map(|entry| ModelIndex {
        name: entry.name,
        version: entry.version.to_string(),
        state: state_name(entry.state).to_owned(),
        reason: entry.reason,
    });
    RepositoryIndexResponse { models: models.collect() }
}

fn state_name(state: ModelState) -> &'static str {
    match state {
        ModelState::Ready => "READY",
        ModelState::Loading => "LOADING",
        ModelState::Unloading => "UNLOADING",
        ModelState::Unavailable => "UNAVAILABLE",
    }
}

/// Loads a model from the files that there are. A request that brings a configuration or files is refused.
pub(super) async fn load(
    state: &State,
    request: RepositoryModelLoadRequest,
) -> Result<RepositoryModelLoadResponse, RequestError> {
    allowed(state)?;
    let brought = request.parameters.keys().find(|name| *name == "config" || name.starts_with("file:"));
    if let Some(name) = brought {
        let words = format!("parameter '{name}' is not taken: models are loaded as they are in the server's files");
        return Err(RequestError::Invalid(words));
    }
    state.repository.load(&request.model_name).await?;
    Ok(RepositoryModelLoadResponse {})
}

/// Unloads a model. No model depends on another here, so dependents cannot be asked for.
pub(super) async fn unload(
    state: &State,
    request: RepositoryModelUnloadRequest,
) -> Result<RepositoryModelUnloadResponse, RequestError> {
    allowed(state)?;
    let dependents = request.parameters.get("unload_dependents").and_then(|given| given.parameter_choice.as_ref());
    if let Some(ParameterChoice::BoolParam(true)) = dependents {
        let words = "parameter 'unload_dependents' is not taken: models of this server have no dependents";
        return Err(RequestError::Invalid(words.into()));
    }
    state.repository.unload(&request.model_name).await?;
    Ok(RepositoryModelUnloadResponse {})
}

fn allowed(state: &State) -> Result<(), RequestError> {
    if state.config.repository_control {
        return Ok(());
    }
    let words = "clients may not load or unload models here; the operator allows it with `allow_repository_control`";
    Err(RequestError::Forbidden(words.into()))
}
