//! What the server and its models say of themselves, as messages.

use super::proto::model_metadata_response::TensorMetadata;
use super::proto::{
    DataType, InferBatchStatistics, InferStatistics, ModelConfig, ModelConfigResponse, ModelDynamicBatching,
    ModelInput, ModelMetadataResponse, ModelOutput, ModelStatistics, ModelStatisticsResponse, ServerMetadataResponse,
    StatisticDuration,
};
use crate::error::RequestError;
use crate::model::{Entry, Model};
use crate::protocol;
use crate::state::State;

/// The server.
pub(super) fn server() -> ServerMetadataResponse {
    let protocol::ServerMetadata { name, version, extensions } = protocol::ServerMetadata::here();
    let extensions = extensions.iter().map(|name| (*name).to_owned()).collect();
    ServerMetadataResponse { name: name.to_owned(), version: version.to_owned(), extensions }
}

/// What a model takes and gives.
pub(super) fn metadata(state: &State, name: &str, version: &str) -> Result<ModelMetadataResponse, RequestError> {
    let model = state.model(name, Some(version))?;
    let versions = state.repository.versions(name);
    let found = protocol::ModelMetadata::of(entry(&model)?, &model.name, &versions);
    let protocol::ModelMetadata { name, versions, platform, inputs, outputs } = found;
    let all = |tensors: Vec<protocol::TensorMetadata>| tensors.into_iter().map(TensorMetadata::from).collect();
    let (inputs, outputs) = (all(inputs), all(outputs));
    Ok(ModelMetadataResponse { name, versions, platform: platform.to_owned(), inputs, outputs })
}

impl From<protocol::TensorMetadata> for TensorMetadata {
    fn from(tensor: protocol::TensorMetadata) -> TensorMetadata {
        let protocol::TensorMetadata { name, datatype, shape } = tensor;
        TensorMetadata { name, datatype: datatype.to_owned(), shape }
    }
}

/// How a model is served.
pub(super) fn config(state: &State, name: &str, version: &str) -> Result<ModelConfigResponse, RequestError> {
    let model = state.model(name, Some(version))?;
    Ok(ModelConfigResponse { config: Some(protocol::ModelConfig::of(&model, entry(&model)?).into()) })
}

impl From<protocol::ModelConfig> for ModelConfig {
    fn from(config: protocol::ModelConfig) -> ModelConfig {
        let protocol::ModelConfig { name, platform, backend, max_batch_size, input, output, dynamic_batching } = config;
        let data_type = |name| DataType::from_str_name(name).unwrap_or(DataType::TypeInvalid).into();
        let input = input.into_iter().map(|protocol::ConfigInput { name, data_type: of, dims, optional }| ModelInput {
            name,
            data_type: data_type(of),
            dims,
            optional,
        });
        let output = output.into_iter().map(|protocol::ConfigOutput { name, data_type: of, dims }| ModelOutput {
            name,
            data_type: data_type(of),
            dims,
        });
        let batching = |protocol::DynamicBatching { max_queue_delay_microseconds }| ModelDynamicBatching {
            max_queue_delay_microseconds,
        };
        ModelConfig {
            name,
            platform: platform.to_owned(),
            backend: backend.to_owned(),
            max_batch_size: i32::try_from(max_batch_size).unwrap_or(i32::MAX),
            input: input.collect(),
            output: output.collect(),
            dynamic_batching: dynamic_batching.map(batching),
        }
    }
}

/// What was counted: of one version, of all versions of a model, or of all models where `name` is empty.
pub(super) fn statistics(state: &State, name: &str, version: &str) -> Result<ModelStatisticsResponse, RequestError> {
    let models = if name.is_empty() || version.is_empty() {
        let mut models = state.repository.models();
        models.retain(|model| model.entry.is_some() && (name.is_empty() || model.name == name));
        models
    } else {
        vec![state.model(name, Some(version))?]
    };
    if models.is_empty() && !name.is_empty() {
        state.model(name, None)?;
    }
    let of = |model: &Model| protocol::ModelStatistics::of(&model.name, model.version, &model.statistics.counts());
    Ok(ModelStatisticsResponse { model_stats: models.iter().map(|model| of(model).into()).collect() })
}

impl From<protocol::ModelStatistics> for ModelStatistics {
    fn from(statistics: protocol::ModelStatistics) -> ModelStatistics {
        let stats = statistics.inference_stats;
        let of = |duration: protocol::StatisticDuration| Some(duration.into());
        let batch = |batch: protocol::BatchStatistics| InferBatchStatistics {
            batch_size: batch.batch_size,
            compute_input: of(batch.compute_input),
            compute_infer: of(batch.compute_infer),
            compute_output: of(batch.compute_output),
        };
        ModelStatistics {
            name: statistics.name,
            version: statistics.version,
            last_inference: statistics.last_inference,
            inference_count: statistics.inference_count,
            execution_count: statistics.execution_count,
            inference_stats: Some(InferStatistics {
                success: of(stats.success),
                fail: of(stats.fail),
                queue: of(stats.queue),
                compute_input: of(stats.compute_input),
                compute_infer: of(stats.compute_infer),
                compute_output: of(stats.compute_output),
                cache_hit: of(stats.cache_hit),
                cache_miss: of(stats.cache_miss),
            }),
            batch_stats: statistics.batch_stats.into_iter().map(batch).collect(),
        }
    }
}

impl From<protocol::StatisticDuration> for StatisticDuration {
    fn from(duration: protocol::StatisticDuration) -> StatisticDuration {
        let protocol::StatisticDuration { count, ns } = duration;
        StatisticDuration { count, ns }
    }
}

/// The model's own entry, which all but apps have.
fn entry(model: &Model) -> Result<&Entry, RequestError> {
    let is_app = || RequestError::NotFound(format!("'{}' is an app and no model", model.name));
    model.entry.as_ref().ok_or_else(is_app)
}
