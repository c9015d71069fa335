//! The instances of a worker as its guest sees them: by name, and by bytes that it brings.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use blink_artifact::manifest::ValueSpec;
use blink_guest::{Cancel, ComputeError, Graph, LoadError, Models};
use blink_tensors::TensorView;

use crate::engine::Outputs;
use crate::instance::{Instance, RunError, StartOptions};
use crate::model::Model;
use crate::timeline::{Timeline, now};

/// Turns ONNX bytes into an artifact, and gives its path.
pub(crate) trait Loader: Send + Sync {
    fn load(&self, onnx: &[&[u8]]) -> Result<PathBuf, LoadError>;
}

/// Every model of a worker, by name.
pub(crate) struct WorkerModels {
    instances: Vec<Arc<Instance>>,
    options: StartOptions,
    loader: Arc<dyn Loader>,
    first_run: FirstRun,
}

/// Begin and end of the first run of any model, on the clock of timelines.
pub(crate) type FirstRun = Arc<OnceLock<(u64, u64)>>;

impl WorkerModels {
    /// `options` are for models that the guest brings; `first_run` hears of the first run of all.
    pub(crate) fn new(
        instances: Vec<Arc<Instance>>,
        options: StartOptions,
        loader: Arc<dyn Loader>,
        first_run: FirstRun,
    ) -> Arc<WorkerModels> {
        Arc::new(WorkerModels { instances, options, loader, first_run })
    }

    fn graph(&self, instance: Arc<Instance>) -> Arc<dyn Graph> {
        Arc::new(Started { instance, first_run: Arc::clone(&self.first_run) })
    }
}

impl Models for WorkerModels {
    fn find(&self, name: &str) -> Option<Arc<dyn Graph>> {
        let found = self.instances.iter().find(|instance| instance.model().record().name == name)?;
        Some(self.graph(Arc::clone(found)))
    }

    fn load(&self, onnx: &[&[u8]]) -> Result<Arc<dyn Graph>, LoadError> {
        let path = self.loader.load(onnx)?;
        let model = Model::open(path).map_err(|error| LoadError::Failed(error.to_string()))?;
        let started = Instance::start(&model, &self.options, &mut Timeline::new());
        let instance = started.map_err(|error| LoadError::Failed(error.to_string()))?;
        Ok(self.graph(Arc::new(instance)))
    }
}

/// A model that has started.
struct Started {
    instance: Arc<Instance>,
    first_run: FirstRun,
}

impl Graph for Started {
    fn inputs(&self) -> &[ValueSpec] {
        &self.instance.model().record().inputs
    }

    fn outputs(&self) -> &[ValueSpec] {
        &self.instance.model().record().outputs
    }

    fn compute(
        &self,
        inputs: &[(&str, TensorView<'_>)],
        cancel: &Cancel,
    ) -> Result<Box<dyn blink_guest::Outputs>, ComputeError> {
        let begin = now();
        let ran = self.instance.run_until(inputs, cancel);
        self.first_run.get_or_init(|| (begin, now()));
        match ran {
            Ok(outputs) => Ok(Box::new(outputs)),
            Err(error @ RunError::Bind(_)) => Err(ComputeError::Inputs(error.to_string())),
            Err(error) => Err(ComputeError::Failed(error.to_string())),
        }
    }
}

impl blink_guest::Outputs for Outputs {
    fn count(&self) -> usize {
        self.len()
    }

    fn get(&self, index: usize) -> TensorView<'_> {
        Outputs::get(self, index)
    }
}
