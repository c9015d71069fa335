//! [`Weights`]: tensors in a device's memory, given to a session in place of those that its graph refers to.
//!
//! ONNX Runtime uses an initializer that it is given where it stands, if it stands where the session wants it; others it
//! loads from the artifact as ever. So sessions of one process share weights, and weights outlive sessions.

use std::ffi::{CString, c_void};
use std::ptr;
use std::sync::Arc;

use blink_artifact::manifest::DeviceWeight;
use blink_tensors::DType;
use ort::AsPointer;
use ort::session::builder::SessionBuilder;
use ort::sys::{self, OrtMemoryInfo};

use super::gpu::Gpu;
use super::kept::UploadedWeights;
use crate::engine::call::c_name;
use crate::engine::value::{self, Value};
use crate::engine::{EngineError, check};

/// A weights section on a device, tensor by tensor, for one session.
pub struct Weights {
    values: Vec<(CString, Value)>,
    uploaded: Arc<UploadedWeights>,
    _place: Place,
}

// SAFETY: the values are made once, and ONNX Runtime only reads them.
unsafe impl Send for Weights {}
// SAFETY: as above.
unsafe impl Sync for Weights {}

impl Weights {
    /// The tensors of `uploaded`, which is waited for before the first run.
    pub fn new(gpu: &Gpu, uploaded: Arc<UploadedWeights>, weights: &[DeviceWeight]) -> Result<Weights, EngineError> {
        let place = Place::of(gpu)?;
        let values = weights.iter().map(|weight| tensor(&place, &uploaded, weight)).collect::<Result<_, _>>()?;
        Ok(Weights { values, uploaded, _place: place })
    }

    /// The section that they are.
    pub fn uploaded(&self) -> &UploadedWeights {
        &self.uploaded
    }

    /// Gives them to the session that `builder` will make, which must not outlive them.
    pub(in crate::engine) fn add(&self, builder: &mut SessionBuilder) -> Result<(), EngineError> {
        for (name, value) in &self.values {
            // SAFETY: options, name and value are valid; the caller keeps the value alive.
            check(unsafe { (ort::api().AddInitializer)(builder.ptr_mut(), name.as_ptr(), value.ptr()) })?;
        }
        Ok(())
    }
}

/// What tells ONNX Runtime that a tensor lies in a device's memory.
pub(in crate::engine) struct Place(*mut OrtMemoryInfo);

impl Place {
    pub(in crate::engine) fn of(gpu: &Gpu) -> Result<Place, EngineError> {
        let (mut info, number) = (ptr::null_mut(), i32::try_from(gpu.ordinal()).unwrap_or(i32::MAX));
        let (allocator, kind) = (sys::OrtAllocatorType::OrtDeviceAllocator, sys::OrtMemType::OrtMemTypeDefault);
        // SAFETY: the name is NUL-terminated, and the pointer to the result is valid for a write.
        check(unsafe { (ort::api().CreateMemoryInfo)(c"Cuda".as_ptr(), allocator, number, kind, &mut info) })?;
        Ok(Place(info))
    }

    /// A tensor of so many bytes at this address of the device.
    pub(super) fn tensor(&self, address: u64, bytes: usize, shape: &[i64], dtype: DType) -> Result<Value, EngineError> {
        let data = ptr::with_exposed_provenance_mut::<c_void>(address as usize);
        let (code, mut made) = (value::code_of(dtype), ptr::null_mut());
        // SAFETY: the elements lie in memory of the device that this place tells of, which nobody reads from here; whoever
        // asks keeps it. The shape is valid for its length.
        check(unsafe {
            let (shape, rank) = (shape.as_ptr(), shape.len());
            (ort::api().CreateTensorWithDataAsOrtValue)(self.0, data, bytes, shape, rank, code, &mut made)
        })?;
        value::owned(made)
    }

    pub(super) fn info(&self) -> *const OrtMemoryInfo {
        self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // SAFETY: made in `of`, released once.
        unsafe { (ort::api().ReleaseMemoryInfo)(self.0) }
    }
}

fn tensor(place: &Place, uploaded: &UploadedWeights, weight: &DeviceWeight) -> Result<(CString, Value), EngineError> {
    let outside = || EngineError::Call { message: format!("weight '{}' does not lie in its section", weight.name) };
    let bytes = weight.bytes().ok_or_else(outside)?;
    if weight.offset.checked_add(bytes).is_none_or(|end| end > uploaded.bytes()) {
        return Err(outside());
    }
    let shape: Vec<i64> = weight.shape.iter().map(|&dim| i64::try_from(dim).unwrap_or(i64::MAX)).collect();
    let address = uploaded.memory().address() + weight.offset;
    Ok((c_name(&weight.name)?, place.tensor(address, bytes as usize, &shape, weight.dtype)?))
}
