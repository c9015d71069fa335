//! [`Session`]: a graph that ONNX Runtime has made ready, and the options that decide how.

use std::any::Any;
use std::ffi::CString;
use std::path::PathBuf;
use std::ptr;
use std::sync::Arc;

use blink_artifact::manifest::GraphEncoding;
use blink_artifact::{Artifact, MappedFile};
use blink_tensors::TensorView;
use ort::AsPointer;
use ort::logging::LogLevel;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ort::sys::OrtMemoryInfo;

use super::threads::DeferredThreads;
use super::value::{Input, Outputs, Value};
use super::{Engine, EngineError, check};

/// The name that an `onnx` graph calls its weights section by (`docs/format.md`).
pub const WEIGHTS_FILE: &str = "weights";

/// Where a graph is.
#[derive(Clone)]
pub enum Graph {
    /// A model of an artifact, used in place.
    Artifact(Arc<Artifact>, u32),
    /// A file in ONNX Runtime's own format, used in place.
    OrtFile(Arc<MappedFile>),
    /// An ONNX file, which ONNX Runtime reads and copies.
    OnnxFile(PathBuf),
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
    /// An ONNX file, with initializers of 128 bytes and more in a file called `weights` beside it.
    Onnx(PathBuf),
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
    /// Before `_graph`: it reads from there until it is gone.
    session: ort::session::Session,
    threads: DeferredThreads,
    pin: bool,
    inputs: Vec<CString>,
    outputs: Vec<(CString, String)>,
    engine: &'static Engine,
    _graph: Graph,
}

impl Session {
    /// Makes a session of `graph`. `inputs` and `outputs` are the names of its values in the order of later calls.
    pub fn new(
        engine: &'static Engine,
        graph: Graph,
        options: &SessionOptions,
        inputs: &[&str],
        outputs: &[&str],
    ) -> Result<Session, EngineError> {
        let threads = DeferredThreads::default();
        let mut builder = builder(engine, options, threads.clone())?;
        let session = match &graph {
            Graph::OnnxFile(path) => builder.commit_from_file(path)?,
            // SAFETY: `Inner` keeps the graph until after the session is gone.
            Graph::OrtFile(file) => unsafe { in_place(builder, file) }?,
            Graph::Artifact(artifact, model) => match encoding(artifact, *model) {
                // SAFETY: as above.
                GraphEncoding::Ort => unsafe { in_place(builder, artifact.graph_and_weights(*model)) }?,
                GraphEncoding::Onnx => {
                    // SAFETY: as above.
                    unsafe { lend_weights(&mut builder, artifact.weights(*model)) }?;
                    builder.commit_from_memory(artifact.graph(*model))?
                }
            },
        };
        let inputs = inputs.iter().map(|name| c_name(name)).collect::<Result<_, _>>()?;
        let outputs = outputs.iter().map(|name| Ok((c_name(name)?, (*name).to_owned()))).collect::<Result<_, EngineError>>()?;
        Ok(Session(Arc::new(Inner { session, threads, pin: options.pin, inputs, outputs, engine, _graph: graph })))
    }

    /// Starts the worker threads, if they wait, and computes every output from `inputs`, each with its index.
    ///
    /// Inputs are read where they stand. Names, dtypes and shapes are ONNX Runtime's to refuse: check them before
    /// for better words.
    pub fn run(&self, inputs: &[(usize, TensorView<'_>)]) -> Result<Outputs, EngineError> {
        let inner = &*self.0;
        let _pinned = inner.threads.start(inner.pin)?;
        call(&inner.session, inner.engine.memory_info, &inner.inputs, inputs, &inner.outputs, self.0.clone())
    }
}

/// Runs `session`: `given` are tensors with the index of their name in `inputs`, and every one of `outputs` is
/// computed. `keep` holds what the outputs may point into.
pub(super) fn call(
    session: &ort::session::Session,
    memory_info: *const OrtMemoryInfo,
    inputs: &[CString],
    given: &[(usize, TensorView<'_>)],
    outputs: &[(CString, String)],
    keep: Arc<dyn Any + Send + Sync>,
) -> Result<Outputs, EngineError> {
    let lent = given.iter().map(|(_, view)| Input::new(memory_info, *view)).collect::<Result<Vec<_>, _>>()?;
    let values: Vec<_> = lent.iter().map(|input| input.value.ptr().cast_const()).collect();
    let names: Vec<_> = given.iter().map(|(index, _)| inputs[*index].as_ptr()).collect();
    let output_names: Vec<_> = outputs.iter().map(|(name, _)| name.as_ptr()).collect();
    let mut results = vec![ptr::null_mut(); output_names.len()];
    // SAFETY: names and values are valid for their counts; the session takes concurrent runs; results start null,
    // so ONNX Runtime allocates them.
    let status = unsafe {
        (ort::api().Run)(
            session.ptr().cast_mut(),
            ptr::null(),
            names.as_ptr(),
            values.as_ptr(),
            values.len(),
            output_names.as_ptr(),
            output_names.len(),
            results.as_mut_ptr(),
        )
    };
    let results: Vec<_> = results.into_iter().map(Value::from_raw).collect();
    check(status)?;
    let named = results.into_iter().zip(outputs);
    let values = named
        .map(|(value, (_, name))| match value {
            Some(value) => Ok((value, name.as_str())),
            None => Err(EngineError::OutputType { name: name.clone(), code: 0 }),
        })
        .collect::<Result<_, _>>()?;
    Outputs::new(values, keep)
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
) -> Result<SessionBuilder, EngineError> {
    let level = match options.optimise {
        Optimise::No => GraphOptimizationLevel::Disable,
        Optimise::Extended => GraphOptimizationLevel::Level2,
        Optimise::All => GraphOptimizationLevel::All,
    };
    let mut builder = ort::session::Session::builder(&engine.environment)?
        // Named, so that ONNX Runtime does not go and look for devices.
        .with_execution_providers([ort::ep::CPU::default().with_arena_allocator(false).build()])?
        .with_log_level(LogLevel::Error)?
        .with_optimization_level(level)?
        .with_intra_threads(options.threads)?
        .with_inter_threads(1)?
        // Patterns are recorded in run 1 and cost run 2 a fresh block of the peak's size; the arena reuses blocks.
        .with_memory_pattern(false)?
        .with_config_entry("session.use_env_allocators", "1")?
        .with_config_entry("session.disable_prepacking", if options.prepack { "0" } else { "1" })?
        .with_thread_manager(threads)?;
    for (name, size) in &options.dims {
        builder = builder.with_dimension_override(name, i64::try_from(*size).unwrap_or(i64::MAX))?;
    }
    match &options.save {
        None => {}
        Some(Save::Ort(path)) => {
            builder = builder.with_optimized_model_path(path)?.with_config_entry("session.save_model_format", "ORT")?;
        }
        Some(Save::Onnx(path)) => {
            builder = builder
                .with_optimized_model_path(path)?
                .with_config_entry("session.save_model_format", "ONNX")?
                .with_config_entry("session.optimized_model_external_initializers_file_name", WEIGHTS_FILE)?
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

/// Gives the session's external data file `weights` from memory, to be used in place.
///
/// # Safety
/// `weights` must stay where they are, unchanged, until the session is gone.
unsafe fn lend_weights(builder: &mut SessionBuilder, weights: &[u8]) -> Result<(), EngineError> {
    if weights.is_empty() {
        return Ok(());
    }
    let (name, mut start, len) = (c_name(WEIGHTS_FILE)?, weights.as_ptr().cast_mut().cast(), weights.len());
    let options = builder.ptr_mut();
    // SAFETY: name, start and length are valid, one of each; ONNX Runtime only reads from the buffer.
    check(unsafe { (ort::api().AddExternalInitializersFromMemory)(options, &name.as_ptr(), &raw mut start, &len, 1) })?;
    // SAFETY: key and value are NUL-terminated.
    check(unsafe {
        (ort::api().AddSessionConfigEntry)(
            options,
            c"session.use_external_initializer_file_buffers_directly".as_ptr(),
            c"1".as_ptr(),
        )
    })
}

pub(super) fn c_name(name: &str) -> Result<CString, EngineError> {
    CString::new(name).map_err(|_| EngineError::NulInName { name: name.to_owned() })
}
