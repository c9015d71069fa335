//! [`Bound`]: runs of a model of fixed shapes with places of their own on the device for inputs and outputs. They are copied
//! there and back by us, on the model's stream, and ONNX Runtime allocates nothing. What always stands in the same place
//! can also be recorded as one CUDA graph: in later runs the device gets all its work in one call.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use blink_artifact::manifest::{Dim, ValueSpec};
use blink_tensors::{DataView, TensorView};
use ort::AsPointer;
use ort::sys::{OrtIoBinding, OrtRunOptions};

use super::budget::{Allocation, Budget};
use super::gpu::Stream;
use super::weights::Place;
use crate::engine::call::c_name;
use crate::engine::value::{self, Value};
use crate::engine::{EngineError, check};

/// Every place begins at a multiple of so many bytes.
const ALIGNMENT: u64 = 256;

/// Inputs and outputs of one session in places that stay.
pub(in crate::engine) struct Bound {
    binding: *mut OrtIoBinding,
    inputs: Vec<Slot>,
    outputs: Vec<Slot>,
    /// One run at a time: there is one place for each value.
    turn: Mutex<()>,
    _values: Vec<Value>,
    _memory: Allocation,
    _place: Place,
}

// SAFETY: the binding is used by one thread at a time, behind `turn`; the rest is only read.
unsafe impl Send for Bound {}
// SAFETY: as above.
unsafe impl Sync for Bound {}

/// The place of one value.
struct Slot {
    address: u64,
    bytes: usize,
    spec: ValueSpec,
    shape: Vec<usize>,
}

impl Drop for Bound {
    fn drop(&mut self) {
        // SAFETY: made by ONNX Runtime, released once, before its session.
        unsafe { (ort::api().ReleaseIoBinding)(self.binding) }
    }
}

/// The shape of a value whose dims are all fixed and whose elements all have a size.
fn fixed(spec: &ValueSpec) -> Option<(Vec<usize>, usize)> {
    let dims = spec.dims.as_ref()?.iter().map(|dim| match dim {
        Dim::Fixed(size) => usize::try_from(*size).ok(),
        _ => None,
    });
    let shape: Vec<usize> = dims.collect::<Option<_>>()?;
    let elements = shape.iter().try_fold(1usize, |all, dim| all.checked_mul(*dim))?;
    let bytes = spec.dtype.byte_len(elements).filter(|bytes| *bytes > 0)?;
    Some((shape, bytes))
}

impl Bound {
    /// Places for all values of `session`; `None` where the shape of one of them is not fixed, or it may be left out.
    pub(in crate::engine) fn new(
        session: &ort::session::Session,
        budget: &'static Budget,
        inputs: &[ValueSpec],
        outputs: &[ValueSpec],
    ) -> Result<Option<Bound>, EngineError> {
        let mut end = 0u64;
        let mut slot = |spec: &ValueSpec| {
            let (shape, bytes) = fixed(spec).filter(|_| !spec.optional)?;
            let address = end;
            end = end.checked_add(bytes as u64)?.checked_next_multiple_of(ALIGNMENT)?;
            Some(Slot { address, bytes, spec: spec.clone(), shape })
        };
        let placed: (Option<Vec<_>>, Option<Vec<_>>) =
            (inputs.iter().map(&mut slot).collect(), outputs.iter().map(&mut slot).collect());
        let (Some(mut inputs), Some(mut outputs)) = placed else { return Ok(None) };
        if end == 0 {
            return Ok(None);
        }
        let memory = budget.allocate(end)?;
        inputs.iter_mut().chain(&mut outputs).for_each(|slot| slot.address += memory.address());

        let (api, place, mut binding) = (ort::api(), Place::of(budget.gpu())?, ptr::null_mut());
        // SAFETY: the session is valid, and so is the pointer to the result.
        check(unsafe { (api.CreateIoBinding)(session.ptr().cast_mut(), &mut binding) })?;
        let mut bound = Bound {
            binding,
            inputs,
            outputs,
            turn: Mutex::default(),
            _values: Vec::new(),
            _memory: memory,
            _place: place,
        };
        let sides = [(&bound.inputs, api.BindInput), (&bound.outputs, api.BindOutput)];
        let mut values = Vec::new();
        for (slots, bind) in sides {
            for slot in slots {
                let shape: Vec<i64> = slot.shape.iter().map(|dim| *dim as i64).collect();
                let value = bound._place.tensor(slot.address, slot.bytes, &shape, slot.spec.dtype)?;
                let name = c_name(&slot.spec.name)?;
                // SAFETY: binding, name and value are valid, and the value lives as long as the binding.
                check(unsafe { bind(binding, name.as_ptr(), value.ptr()) })?;
                values.push(value);
            }
        }
        bound._values = values;
        Ok(Some(bound))
    }

    /// Copies `given` to the device, runs the session there, and copies every output into main memory. `given` has every
    /// input, each with its index, and was checked against the model.
    pub(in crate::engine) fn run(
        &self,
        session: &ort::session::Session,
        stream: &Stream,
        given: &[(usize, TensorView<'_>)],
        options: *const OrtRunOptions,
    ) -> Result<Vec<Value>, EngineError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, view) in given {
            let (Some(slot), DataView::Bytes(bytes)) = (self.inputs.get(*index), view.data()) else {
                return Err(unfit("an input"));
            };
            if bytes.len() != slot.bytes {
                return Err(unfit(&slot.spec.name));
            }
            stream.copy_to_device(bytes, slot.address)?;
        }
        // SAFETY: session, options and binding are valid; who has the turn is alone with them.
        check(unsafe { (ort::api().RunWithBinding)(session.ptr().cast_mut(), options, self.binding) })?;
        let outputs: Vec<_> = self.outputs.iter().map(|slot| output(slot, stream)).collect();
        // In any case: nothing is freed that the device still writes to.
        stream.wait()?;
        outputs.into_iter().collect()
    }

    /// How many inputs a run has to be given.
    pub(in crate::engine) fn inputs(&self) -> usize {
        self.inputs.len()
    }
}

fn unfit(name: &str) -> EngineError {
    EngineError::Call { message: format!("{name} does not fit its place on the device") }
}

/// A tensor in main memory that the slot's bytes are on their way to.
fn output(slot: &Slot, stream: &Stream) -> Result<Value, EngineError> {
    let shape: Vec<i64> = slot.shape.iter().map(|dim| *dim as i64).collect();
    let (api, mut allocator, mut made, mut start) = (ort::api(), ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: the pointers to results are valid; the default allocator is a constant of the library.
    check(unsafe { (api.GetAllocatorWithDefaultOptions)(&mut allocator) })?;
    let code = value::code_of(slot.spec.dtype);
    // SAFETY: the shape is valid for its length.
    check(unsafe { (api.CreateTensorAsOrtValue)(allocator, shape.as_ptr(), shape.len(), code, &mut made) })?;
    let made = value::owned(made)?;
    // SAFETY: the value is a dense tensor in main memory.
    check(unsafe { (api.GetTensorMutableData)(made.ptr(), &mut start) })?;
    let start: *mut c_void = start;
    // SAFETY: the tensor has exactly so many bytes, and nobody looks at them before the stream was waited for.
    unsafe { stream.copy_to_host(slot.address, start, slot.bytes) }?;
    Ok(made)
}
