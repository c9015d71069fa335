//! The thread that has snapshots made: one model after the other, below all else that wants the processor.

use std::sync::mpsc;
use std::sync::{Arc, Weak};

use tracing::{info, warn};

use super::error::RepositoryError;
use super::keeper::spawn;
use super::starter::Starter;
use super::table::Table;
use crate::config::Warm;
use crate::model::Model;

/// By how much the thread, and every process that it starts, comes after others.
const NICE: i32 = 10;

/// A way to the thread; it ends when there is none any more. Models wait there without being kept.
#[derive(Debug)]
pub(super) struct Warmer {
    models: Option<mpsc::Sender<Weak<Model>>>,
}

impl Warmer {
    /// One that makes nothing.
    pub(super) fn none() -> Warmer {
        Warmer { models: None }
    }

    /// Starts the thread, where snapshots are wanted at load.
    pub(super) fn begin(warm: Warm, starter: Arc<dyn Starter>, table: Arc<Table>) -> Result<Warmer, RepositoryError> {
        if warm == Warm::Never {
            return Ok(Warmer::none());
        }
        let (models, waiting) = mpsc::channel::<Weak<Model>>();
        let work = move || {
            // Not granted, it is as urgent as the rest.
            let _ = rustix::process::nice(NICE);
            for model in waiting {
                match model.upgrade() {
                    Some(model) if table.serves(&model) => make(&model, &*starter),
                    // Replaced or unloaded while it waited.
                    _ => {}
                }
            }
        };
        spawn("snapshots", work).map_err(RepositoryError::Thread)?;
        Ok(Warmer { models: Some(models) })
    }

    /// Has a snapshot made of `model`, after those that wait already.
    pub(super) fn push(&self, model: &Arc<Model>) {
        // Nobody writes the state of a device down.
        if let (Some(models), None) = (&self.models, model.device) {
            // The thread is gone only where this process ends.
            let _ = models.send(Arc::downgrade(model));
        }
    }
}

fn make(model: &Arc<Model>, starter: &dyn Starter) {
    match starter.warm(model) {
        Ok(()) => info!(model = model.name, version = model.version, "snapshot is there"),
        Err(words) => {
            warn!(model = model.name, version = model.version, "no snapshot, so its workers start normally: {words}");
        }
    }
}
