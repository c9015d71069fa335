//! What a server and its models say of themselves, in the protocol's fields.

use blink_artifact::manifest::{Dim, ValueSpec};
use serde::Serialize;

use super::datatype;
use crate::model::Entry;

/// What all models run on, in the protocol's words.
pub const PLATFORM: &str = "onnx_onnxv1";

/// What is served beyond the protocol itself. Loading and unloading, parts of `model_repository`, may be forbidden.
pub const EXTENSIONS: [&str; 4] = ["binary_tensor_data", "model_configuration", "model_repository", "statistics"];

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerMetadata {
    /// Which server.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// What it serves beyond the protocol.
    pub extensions: &'static [&'static str],
}

impl ServerMetadata {
    /// This server.
    pub fn here() -> ServerMetadata {
        ServerMetadata { name: "blink", version: env!("CARGO_PKG_VERSION"), extensions: &EXTENSIONS }
    }
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelMetadata {
    /// What clients call it.
    pub name: String,
    /// Its versions that are served.
    pub versions: Vec<String>,
    /// [`PLATFORM`].
    pub platform: &'static str,
    /// What it takes, in the graph's order.
    pub inputs: Vec<TensorMetadata>,
    /// What it gives, in the graph's order.
    pub outputs: Vec<TensorMetadata>,
}

impl ModelMetadata {
    /// The model `entry`, which clients call `name` and which has these versions.
    pub fn of(entry: &Entry, name: &str, versions: &[u64]) -> ModelMetadata {
        let all = |specs: &[ValueSpec]| specs.iter().map(TensorMetadata::of).collect();
        ModelMetadata {
            name: name.to_owned(),
            versions: versions.iter().map(u64::to_string).collect(),
            platform: PLATFORM,
            inputs: all(&entry.inputs),
            outputs: all(&entry.outputs),
        }
    }
}

/// An input or an output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TensorMetadata {
    /// Its name.
    pub name: String,
    /// The protocol's name of its dtype.
    pub datatype: &'static str,
    /// Its dims, outermost first; -1: open. The protocol has no word for any rank: it is one open dim here.
    pub shape: Vec<i64>,
}

impl TensorMetadata {
    fn of(spec: &ValueSpec) -> TensorMetadata {
        TensorMetadata { name: spec.name.clone(), datatype: datatype(spec.dtype), shape: shape(spec) }
    }
}

/// Dims as the protocol has them: -1 where one is open, and `[-1]` for any rank.
pub(super) fn shape(spec: &ValueSpec) -> Vec<i64> {
    let size = |dim: &Dim| match dim {
        Dim::Fixed(size) => i64::try_from(*size).unwrap_or(i64::MAX),
        Dim::Symbolic(_) | Dim::Unknown => -1,
    };
    spec.dims.as_ref().map_or_else(|| vec![-1], |dims| dims.iter().map(size).collect())
}

/// Whether a server lives and can answer. Both stand in the answer to either question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Whether the process does its work.
    pub live: bool,
    /// Whether models can answer.
    pub ready: bool,
}

/// Whether a model can answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelReady {
    /// The model's name.
    pub name: String,
    /// Whether it can answer.
    pub ready: bool,
}

/// The names of all models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelNames {
    /// Sorted, each once.
    pub models: Vec<String>,
}

/// One version of a model in the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IndexItem {
    /// The model's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `READY`, `LOADING`, `UNLOADING` or `UNAVAILABLE`.
    pub state: &'static str,
    /// Why it is not ready; empty where it is.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use blink_tensors::DType;

    use super::*;

    #[test]
    fn metadata_has_the_fields_of_the_protocol() {
        let spec = |name: &str, dtype, dims| ValueSpec { name: name.into(), dtype, dims, optional: false };
        let entry = Entry {
            name: None,
            inputs: vec![
                spec("x", DType::F32, Some(vec!["n".into(), Dim::Unknown, 3.into()])),
                spec("s", DType::String, None),
            ],
            outputs: vec![spec("y", DType::I64, Some(Vec::new()))],
        };
        let found = serde_json::to_value(ModelMetadata::of(&entry, "m", &[2, 1])).unwrap();
        let expected = serde_json::json!({
            "name": "m", "versions": ["2", "1"], "platform": "onnx_onnxv1",
            "inputs": [
                {"name": "x", "datatype": "FP32", "shape": [-1, -1, 3]},
                {"name": "s", "datatype": "BYTES", "shape": [-1]},
            ],
            "outputs": [{"name": "y", "datatype": "INT64", "shape": []}],
        });
        assert_eq!(found, expected);
        let server = serde_json::to_value(ServerMetadata::here()).unwrap();
        assert_eq!(server["name"], "blink");
        assert!(server["extensions"].as_array().unwrap().contains(&"binary_tensor_data".into()));
    }
}
