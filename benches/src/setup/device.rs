//! The ways to start on a device: in its resident worker, with the weights there already or uploaded. Each is launched
//! once, uncounted, and must give nearly the answer that the CPU gave.

use std::sync::Arc;

use blink_runtime::{Device, Model, WorkerSpec};

use super::{Setup, SetupError};
use crate::device::{Closeness, OnDevice, Resident, Weights};
use crate::launch::LaunchError;
use crate::measurement;
use crate::way::{Launch, Way};
use crate::worker::WorkerLaunch;

impl Setup {
    /// Adds starts in `resident`, whose answers are held to `close`.
    pub(super) fn add_device(
        &mut self,
        resident: &Resident,
        close: Arc<Closeness>,
        tell: &mut impl FnMut(&str),
    ) -> Result<(), SetupError> {
        tell("starting on the device");
        self.spec.device = Some(Device::Cuda(resident.ordinal));
        self.device = Some(self.first(resident, &close)?);
        for weights in Weights::ALL {
            let name = weights.name();
            if self.subject.weights_bytes == 0 && weights == Weights::Uploaded {
                self.left_out.push(format!("{name}: the model has no weights to upload"));
                continue;
            }
            let way =
                Way { name: name.to_owned(), launch: Launch::Worker(Box::new(self.launch(Some(weights), &close))) };
            let launched = way.launch().map_err(|source| SetupError::Launch { way: name.to_owned(), source })?;
            self.answers.checked += 1;
            self.push(way, launched.difference)?;
        }
        let words = format!("; on the device {} of the CPU's answer to the same", close.words());
        self.answers.held_against.push_str(&words);
        Ok(())
    }

    /// The first start of the model, and what it has of the device.
    fn first(&mut self, resident: &Resident, close: &Arc<Closeness>) -> Result<measurement::OnDevice, SetupError> {
        let failed = |source| SetupError::Launch { way: "the first start on the device".to_owned(), source };
        let (mut worker, launched) = self.launch(None, close).answered().map_err(failed)?;
        let facts = worker.device()?.ok_or(LaunchError::NotOnDevice).map_err(failed)?;
        worker.end();
        self.answers.checked += 1;
        let model = Model::open_named(&self.spec.artifact, self.spec.model.as_deref())?;
        let precision = model.record().device.as_ref().map_or("fp32", |device| device.precision.name());
        Ok(measurement::OnDevice {
            ordinal: facts.ordinal,
            context: resident.context.clone(),
            first_ms: launched.cold_ms,
            first_phases: launched.phases,
            precision: precision.to_owned(),
            runs: facts.runs.name().to_owned(),
            tolerance: close.bound(),
            nodes: facts.placement.on_device,
            on_cpu: facts.placement.on_cpu,
            weights_bytes: facts.weights,
            arena_bytes: facts.arena,
        })
    }

    fn launch(&self, weights: Option<Weights>, close: &Arc<Closeness>) -> WorkerLaunch {
        let mut spec: WorkerSpec = self.spec.clone();
        spec.on_device.discard = weights == Some(Weights::Uploaded);
        WorkerLaunch {
            launcher: self.launcher.clone(),
            spec,
            ask: self.ask.clone(),
            expected: None,
            device: Some(OnDevice { weights, close: Arc::clone(close) }),
        }
    }
}
