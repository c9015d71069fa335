//! [`Stock`]: ONNX Runtime the ordinary way, for a start to be compared with.
//!
//! An `.onnx` file by its path, and a number of threads; everything else is ONNX Runtime's default: its allocators,
//! its threads, its optimiser at every start. Only telemetry is off, as it is everywhere here. A process is either
//! this or an [`Engine`](super::Engine): ONNX Runtime allows one environment.

use std::ffi::CString;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use blink_artifact::manifest::ValueSpec;
use blink_tensors::{DType, TensorView};
use ort::environment::Environment;
use ort::sys::{self, ONNXTensorElementDataType, OrtMemoryInfo};
use ort::value::{Outlet, ValueType};

use super::call::{c_name, call};
use super::value::Outputs;
use super::{EngineError, check, environment};
use crate::library::Library;
use crate::timeline::{Phase, Timeline};

/// A session as ONNX Runtime makes it of an `.onnx` file.
pub struct Stock {
    inner: Arc<Inner>,
    inputs: Vec<ValueSpec>,
    outputs: Vec<ValueSpec>,
}

struct Inner {
    session: ort::session::Session,
    memory_info: *mut OrtMemoryInfo,
    inputs: Vec<CString>,
    outputs: Vec<(CString, String)>,
    _environment: Environment,
}

// SAFETY: ONNX Runtime's sessions take concurrent runs; the memory info is only read once it is made.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: made by `main_memory`, released once.
        unsafe { (ort::api().ReleaseMemoryInfo)(self.memory_info) }
    }
}

impl Stock {
    /// Loads `library`, makes its environment, and a session of the model at `model` that runs on `threads` threads,
    /// the caller's included.
    pub fn start(
        library: &Library,
        model: &Path,
        threads: usize,
        timeline: &mut Timeline,
    ) -> Result<Stock, EngineError> {
        let builder = timeline.record(Phase::Library, || environment::load(&library.path))?;
        let environment = timeline.record(Phase::Environment, || builder.with_telemetry(false).build())?;
        let session = timeline.record(Phase::Session, || {
            ort::session::Session::builder(&environment)?
                // The C interface's own default. The builder's is to look for devices first, which takes time.
                .with_execution_providers([ort::ep::CPU::default().with_arena_allocator(true).build()])?
                .with_intra_threads(threads)?
                .commit_from_file(model)
                .map_err(EngineError::from)
        })?;
        let inputs = session.inputs().iter().map(spec).collect::<Result<Vec<_>, _>>()?;
        let outputs = session.outputs().iter().map(spec).collect::<Result<Vec<_>, _>>()?;
        let inner = Inner {
            inputs: inputs.iter().map(|input| c_name(&input.name)).collect::<Result<_, _>>()?,
            outputs: outputs
                .iter()
                .map(|output| Ok((c_name(&output.name)?, output.name.clone())))
                .collect::<Result<_, EngineError>>()?,
            memory_info: main_memory()?,
            session,
            _environment: environment,
        };
        Ok(Stock { inner: Arc::new(inner), inputs, outputs })
    }

    /// Names and dtypes of the inputs; their dims are not told.
    pub fn inputs(&self) -> &[ValueSpec] {
        &self.inputs
    }

    /// Names and dtypes of the outputs; their dims are not told.
    pub fn outputs(&self) -> &[ValueSpec] {
        &self.outputs
    }

    /// Computes every output from `inputs`, each with its index among [`Stock::inputs`].
    pub fn run(&self, inputs: &[(usize, TensorView<'_>)]) -> Result<Outputs, EngineError> {
        let inner = &self.inner;
        call(&inner.session, inner.memory_info, &inner.inputs, inputs, &inner.outputs, self.inner.clone(), None)
    }
}

fn spec(value: &Outlet) -> Result<ValueSpec, EngineError> {
    let name = value.name().to_owned();
    let code = match value.dtype() {
        ValueType::Tensor { ty, .. } => ONNXTensorElementDataType::from(*ty) as i32,
        _ => 0,
    };
    match DType::from_onnx_code(code) {
        Some(dtype) => Ok(ValueSpec { name, dtype, dims: None, optional: false }),
        None => Err(EngineError::Call { message: format!("value '{name}' is not a tensor that blink knows") }),
    }
}

/// What tells ONNX Runtime that a tensor lies in main memory.
fn main_memory() -> Result<*mut OrtMemoryInfo, EngineError> {
    let mut memory_info = ptr::null_mut();
    // SAFETY: the pointer to the result is valid for a write.
    check(unsafe {
        (ort::api().CreateCpuMemoryInfo)(
            sys::OrtAllocatorType::OrtArenaAllocator,
            sys::OrtMemType::OrtMemTypeDefault,
            &mut memory_info,
        )
    })?;
    Ok(memory_info)
}
