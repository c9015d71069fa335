//! The seam to whatever computes: [`Models`] by name, [`Graph`]s that run, [`Outputs`] that are read in place.

use std::sync::Arc;

use blink_artifact::manifest::ValueSpec;
use blink_tensors::TensorView;

use crate::Cancel;

/// The models that a guest may ask for.
pub trait Models: Send + Sync {
    /// The model called `name`.
    fn find(&self, name: &str) -> Option<Arc<dyn Graph>>;

    /// A model made of ONNX bytes that the guest has brought, in as many parts as it gave.
    fn load(&self, onnx: &[&[u8]]) -> Result<Arc<dyn Graph>, LoadError>;
}

/// A model that can be run, by several callers at once.
pub trait Graph: Send + Sync {
    /// What it takes, in order.
    fn inputs(&self) -> &[ValueSpec];

    /// What it gives, in order.
    fn outputs(&self) -> &[ValueSpec];

    /// Computes every output from named inputs. A run that `cancel` ends fails.
    fn compute(&self, inputs: &[(&str, TensorView<'_>)], cancel: &Cancel) -> Result<Box<dyn Outputs>, ComputeError>;
}

/// The outputs of one run, in the order of [`Graph::outputs`], where the engine put them.
pub trait Outputs: Send + Sync {
    /// How many.
    fn count(&self) -> usize;

    /// The output at `index`, which is below [`Outputs::count`].
    fn get(&self, index: usize) -> TensorView<'_>;
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ComputeError {
    #[error("{0}")]
    Inputs(String),
    #[error("{0}")]
    Failed(String),
}

/// Why bytes did not become a model.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LoadError {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Failed(String),
}
