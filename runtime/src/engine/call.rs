//! One run of a session: names and tensors in, every output out.

use std::any::Any;
use std::ffi::CString;
use std::ptr;
use std::sync::Arc;

use blink_tensors::TensorView;
use ort::AsPointer;
use ort::sys::{OrtMemoryInfo, OrtRunOptions};

use super::value::{Input, Outputs, Value};
use super::{EngineError, check};

/// Ends a run early, from another thread. For one run.
pub struct Stop(ort::session::RunOptions);

impl Stop {
    /// A switch that nobody has used.
    pub fn new() -> Result<Stop, EngineError> {
        Ok(Stop(ort::session::RunOptions::new()?))
    }

    /// What a run that `stop` may end is given.
    pub(super) fn options(stop: Option<&Stop>) -> *const OrtRunOptions {
        stop.map_or(ptr::null(), |stop| stop.0.ptr())
    }

    /// The run that this was given to fails between two of its operators, as does one that it is given to later.
    pub fn stop(&self) {
        // It only sets a flag, which cannot fail.
        let _ = self.0.terminate();
    }
}

/// Runs `session`: `given` are tensors with the index of their name in `inputs`, and every one of `outputs` is
/// computed. `keep` holds what the outputs may point into; `stop` may end the run.
pub(super) fn call(
    session: &ort::session::Session,
    memory_info: *const OrtMemoryInfo,
    inputs: &[CString],
    given: &[(usize, TensorView<'_>)],
    outputs: &[(CString, String)],
    keep: Arc<dyn Any + Send + Sync>,
    stop: Option<&Stop>,
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
            Stop::options(stop),
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

pub(super) fn c_name(name: &str) -> Result<CString, EngineError> {
    CString::new(name).map_err(|_| EngineError::NulInName { name: name.to_owned() })
}
