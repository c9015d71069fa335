//! [`Instance`]: a model started, ready to take tensors.

use std::sync::Arc;

use blink_artifact::manifest::DeviceRuns;
use blink_guest::Cancel;
use blink_tensors::TensorView;

use crate::binding::{self, BindError};
use crate::engine::cuda::{BudgetStats, DeviceArena, DeviceHost, SessionKey};
use crate::engine::{Engine, EngineError, Graph, Optimise, Outputs, Placement, Session, SessionOptions, Stop};
use crate::host;
use crate::library::{self, Library, LibraryError};
use crate::model::Model;
use crate::timeline::{Phase, Timeline};

/// More threads than this help no kernel, and would only fail later and less clearly.
const MAX_THREADS: usize = 512;

/// What a caller may choose about a start.
#[derive(Clone, Copy, Debug)]
pub struct StartOptions {
    /// Threads of a run, the caller's included. `None`: what the CPU quota and the affinity mask allow.
    pub threads: Option<usize>,
    /// Whether weights are packed before the first run. `None`: as the compiler measured and recorded.
    pub prepack: Option<bool>,
    /// Whether threads get a core each through the first run. For a process that exists to answer; a process with
    /// other work of its own turns it off.
    pub pin: bool,
}

impl Default for StartOptions {
    fn default() -> StartOptions {
        StartOptions { threads: None, prepack: None, pin: true }
    }
}

/// What a caller may choose about a start on a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceOptions {
    /// Whether nodes that the device leaves to the CPU are an error.
    pub strict: bool,
    /// How runs are made. `None`: as the compiler found best. Models whose shapes are not fixed run plainly in any case.
    pub runs: Option<DeviceRuns>,
    /// Whether its weights and its session are let go of when it ends, so that the next start uploads and makes them. A
    /// model that runs with the weights at that moment has them until it ends.
    pub discard: bool,
}

/// Why a start failed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StartError {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("threads is {found}: give 1 to {MAX_THREADS}, or leave it out to use what the CPU quota allows")]
    Threads { found: usize },
}

/// Why a run failed. The instance can be used again.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum RunError {
    #[error(transparent)]
    Bind(#[from] BindError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The threads of a run: as given, else what the CPU quota and the affinity mask allow.
pub fn thread_count(given: Option<usize>) -> Result<usize, StartError> {
    let threads = given.unwrap_or_else(|| host::cpu_quota().count());
    if (1..=MAX_THREADS).contains(&threads) { Ok(threads) } else { Err(StartError::Threads { found: threads }) }
}

/// What a model has of a device, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeviceFacts {
    /// The device's number.
    pub ordinal: u32,
    /// What it calls itself.
    pub name: String,
    /// Which nodes it computes.
    pub placement: Placement,
    /// Bytes of weights on the device.
    pub weights: u64,
    /// Whether they were there, or on their way, when the model was started: of a model that slept, or of another one
    /// with the same.
    pub weights_were_there: bool,
    /// Whether its session was, too: it had slept, and was not made again.
    pub session_was_there: bool,
    /// Bytes of its memory for activations.
    pub arena: u64,
    /// How its runs are made.
    pub runs: DeviceRuns,
    /// What all models of the worker hold.
    pub budget: BudgetStats,
}

/// What an instance needs to know to tell [`DeviceFacts`].
struct OnDevice {
    host: &'static DeviceHost,
    placement: Placement,
    arena: Arc<DeviceArena>,
    weights: u64,
    weights_were_there: bool,
    session_was_there: bool,
    /// What it is found by when it has slept.
    key: SessionKey,
    /// Bytes that its arena begins with.
    expected: u64,
}

/// A started model. Runs may come from several threads at once.
pub struct Instance {
    session: Session,
    model: Model,
    threads: usize,
    on_device: Option<OnDevice>,
}

impl Instance {
    /// Finds and loads ONNX Runtime if this process has not yet, and makes the model's session.
    ///
    /// No thread is started before the first run.
    pub fn start(model: &Model, options: &StartOptions, timeline: &mut Timeline) -> Result<Instance, StartError> {
        Instance::start_on(&library::find()?, model, options, timeline)
    }

    /// As [`Instance::start`], on a library that was found.
    pub(crate) fn start_on(
        library: &Library,
        model: &Model,
        options: &StartOptions,
        timeline: &mut Timeline,
    ) -> Result<Instance, StartError> {
        let threads = thread_count(options.threads)?;
        let engine = Engine::start(library, timeline)?;
        let record = model.record();
        let session = timeline.record(Phase::Session, || {
            engine.arena().expect(usize::try_from(record.arena.peak).unwrap_or(0));
            let options = SessionOptions {
                threads,
                prepack: options.prepack.unwrap_or(record.prepack),
                optimise: Optimise::No,
                leave_out: &[],
                dims: Vec::new(),
                save: None,
                pin: options.pin,
            };
            let graph = Graph::Artifact(model.artifact().clone(), model.index());
            Session::new(engine, graph, &options, &record.inputs, &record.outputs)
        })?;
        Ok(Instance { session, model: model.clone(), threads, on_device: None })
    }

    /// Starts the model on the device of `host`, beside others that run there.
    ///
    /// The weights are uploaded while the session is made, unless they are there already; where the model has slept there,
    /// so is the session.
    pub(crate) fn start_on_device(
        host: &'static DeviceHost,
        model: &Model,
        options: &StartOptions,
        asked: &DeviceOptions,
        timeline: &mut Timeline,
    ) -> Result<Instance, StartError> {
        let threads = thread_count(options.threads)?;
        let record = model.record();
        let device = record.device.as_ref();
        let plan = device.and_then(|device| device.trial.as_ref());
        let runs = asked.runs.or(plan.map(|plan| plan.runs)).unwrap_or_default();
        let prepack = options.prepack.unwrap_or(record.prepack);
        let file = model.artifact().file_id();
        let key = SessionKey { file, model: model.index(), threads, prepack, runs };
        let expected = plan.map_or(0, |plan| plan.peak);
        if let Some(slept) = timeline.record(Phase::Session, || Instance::wake(host, model, &key, asked))? {
            timeline.record(Phase::Weights, || slept.session.wait_for_weights())?;
            return Ok(slept);
        }
        let (session, on_device) = timeline.record(Phase::Session, || {
            let uploaded = host.budget.weights(model.artifact(), model.index()).map_err(EngineError::Cuda)?;
            let (uploaded, weights_were_there) = uploaded.map_or((None, false), |(found, were)| (Some(found), were));
            let weights = uploaded.as_ref().map_or(0, |weights| weights.bytes());
            let cudnn = device.is_some_and(|device| device.cudnn);
            let tensors = device.map_or(&[][..], |device| &device.weights);
            let share = host.share(uploaded, tensors, expected, runs, cudnn, asked.strict)?;
            let arena = Arc::clone(&share.arena);
            let session = SessionOptions {
                threads,
                prepack,
                optimise: Optimise::No,
                dims: Vec::new(),
                leave_out: &[],
                save: None,
                pin: false,
            };
            let graph = Graph::Artifact(model.artifact().clone(), model.index());
            let made = Session::on_device(host.engine, graph, &session, &record.inputs, &record.outputs, share);
            let (session, placement) = made?;
            let session_was_there = false;
            let on_device =
                OnDevice { host, placement, arena, weights, weights_were_there, session_was_there, key, expected };
            Ok::<_, EngineError>((session, on_device))
        })?;
        timeline.record(Phase::Weights, || session.wait_for_weights())?;
        Ok(Instance { session, model: model.clone(), threads, on_device: Some(on_device) })
    }

    /// The instance of this model that sleeps on the device, with its arena again.
    fn wake(
        host: &'static DeviceHost,
        model: &Model,
        key: &SessionKey,
        asked: &DeviceOptions,
    ) -> Result<Option<Instance>, EngineError> {
        let Some(hash) = model.artifact().weights_hash(model.index()) else { return Ok(None) };
        let slept = host.budget.wake(hash, key).and_then(|slept| slept.downcast::<Instance>().ok());
        let Some(mut instance) = slept.map(|slept| *slept) else { return Ok(None) };
        if let Some(on) = &mut instance.on_device {
            if asked.strict && !on.placement.on_cpu.is_empty() {
                return Err(EngineError::Placement { nodes: on.placement.cpu_nodes() });
            }
            on.arena.expect(on.expected).map_err(EngineError::Cuda)?;
            (on.weights_were_there, on.session_was_there) = (true, true);
        }
        Ok(Some(instance))
    }

    /// Ends the model on its device. Its session sleeps there over its weights until the next start, or until somebody
    /// needs the memory; `discard`: both are let go of.
    pub(crate) fn leave_device(mut self, discard: bool) {
        let hash = self.model.artifact().weights_hash(self.model.index());
        let (Some(on), Some(hash)) = (&mut self.on_device, hash) else { return };
        // What it took this time, it gets in one piece the next time.
        on.expected = on.expected.max(on.arena.bytes());
        let (host, key, hash) = (on.host, on.key.clone(), *hash);
        // A recorded graph has the addresses of activations in it, which are about to be somebody else's.
        let can_sleep = self.session.device_runs() != DeviceRuns::Graph;
        on.arena.trim();
        if can_sleep && !discard {
            return host.budget.put_to_sleep(&hash, key, Box::new(self));
        }
        drop(self);
        if discard {
            host.budget.discard(&hash);
        }
    }

    /// What it has of a device; `None` where it runs on the CPU.
    pub fn device(&self) -> Option<DeviceFacts> {
        self.on_device.as_ref().map(|on| DeviceFacts {
            ordinal: on.host.gpu.ordinal(),
            name: on.host.gpu.name().to_owned(),
            placement: on.placement.clone(),
            weights: on.weights,
            weights_were_there: on.weights_were_there,
            session_was_there: on.session_was_there,
            arena: on.arena.bytes(),
            runs: self.session.device_runs(),
            budget: on.host.budget.stats(),
        })
    }

    /// As [`Instance::run`], unless `stop` ends it.
    pub(crate) fn run_stoppable(&self, inputs: &[(&str, TensorView<'_>)], stop: &Stop) -> Result<Outputs, RunError> {
        let bound = binding::bind(self.model.record(), inputs)?;
        Ok(self.session.run_until(&bound, stop)?)
    }

    /// Computes every output of the model from named inputs. Outputs come in the order of the model's record.
    ///
    /// Inputs are read where they stand, unless one starts in the middle of an element's alignment: that one is
    /// copied.
    pub fn run(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<Outputs, RunError> {
        let bound = binding::bind(self.model.record(), inputs)?;
        Ok(self.session.run(&bound)?)
    }

    /// As [`Instance::run`], unless `cancel` ends it.
    pub(crate) fn run_until(&self, inputs: &[(&str, TensorView<'_>)], cancel: &Cancel) -> Result<Outputs, RunError> {
        let bound = binding::bind(self.model.record(), inputs)?;
        let stop = Arc::new(Stop::new()?);
        let switch = Arc::clone(&stop);
        Ok(cancel.during(move || switch.stop(), || self.session.run_until(&bound, &stop))?)
    }

    /// As [`Instance::run`], on the caller's thread alone: no worker thread is started. The answer has the same bits.
    pub(crate) fn run_alone(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<Outputs, RunError> {
        let bound = binding::bind(self.model.record(), inputs)?;
        Ok(self.session.run_alone(&bound)?)
    }

    /// Gives memory back to the kernel in which nothing is kept between runs: activations.
    pub(crate) fn release_activations(&self) {
        self.session.engine().arena().discard();
    }

    /// Gives all memory back to the kernel that holds nothing until the next run.
    pub(crate) fn release_memory(&self) {
        self.session.engine().release_memory();
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Threads of a run, the caller's included.
    pub fn threads(&self) -> usize {
        self.threads
    }
}
