//! [`ModelConfig`]: how a model is served, in the fields that load generators ask for.

use blink_artifact::manifest::ValueSpec;
use serde::Serialize;

use super::datatype::config_type;
use super::metadata::{PLATFORM, shape};
use crate::model::{Entry, Model};

/// How a model is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelConfig {
    /// What clients call it.
    pub name: String,
    /// [`PLATFORM`].
    pub platform: &'static str,
    /// What runs it.
    pub backend: &'static str,
    /// Most elements of the first dim that are run together. 0: requests are not run together, and a model's own first
    /// dim, whatever it is, is one among its dims.
    pub max_batch_size: u64,
    /// What it takes.
    pub input: Vec<ConfigInput>,
    /// What it gives.
    pub output: Vec<ConfigOutput>,
    /// How requests are run together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_batching: Option<DynamicBatching>,
}

/// An input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigInput {
    /// Its name.
    pub name: String,
    /// Its dtype.
    pub data_type: &'static str,
    /// Its dims, -1: open; without the first where `max_batch_size` is not 0.
    pub dims: Vec<i64>,
    /// Whether it may be left out.
    pub optional: bool,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigOutput {
    /// Its name.
    pub name: String,
    /// Its dtype.
    pub data_type: &'static str,
    /// As [`ConfigInput::dims`].
    pub dims: Vec<i64>,
}

/// How requests are run together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DynamicBatching {
    /// How long the first may wait for others, in microseconds.
    pub max_queue_delay_microseconds: u64,
}

impl ModelConfig {
    /// How `model`, whose entry this is, is served.
    pub fn of(model: &Model, entry: &Entry) -> ModelConfig {
        let batching = model.settings.batching.filter(|_| entry.has_batch_dim());
        let dims = |spec: &ValueSpec| shape(spec).split_off(usize::from(batching.is_some()));
        let input = |spec: &ValueSpec| ConfigInput {
            name: spec.name.clone(),
            data_type: config_type(spec.dtype),
            dims: dims(spec),
            optional: spec.optional,
        };
        let output = |spec: &ValueSpec| ConfigOutput {
            name: spec.name.clone(),
            data_type: config_type(spec.dtype),
            dims: dims(spec),
        };
        ModelConfig {
            name: model.name.clone(),
            platform: PLATFORM,
            backend: "onnxruntime",
            max_batch_size: batching.map_or(0, |batching| batching.size as u64),
            input: entry.inputs.iter().map(input).collect(),
            output: entry.outputs.iter().map(output).collect(),
            dynamic_batching: batching.map(|batching| DynamicBatching {
                max_queue_delay_microseconds: u64::try_from(batching.wait.as_micros()).unwrap_or(u64::MAX),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::sync::Arc;
    use std::time::Duration;

    use blink_artifact::manifest::Dim;
    use blink_tensors::DType;

    use super::*;
    use crate::config::{Batching, ModelSettings};
    use crate::observe::Statistics;

    fn config(dtype: DType, first: Dim, batching: bool) -> serde_json::Value {
        let value = |name: &str, dtype| ValueSpec {
            name: name.into(),
            dtype,
            dims: Some(vec![first.clone(), 3.into()]),
            optional: false,
        };
        let entry = Entry { name: None, inputs: vec![value("x", dtype)], outputs: vec![value("y", DType::F32)] };
        let batching = batching.then_some(Batching { size: 8, wait: Duration::from_millis(2) });
        let model = Model {
            id: 1,
            name: "m".into(),
            version: 1,
            path: "m.blink".into(),
            file: Arc::new(File::open("/dev/null").unwrap()),
            integrity: Arc::new(crate::integrity::Integrity::of_nothing()),
            is_admitted: false,
            own_code: None,
            entry: None,
            guest: None,
            weights: 0,
            private: 0,
            device: None,
            settings: ModelSettings { batching, ..ModelSettings::default() },
            statistics: Statistics::default(),
        };
        serde_json::to_value(ModelConfig::of(&model, &entry)).unwrap()
    }

    #[test]
    fn without_batching_all_dims_are_the_model_s() {
        let expected = serde_json::json!({
            "name": "m", "platform": "onnx_onnxv1", "backend": "onnxruntime", "max_batch_size": 0,
            "input": [{"name": "x", "data_type": "TYPE_STRING", "dims": [-1, 3], "optional": false}],
            "output": [{"name": "y", "data_type": "TYPE_FP32", "dims": [-1, 3]}],
        });
        assert_eq!(config(DType::String, "n".into(), false), expected);
    }

    #[test]
    fn with_batching_the_first_dim_is_the_server_s() {
        let batched = config(DType::F32, "n".into(), true);
        assert_eq!(batched["max_batch_size"], 8);
        assert_eq!(batched["input"][0]["dims"], serde_json::json!([3]));
        assert_eq!(batched["dynamic_batching"]["max_queue_delay_microseconds"], 2000);
        for (dtype, first, told) in [(DType::F32, 1.into(), 1), (DType::String, "n".into(), -1)] {
            let alone = config(dtype, first, true);
            assert_eq!(
                (&alone["max_batch_size"], &alone["input"][0]["dims"]),
                (&0.into(), &serde_json::json!([told, 3]))
            );
            assert_eq!(alone.get("dynamic_batching"), None);
        }
    }
}
