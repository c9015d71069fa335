//! ONNX Runtime's CUDA provider: whether its libraries can be loaded, and how it is set up for one session.

use std::ffi::{CStr, CString};
use std::ptr;
use std::sync::Arc;

use blink_artifact::manifest::DeviceRuns;
use libloading::Library;
use ort::AsPointer;
use ort::session::builder::SessionBuilder;
use ort::sys::OrtCUDAProviderOptionsV2;

use super::CudaError;
use super::arena::DeviceArena;
use super::gpu::{Gpu, Stream};
use super::weights::Weights;
use crate::engine::{EngineError, check};

/// What the provider is linked with, in the order in which one needs the other.
const NEEDED: [&str; 4] = ["libcudart.so.13", "libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10"];
/// What it loads by itself once a node wants it; without it that node's first run fails.
const CUDNN: &str = "libcudnn.so.9";

/// Loads the libraries that the provider is linked with. ONNX Runtime, which would load them too, does not say which one
/// it misses.
pub fn load_libraries() -> Result<(), CudaError> {
    NEEDED.into_iter().try_for_each(load)
}

/// Loads cuDNN, for a model that needs it: ONNX Runtime, which has looked for it when the process began, only says at
/// that node's first run that it is not there.
pub fn load_cudnn() -> Result<(), CudaError> {
    load(CUDNN)
}

fn load(name: &'static str) -> Result<(), CudaError> {
    // SAFETY: loading runs the initialisers of NVIDIA's libraries, which the user has installed for that.
    let library = unsafe { Library::new(name) }.map_err(|error| {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        CudaError::Library { name, reason }
    })?;
    // It stays: the provider finds it by its name.
    std::mem::forget(library);
    Ok(())
}

/// What one session has of a device. It outlives the session.
pub struct Share {
    /// The device.
    pub gpu: &'static Gpu,
    /// Its own stream: what it computes waits for no other session.
    pub stream: Stream,
    /// Its own memory for activations.
    pub arena: Arc<DeviceArena>,
    /// Its weights, on the device already; `None` where it has none apart from its graph.
    pub weights: Option<Weights>,
    /// How runs are made.
    pub runs: DeviceRuns,
    /// Whether a node that is left to the CPU is an error.
    pub strict: bool,
}

impl Share {
    /// Waits until the weights are there.
    pub(in crate::engine) fn wait_for_weights(&self) -> Result<(), EngineError> {
        Ok(self.weights.as_ref().map_or(Ok(()), |weights| weights.uploaded().wait())?)
    }

    /// Runs `work`, a run of the session, with its weights there and its arena behind it.
    ///
    /// A failure is told by its cause: too little memory, a lost device, or else ONNX Runtime's own words.
    pub(in crate::engine) fn during_run<T>(
        &self,
        work: impl FnOnce() -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        self.gpu.make_current()?;
        self.wait_for_weights()?;
        // What ONNX Runtime made up for before is not why this run fails.
        self.arena.refusal();
        self.arena.during(work).map_err(|error| {
            if let Some(refusal) = self.arena.refusal() {
                return refusal.into();
            }
            // A context that is lost says so at every call, whatever ONNX Runtime made of it.
            match self.stream.wait() {
                Err(lost) => lost.into(),
                Ok(()) => error,
            }
        })
    }
}

/// Provider options that ONNX Runtime made, until they are copied into a session's.
struct Options(*mut OrtCUDAProviderOptionsV2);

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: made by ONNX Runtime, released once.
        unsafe { (ort::api().ReleaseCUDAProviderOptions)(self.0) }
    }
}

/// Puts the CUDA provider in front of those that `builder` gets later, and gives it what `share` holds, which must outlive
/// the session.
pub(in crate::engine) fn append(builder: &mut SessionBuilder, share: &Share) -> Result<(), EngineError> {
    let api = ort::api();
    let mut options = ptr::null_mut();
    // SAFETY: the pointer to the result is valid for a write.
    check(unsafe { (api.CreateCUDAProviderOptions)(&mut options) })?;
    let options = Options(options);
    let ordinal = CString::new(share.gpu.ordinal().to_string()).unwrap_or_default();
    // `enable_cudnn` is not among them: ONNX Runtime 1.31 reads it, and loses it on the way to the provider. A process
    // that finds cuDNN makes a handle of it in every session.
    let settings: [(&CStr, &CStr); 5] = [
        (c"device_id", &ordinal),
        // On by default, it has products of floats computed with 10 bits of each fraction, as many as half floats have:
        // those are to be asked for by their name.
        (c"use_tf32", c"0"),
        // The search that runs every algorithm takes seconds; the default one does not look at all.
        (c"cudnn_conv_algo_search", c"HEURISTIC"),
        (c"enable_cuda_graph", if share.runs == DeviceRuns::Graph { c"1" } else { c"0" }),
        (c"do_copy_in_default_stream", c"1"),
    ];
    let keys: Vec<_> = settings.iter().map(|(key, _)| key.as_ptr()).collect();
    let values: Vec<_> = settings.iter().map(|(_, value)| value.as_ptr()).collect();
    // SAFETY: there are as many keys as values, all NUL-terminated; ONNX Runtime copies them.
    check(unsafe { (api.UpdateCUDAProviderOptions)(options.0, keys.as_ptr(), values.as_ptr(), keys.len()) })?;
    let (key, stream) = (c"user_compute_stream".as_ptr(), share.stream.handle);
    // SAFETY: the key is one that takes a stream; the caller keeps it alive.
    check(unsafe { (api.UpdateCUDAProviderOptionsWithValue)(options.0, key, stream) })?;
    // SAFETY: options of session and provider are valid; the latter are copied.
    check(unsafe { (api.SessionOptionsAppendExecutionProvider_CUDA_V2)(builder.ptr_mut(), options.0) })?;
    share.weights.as_ref().map_or(Ok(()), |weights| weights.add(builder))
}
