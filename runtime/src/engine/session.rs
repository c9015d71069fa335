//! [`Session`]: a graph that ONNX Runtime has made ready, and the options that decide how.

use std::ffi::CString;
use std::path::PathBuf;
use std::sync::Arc;

use blink_artifact::manifest::{DeviceRuns, GraphEncoding, ValueSpec};
use blink_artifact::{Artifact, MappedFile};
use blink_tensors::{DType, TensorView};
use ort::AsPointer;
use ort::logging::LogLevel;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::value::{TensorElementType, ValueType};

use super::call::{Stop, c_name, call};
use super::cuda::{self, Bound, Share};
use super::placement::{self, Placement};
use super::threads::{DeferredThreads, Pinned};
use super::value::Outputs;
use super::{Engine, EngineError, check};

/// The name that an `onnx` graph calls its weights section by (`docs/format.md`).
pub const WEIGHTS_FILE: &str = "weights";

/// How long a thread of a run that has nothing to do looks for work before it sleeps, in microseconds. ONNX Runtime's own
/// is tens of milliseconds, which others on the machine lack after each run; this is longer than what lies between the
/// parts of a run, and between a client's answer and its next request.
const SPIN: &str = "1000";

/// Where a graph is.
#[derive(Clone)]
pub enum Graph {
    /// A model of an artifact, used in place.
    Artifact(Arc<Artifact>, u32),
    /// A file in ONNX Runtime's own format, used in place.
    OrtFile(Arc<MappedFile>),
    /// An ONNX model without external data.
    Bytes(&'static [u8]),
    /// An ONNX file, which ONNX Runtime reads and copies.
    OnnxFile(PathBuf),
    /// An ONNX model, and the files its external data is in by the names it calls them; those are used in place.
    Onnx(Arc<MappedFile>, Vec<(String, Arc<MappedFile>)>),
}

/// How far ONNX Runtime rewrites the graph before it uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimise {
    /// Not at all: it was done at compile time.
    No,
    /// All that holds on every CPU.
    Extended,
    /// And the block layout of this CPU.
    All,
}

/// Where to write the optimised graph.
#[derive(Clone, Debug)]
pub enum Save {
    /// One file in ONNX Runtime's own format.
    Ort(PathBuf),
    /// An ONNX file, with initializers of 128 bytes and more in a file of this name beside it.
    Onnx(PathBuf, String),
}

/// What shapes a session.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Threads of a run, the caller's included; at least 1.
    pub threads: usize,
    /// Whether weights are packed for their kernels before the first run.
    pub prepack: bool,
    /// How far the graph is rewritten.
    pub optimise: Optimise,
    /// ONNX Runtime's optimisers that are left out, by the names it gives them.
    pub leave_out: &'static [&'static str],
    /// Sizes for symbolic dims.
    pub dims: Vec<(String, u64)>,
    /// Where the optimised graph goes, if anywhere.
    pub save: Option<Save>,
    /// Whether threads get a core each through the first run.
    pub pin: bool,
}

/// A session, with the names of the values that [`Session::run`] takes and gives.
pub struct Session(Arc<Inner>);

struct Inner {
    /// Before `session`, which it is of.
    bound: Option<Bound>,
    /// Before `share` and `_graph`: it reads from there until it is gone.
    session: ort::session::Session,
    /// What it has of a device.
    share: Option<Share>,
    /// Which nodes that device computes.
    placement: Option<Placement>,
    threads: DeferredThreads,
    pin: bool,
    inputs: Vec<CString>,
    outputs: Vec<(CString, String)>,
    engine: &'static Engine,
    _graph: Graph,
}

impl Session {
    /// Makes a session of `graph`. `inputs` and `outputs` are its values in the order of later calls.
    pub fn new(
        engine: &'static Engine,
        graph: Graph,
        options: &SessionOptions,
        inputs: &[ValueSpec],
        outputs: &[ValueSpec],
    ) -> Result<Session, EngineError> {
        Session::make(engine, graph, options, inputs, outputs, None)
    }

    /// As [`Session::new`], on a device.
    pub fn on_device(
        engine: &'static Engine,
        graph: Graph,
        options: &SessionOptions,
        inputs: &[ValueSpec],
        outputs: &[ValueSpec],
        share: Share,
    ) -> Result<(Session, Placement), EngineError> {
        let (gpu, arena, is_strict) = (share.gpu, Arc::clone(&share.arena), share.strict);
        let made = arena.during(|| Session::make(engine, graph, options, inputs, outputs, Some(share)));
        let session = made.map_err(|error| arena.refusal().or_else(|| gpu.lost()).map_or(error, EngineError::Cuda))?;
        let placement = session.0.placement.clone().unwrap_or_default();
        if is_strict && !placement.on_cpu.is_empty() {
            return Err(EngineError::Placement { nodes: placement.cpu_nodes() });
        }
        Ok((session, placement))
    }

    fn make(
        engine: &'static Engine,
        graph: Graph,
        options: &SessionOptions,
        inputs: &[ValueSpec],
        outputs: &[ValueSpec],
        share: Option<Share>,
    ) -> Result<Session, EngineError> {
        let threads = DeferredThreads::default();
        let mut builder = builder(engine, options, threads.clone(), share.as_ref())?;
        let session = match &graph {
            Graph::Bytes(model) => builder.commit_from_memory(model)?,
            Graph::OnnxFile(path) => builder.commit_from_file(path)?,
            Graph::Onnx(model, files) => {
                let files: Vec<_> = files.iter().map(|(name, file)| (name.as_str(), &file[..])).collect();
                // SAFETY: `Inner` keeps the graph until after the session is gone.
                unsafe { lend_files(builder, &files) }?.commit_from_memory(model)?
            }
            // SAFETY: `Inner` keeps the graph until after the session is gone.
            Graph::OrtFile(file) => unsafe { in_place(builder, file) }?,
            Graph::Artifact(artifact, model) => match encoding(artifact, *model) {
                // SAFETY: as above.
                GraphEncoding::Ort => unsafe { in_place(builder, artifact.graph_and_weights(*model)) }?,
                GraphEncoding::Onnx => {
                    // SAFETY: as above.
                    unsafe { lend_files(builder, &[(WEIGHTS_FILE, artifact.weights(*model))]) }?
                        .commit_from_memory(artifact.graph(*model))?
                }
            },
        };
        let (input_specs, output_specs) = (inputs, outputs);
        let inputs = inputs.iter().map(|value| c_name(&value.name)).collect::<Result<_, _>>()?;
        let output = |value: &ValueSpec| Ok::<_, EngineError>((c_name(&value.name)?, value.name.clone()));
        let outputs = outputs.iter().map(output).collect::<Result<_, _>>()?;
        let pin = options.pin;
        let placement = share.as_ref().map(|_| Placement::of(&session)).transpose()?;
        let bound = match &share {
            Some(share) if share.runs != DeviceRuns::Plain => {
                Bound::new(&session, share.arena.budget(), input_specs, output_specs)?
            }
            _ => None,
        };
        Ok(Session(Arc::new(Inner {
            bound,
            session,
            share,
            placement,
            threads,
            pin,
            inputs,
            outputs,
            engine,
            _graph: graph,
        })))
    }

    /// Starts the worker threads, if they wait, and computes every output from `inputs`, each with its index.
    ///
    /// Inputs are read where they stand. Names, dtypes and shapes are ONNX Runtime's to refuse: check them before
    /// for better words.
    pub fn run(&self, inputs: &[(usize, TensorView<'_>)]) -> Result<Outputs, EngineError> {
        let _pinned = self.start_threads()?;
        self.run_alone(inputs)
    }

    /// Starts the worker threads, if they wait and there is anything for them: a device needs none.
    fn start_threads(&self) -> Result<Option<Pinned>, EngineError> {
        let is_idle = self.0.placement.as_ref().is_some_and(|placement| placement.on_cpu.is_empty());
        if is_idle { Ok(None) } else { self.0.threads.start(self.0.pin) }
    }

    /// As [`Session::run`]; `stop` may end it before it has an answer.
    pub fn run_until(&self, inputs: &[(usize, TensorView<'_>)], stop: &Stop) -> Result<Outputs, EngineError> {
        let _pinned = self.start_threads()?;
        self.call(inputs, Some(stop))
    }

    /// How its runs are made on a device.
    pub fn device_runs(&self) -> DeviceRuns {
        let asked = self.0.share.as_ref().map_or(DeviceRuns::Plain, |share| share.runs);
        if self.0.bound.is_some() { asked } else { DeviceRuns::Plain }
    }

    /// Waits until its weights are on its device. A run does so, too.
    pub fn wait_for_weights(&self) -> Result<(), EngineError> {
        self.0.share.as_ref().map_or(Ok(()), Share::wait_for_weights)
    }

    /// The outputs that the graph itself has which are tensors of f32 or f16, with that dtype.
    pub fn float_outputs(&self) -> Vec<(&str, DType)> {
        let outputs = self.0.session.outputs().iter();
        let float = |outlet: &ort::value::Outlet| match outlet.dtype() {
            ValueType::Tensor { ty: TensorElementType::Float32, .. } => Some(DType::F32),
            ValueType::Tensor { ty: TensorElementType::Float16, .. } => Some(DType::F16),
            _ => None,
        };
        outputs.filter_map(|outlet| Some((outlet.name(), float(outlet)?))).collect()
    }

    /// The engine that it was made by.
    pub fn engine(&self) -> &'static Engine {
        self.0.engine
    }

    /// As [`Session::run`], and starts no worker thread: before the first run of that, the caller does all the work.
    /// The answer has the same bits, because work is parted by the threads there are to be.
    pub fn run_alone(&self, inputs: &[(usize, TensorView<'_>)]) -> Result<Outputs, EngineError> {
        self.call(inputs, None)
    }

    fn call(&self, inputs: &[(usize, TensorView<'_>)], stop: Option<&Stop>) -> Result<Outputs, EngineError> {
        let inner = &*self.0;
        let run = || {
            call(&inner.session, inner.engine.memory_info, &inner.inputs, inputs, &inner.outputs, self.0.clone(), stop)
        };
        match &inner.share {
            None => run(),
            Some(share) => share.during_run(|| match &inner.bound {
                Some(bound) if inputs.len() == bound.inputs() => {
                    let values = bound.run(&inner.session, &share.stream, inputs, Stop::options(stop))?;
                    let names = inner.outputs.iter().map(|(_, name)| name.as_str());
                    Outputs::new(values.into_iter().zip(names).collect(), self.0.clone())
                }
                _ => run(),
            }),
        }
    }
}

// SAFETY: ONNX Runtime's sessions take concurrent runs; the rest is immutable or behind a lock.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

fn encoding(artifact: &Artifact, model: u32) -> GraphEncoding {
    artifact.manifest().models[model as usize].encoding
}

fn builder(
    engine: &Engine,
    options: &SessionOptions,
    threads: DeferredThreads,
    share: Option<&Share>,
) -> Result<SessionBuilder, EngineError> {
    let level = match options.optimise {
        Optimise::No => GraphOptimizationLevel::Disable,
        Optimise::Extended => GraphOptimizationLevel::Level2,
        Optimise::All => GraphOptimizationLevel::All,
    };
    let mut builder = ort::session::Session::builder(&engine.environment)?;
    if let Some(share) = share {
        cuda::append(&mut builder, share)?;
        builder = builder.with_config_entry(placement::RECORD, "1")?;
    }
    let mut builder = builder
        // Named, so that ONNX Runtime does not go and look for devices.
        .with_execution_providers([ort::ep::CPU::default().with_arena_allocator(false).build()])?
        // What fails is told by the call that fails, once.
        .with_log_level(LogLevel::Fatal)?
        .with_optimization_level(level)?
        .with_intra_threads(options.threads)?
        .with_inter_threads(1)?
        // Patterns are recorded in run 1 and cost run 2 a fresh block of the peak's size; the arena reuses blocks.
        .with_memory_pattern(false)?
        .with_config_entry("session.use_env_allocators", "1")?
        .with_config_entry("session.intra_op.spin_duration_us", SPIN)?
        .with_config_entry("session.disable_prepacking", if options.prepack { "0" } else { "1" })?
        .with_thread_manager(threads)?;
    if !options.leave_out.is_empty() {
        let names = options.leave_out.join(";");
        builder = builder.with_config_entry("optimization.disable_specified_optimizers", names)?;
    }
    for (name, size) in &options.dims {
        builder = builder.with_dimension_override(name, i64::try_from(*size).unwrap_or(i64::MAX))?;
    }
    match &options.save {
        None => {}
        Some(Save::Ort(path)) => {
            builder = builder.with_optimized_model_path(path)?.with_config_entry("session.save_model_format", "ORT")?;
        }
        Some(Save::Onnx(path, weights)) => {
            builder = builder
                .with_optimized_model_path(path)?
                .with_config_entry("session.save_model_format", "ONNX")?
                .with_config_entry("session.optimized_model_external_initializers_file_name", weights)?
                .with_config_entry("session.optimized_model_external_initializers_min_size_in_bytes", "128")?;
        }
    }
    Ok(builder)
}

/// A session that reads graph and weights from `bytes` for as long as it lives.
///
/// # Safety
/// `bytes` must stay where they are, unchanged, until the session is gone.
unsafe fn in_place(builder: SessionBuilder, bytes: &[u8]) -> Result<ort::session::Session, EngineError> {
    let session = builder
        .with_config_entry("session.load_model_format", "ORT")?
        .with_config_entry("session.use_ort_model_bytes_directly", "1")?
        .with_config_entry("session.use_ort_model_bytes_for_initializers", "1")?
        .commit_from_memory(bytes)?;
    Ok(session)
}

/// Gives the session its external data `files` from memory, to be used in place.
///
/// # Safety
/// The bytes of `files` must stay where they are, unchanged, until the session is gone.
unsafe fn lend_files(mut builder: SessionBuilder, files: &[(&str, &[u8])]) -> Result<SessionBuilder, EngineError> {
    let files: Vec<_> = files.iter().filter(|(_, bytes)| !bytes.is_empty()).collect();
    if files.is_empty() {
        return Ok(builder);
    }
    let owned = files.iter().map(|(name, _)| c_name(name)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<_> = owned.iter().map(|name| name.as_ptr()).collect();
    let starts: Vec<_> = files.iter().map(|(_, bytes)| bytes.as_ptr().cast_mut().cast()).collect();
    let lens: Vec<_> = files.iter().map(|(_, bytes)| bytes.len()).collect();
    let (options, count) = (builder.ptr_mut(), files.len());
    // SAFETY: there are `count` names, starts and lengths; ONNX Runtime copies the names and only reads the bytes.
    check(unsafe {
        (ort::api().AddExternalInitializersFromMemory)(options, names.as_ptr(), starts.as_ptr(), lens.as_ptr(), count)
    })?;
    Ok(builder.with_config_entry("session.use_external_initializer_file_buffers_directly", "1")?)
}
