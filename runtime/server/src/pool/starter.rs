//! What the repository asks of the pool: a model proved, warmed, kept and retired.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use blink_artifact::Artifact;
use blink_runtime::{StartMode, WorkerSpec};

use super::job::Work;
use super::{Asked, Pool, crew};
use crate::model::Model;
use crate::repository::Starter;

/// How long a proof may take: a normal start of a large model from a slow disk.
const PROOF: Duration = Duration::from_secs(300);

impl Starter for Pool {
    fn make_code(&self, model: &Arc<Model>, artifact: &Artifact) -> Result<(), String> {
        self.owner.shared.guests.make_ready(model, artifact)
    }

    fn prove(&self, model: &Arc<Model>) -> Result<(), String> {
        let shared = &self.owner.shared;
        let (done, receiver) = mpsc::sync_channel(1);
        let ticket = shared.submit(model, Work::Ready { done });
        let asked = Asked { shared, model: model.id, ticket, is_waiting: true };
        match receiver.recv_timeout(PROOF) {
            Ok(proved) => {
                asked.over();
                proved
            }
            Err(RecvTimeoutError::Disconnected) => Err("its worker's thread is gone".into()),
            Err(RecvTimeoutError::Timeout) => Err(format!("no worker of it was ready within {} s", PROOF.as_secs())),
        }
    }

    fn warm(&self, model: &Arc<Model>) -> Result<(), String> {
        let shared = &self.owner.shared;
        let launcher = &shared.launcher;
        if model.integrity.is_poisoned() {
            return Err("its file is poisoned".into());
        }
        let spec = WorkerSpec { start: StartMode::Snapshot, ..crew::spec(model, &shared.devices) };
        if launcher.launch(&spec).is_ok_and(|mut worker| worker.wait_ready().is_ok()) {
            return Ok(());
        }
        launcher.warm(&spec).map(drop).map_err(|error| error.to_string())
    }

    fn poison(&self, model: &Arc<Model>, found: &str) {
        self.owner.shared.poison(model, found);
    }

    fn keep(&self, model: &Arc<Model>) {
        let shared = &self.owner.shared;
        shared.change(|schedule, now| {
            if model.integrity.is_poisoned() {
                return;
            }
            schedule.know(model.id, now, || (shared.terms(model), Arc::clone(model)));
            schedule.keep(model.id, now);
        });
    }

    fn retire(&self, id: u64) {
        self.owner.shared.change(|schedule, now| schedule.retire(id, now));
    }
}
