//! [`Starter`]: what the repository asks of those who have workers. The pool is one.

use std::sync::Arc;

use blink_artifact::Artifact;

use crate::model::Model;

/// Whoever starts workers. Every call may come from any thread.
pub trait Starter: Send + Sync {
    /// Sees to it that workers of `model`, a guest, find native code that they may run; `artifact` is the model's. Blocks.
    /// The error is for the operator's log.
    fn make_code(&self, model: &Arc<Model>, artifact: &Artifact) -> Result<(), String>;

    /// Starts a worker of `model` and waits until it is there, so that nobody's request finds out first that it cannot.
    /// Blocks. The error is for the operator's log.
    fn prove(&self, model: &Arc<Model>) -> Result<(), String>;

    /// Sees to it that `model` has a snapshot; returns at once where it has a valid one. Blocks. The error is for the
    /// operator's log: the model goes on with normal starts.
    fn warm(&self, model: &Arc<Model>) -> Result<(), String>;

    /// The file of `model` is not what it was, which `found` tells: nothing of it is started or answers any more, nor of the
    /// other models of that file.
    fn poison(&self, model: &Arc<Model>, found: &str);

    /// `model` is served from now on: it is to have its fewest workers.
    fn keep(&self, model: &Arc<Model>);

    /// The model of this number is served no more: what waits and runs is finished, then its workers end.
    fn retire(&self, id: u64);
}
