//! Models: those of the artifact by name, and, where the operator allows it, those that a guest brings.

use std::sync::Arc;

use wasmtime::component::{ComponentType, Lift};

use super::budget::{Budget, Held};
use super::failure::{Code, Error, Failure, out_of_time, quoted};
use crate::cancel::Cancel;
use crate::models::{Graph, LoadError, Models};

/// Most parts that a model is brought in.
pub(super) const MAX_PARTS: usize = 64;

/// A model that a guest has asked for.
pub(super) struct LoadedGraph {
    pub(super) graph: Arc<dyn Graph>,
    _held: Held,
}

/// What the bytes of a model are said to be, in the order of the component interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "each is made of its number, by the derived `Lift`")]
pub(super) enum Encoding {
    #[component(name = "openvino")]
    OpenVino,
    #[component(name = "onnx")]
    Onnx,
    #[component(name = "tensorflow")]
    TensorFlow,
    #[component(name = "pytorch")]
    PyTorch,
    #[component(name = "tensorflowlite")]
    TensorFlowLite,
    #[component(name = "ggml")]
    Ggml,
    #[component(name = "autodetect")]
    Autodetect,
}

/// Where a model is to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub(super) enum Target {
    #[component(name = "cpu")]
    Cpu,
    #[component(name = "gpu")]
    Gpu,
    #[component(name = "tpu")]
    Tpu,
}

/// Where models come from.
#[derive(Clone)]
pub(super) struct Loader {
    pub(super) models: Arc<dyn Models>,
    pub(super) budget: Budget,
    pub(super) cancel: Arc<Cancel>,
    pub(super) may_load: bool,
}

impl Loader {
    /// The artifact's model called `name`.
    pub(super) fn find(&self, name: &str) -> Result<LoadedGraph, Failure> {
        let held = self.budget.hold(1, 0)?;
        let graph = self.models.find(name).ok_or_else(|| {
            Error::new(Code::NotFound, format_args!("model {} is not in this artifact", quoted(name)))
        })?;
        Ok(LoadedGraph { graph, _held: held })
    }

    /// Whether a model may be brought, before any of its bytes is looked at.
    pub(super) fn check(&self, encoding: Encoding, target: Target, parts: usize) -> Result<(), Error> {
        if !matches!(encoding, Encoding::Onnx | Encoding::Autodetect) {
            let words = format!("graph encoding {encoding:?} is not known here: expected onnx").to_lowercase();
            return Err(Error::new(Code::InvalidEncoding, words));
        }
        if target != Target::Cpu {
            let words = format!("execution target {target:?} is not there: expected cpu").to_lowercase();
            return Err(Error::new(Code::UnsupportedOperation, words));
        }
        if !self.may_load {
            let words = "guest may not bring models of its own: start it with --allow-load, or load them by name";
            return Err(Error::new(Code::Security, words));
        }
        if parts > MAX_PARTS {
            let words = format!("model has {parts} parts: expected at most {MAX_PARTS}");
            return Err(Error::new(Code::TooLarge, words));
        }
        Ok(())
    }

    /// A model of these bytes, which count as held for as long as it is: what it keeps of them is about as much.
    pub(super) fn load(&self, parts: &[&[u8]]) -> Result<LoadedGraph, Failure> {
        let bytes = parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.len()));
        let held = self.budget.hold(1, bytes)?;
        let graph = self.models.load(parts).map_err(|error| match error {
            _ if self.cancel.is_cancelled() => out_of_time(),
            LoadError::Invalid(words) => Error::new(Code::InvalidEncoding, words).into(),
            LoadError::Failed(words) => Error::new(Code::RuntimeError, words).into(),
        })?;
        Ok(LoadedGraph { graph, _held: held })
    }
}
