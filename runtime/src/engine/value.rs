//! Tensors across the border: inputs are lent to ONNX Runtime where they stand, outputs are read where it put them.

use std::any::Any;
use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use blink_tensors::{AlignedBuffer, DType, DataView, TensorView};
use ort::sys::{self, ONNXTensorElementDataType as Code, OrtMemoryInfo, OrtValue};

use super::{EngineError, check};

/// An `OrtValue`, owned.
pub(super) struct Value(NonNull<OrtValue>);

impl Value {
    pub(super) fn ptr(&self) -> *mut OrtValue {
        self.0.as_ptr()
    }

    /// Takes over a value that a call gave; `None` for null.
    pub(super) fn from_raw(value: *mut OrtValue) -> Option<Value> {
        NonNull::new(value).map(Value)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: the value is owned and released once.
        unsafe { (ort::api().ReleaseValue)(self.0.as_ptr()) }
    }
}

/// A tensor lent to ONNX Runtime for one run. The value points into the view, or into the copy beside it.
pub(super) struct Input<'a> {
    pub(super) value: Value,
    _elements: std::marker::PhantomData<&'a [u8]>,
    _copy: Option<AlignedBuffer>,
}

impl<'a> Input<'a> {
    /// `memory_info` says that elements lie in main memory.
    pub(super) fn new(memory_info: *const OrtMemoryInfo, view: TensorView<'a>) -> Result<Input<'a>, EngineError> {
        let shape: Vec<i64> = view.shape().iter().map(|&dim| dim as i64).collect();
        match view.data() {
            DataView::Strings(strings) => {
                let value = string_value(&shape, strings)?;
                Ok(Input { value, _elements: std::marker::PhantomData, _copy: None })
            }
            DataView::Bytes(bytes) => {
                // Kernels read elements by typed pointers: a view that starts in the middle of one is copied.
                let element = view.dtype().bits().unwrap_or(8).div_ceil(8);
                let misaligned = !(bytes.as_ptr() as usize).is_multiple_of(element);
                let copy = misaligned.then(|| AlignedBuffer::from(bytes));
                let data = copy.as_deref().unwrap_or(bytes).as_ptr();
                let mut value = ptr::null_mut();
                // SAFETY: data and shape are valid for the lengths given. ONNX Runtime reads the elements and never
                // writes to an input; view and copy outlive the value.
                check(unsafe {
                    (ort::api().CreateTensorWithDataAsOrtValue)(
                        memory_info,
                        data.cast_mut().cast::<c_void>(),
                        bytes.len(),
                        shape.as_ptr(),
                        shape.len(),
                        code_of(view.dtype()),
                        &mut value,
                    )
                })?;
                Ok(Input { value: owned(value)?, _elements: std::marker::PhantomData, _copy: copy })
            }
        }
    }
}

pub(super) fn owned(value: *mut OrtValue) -> Result<Value, EngineError> {
    Value::from_raw(value).ok_or_else(|| EngineError::Call { message: "a value was announced and not given".into() })
}

fn string_value(shape: &[i64], strings: &[String]) -> Result<Value, EngineError> {
    let api = ort::api();
    let (mut allocator, mut value) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the pointers to results are valid; the default allocator is a constant of the library.
    check(unsafe { (api.GetAllocatorWithDefaultOptions)(&mut allocator) })?;
    // SAFETY: shape is valid for its length.
    check(unsafe {
        (api.CreateTensorAsOrtValue)(allocator, shape.as_ptr(), shape.len(), code_of(DType::String), &mut value)
    })?;
    let value = owned(value)?;
    for (index, string) in strings.iter().enumerate() {
        let mut buffer = ptr::null_mut();
        // SAFETY: the value is a string tensor with as many elements as there are strings.
        check(unsafe { (api.GetResizedStringTensorElementBuffer)(value.ptr(), index, string.len(), &mut buffer) })?;
        // SAFETY: the call above made room for exactly these bytes.
        unsafe { ptr::copy_nonoverlapping(string.as_ptr().cast(), buffer, string.len()) };
    }
    Ok(value)
}

/// The tensors that a run gave, in the order of the model's outputs. They stay where ONNX Runtime put them.
pub struct Outputs {
    outputs: Vec<Output>,
    /// An output may be one of the session's own weights, so the session must stay.
    _session: Arc<dyn Any + Send + Sync>,
}

struct Output {
    /// Owns the elements that `Bytes` points to.
    _value: Value,
    dtype: DType,
    shape: Vec<usize>,
    elements: Elements,
}

enum Elements {
    Bytes { start: NonNull<u8>, len: usize },
    Strings(Vec<String>),
}

// SAFETY: the values are owned, and nothing writes to them once the run has ended.
unsafe impl Send for Outputs {}
// SAFETY: as above.
unsafe impl Sync for Outputs {}

impl Outputs {
    pub(super) fn new(values: Vec<(Value, &str)>, session: Arc<dyn Any + Send + Sync>) -> Result<Outputs, EngineError> {
        let outputs = values.into_iter().map(|(value, name)| Output::new(value, name)).collect::<Result<_, _>>()?;
        Ok(Outputs { outputs, _session: session })
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.outputs.len()
    }

    /// Whether there are no outputs.
    pub fn is_empty(&self) -> bool {
        self.outputs.is_empty()
    }

    /// The output at `index` in the model's order.
    ///
    /// # Panics
    /// Where the model has no such output.
    pub fn get(&self, index: usize) -> TensorView<'_> {
        self.outputs[index].view()
    }

    /// All outputs in the model's order.
    pub fn iter(&self) -> impl Iterator<Item = TensorView<'_>> {
        self.outputs.iter().map(Output::view)
    }
}

impl Output {
    fn new(value: Value, name: &str) -> Result<Output, EngineError> {
        let api = ort::api();
        let mut info = ptr::null_mut();
        // SAFETY: the value is valid; the info is released below, on every path.
        check(unsafe { (api.GetTensorTypeAndShape)(value.ptr(), &mut info) })?;
        let described = describe(info);
        // SAFETY: made by the call above, released once.
        unsafe { (api.ReleaseTensorTypeAndShapeInfo)(info) };
        let (code, shape) = described?;
        let unknown = || EngineError::OutputType { name: name.to_owned(), code };
        let dtype = DType::from_onnx_code(code).ok_or_else(unknown)?;
        let elements = match dtype.byte_len(shape.iter().product()) {
            None => Elements::Strings(read_strings(&value, name, &shape)?),
            Some(0) => Elements::Bytes { start: NonNull::dangling(), len: 0 },
            Some(len) => {
                let mut start: *mut c_void = ptr::null_mut();
                // SAFETY: the value is a dense tensor, and the pointer to the result is valid.
                check(unsafe { (api.GetTensorMutableData)(value.ptr(), &mut start) })?;
                Elements::Bytes { start: NonNull::new(start.cast()).ok_or_else(unknown)?, len }
            }
        };
        Ok(Output { _value: value, dtype, shape, elements })
    }

    fn view(&self) -> TensorView<'_> {
        match &self.elements {
            Elements::Strings(strings) => TensorView::strings(&self.shape, strings),
            Elements::Bytes { start, len } => {
                // SAFETY: a dense CPU tensor of this dtype and shape has `len` bytes there for as long as the value
                // lives, and nothing writes to them once the run has ended.
                TensorView::new(self.dtype, &self.shape, unsafe { std::slice::from_raw_parts(start.as_ptr(), *len) })
            }
        }
        .expect("the length was computed from this dtype and shape")
    }
}

/// Element type and shape.
fn describe(info: *mut sys::OrtTensorTypeAndShapeInfo) -> Result<(i32, Vec<usize>), EngineError> {
    let api = ort::api();
    let mut code = 0i32;
    // SAFETY: the info is valid. The code is read as the integer it is: a newer library may know more types than the
    // enum has.
    check(unsafe { (api.GetTensorElementType)(info, (&raw mut code).cast()) })?;
    let mut rank = 0;
    // SAFETY: as above.
    check(unsafe { (api.GetDimensionsCount)(info, &mut rank) })?;
    let mut dims = vec![0i64; rank];
    // SAFETY: there is room for `rank` dims.
    check(unsafe { (api.GetDimensions)(info, dims.as_mut_ptr(), rank) })?;
    Ok((code, dims.into_iter().map(|dim| usize::try_from(dim).unwrap_or(0)).collect()))
}

fn read_strings(value: &Value, name: &str, shape: &[usize]) -> Result<Vec<String>, EngineError> {
    let api = ort::api();
    let count: usize = shape.iter().product();
    let mut len = 0;
    // SAFETY: the value is a string tensor.
    check(unsafe { (api.GetStringTensorDataLength)(value.ptr(), &mut len) })?;
    let (mut text, mut offsets) = (vec![0u8; len], vec![0usize; count]);
    if count > 0 {
        // SAFETY: there is room for `len` bytes and for an offset of each element.
        check(unsafe {
            (api.GetStringTensorContent)(value.ptr(), text.as_mut_ptr().cast(), len, offsets.as_mut_ptr(), count)
        })?;
    }
    let ends = offsets.iter().skip(1).copied().chain([len]);
    offsets
        .iter()
        .zip(ends)
        .map(|(&start, end)| {
            let bytes = text.get(start..end).unwrap_or_default();
            String::from_utf8(bytes.to_vec()).map_err(|_| EngineError::OutputString { name: name.to_owned() })
        })
        .collect()
}

pub(super) fn code_of(dtype: DType) -> Code {
    match dtype {
        DType::F32 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
        DType::U8 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
        DType::I8 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,
        DType::U16 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16,
        DType::I16 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16,
        DType::I32 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,
        DType::I64 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
        DType::String => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING,
        DType::Bool => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,
        DType::F16 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,
        DType::F64 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,
        DType::U32 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32,
        DType::U64 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64,
        DType::BF16 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16,
        DType::F8E4M3FN => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FN,
        DType::F8E4M3FNUZ => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E4M3FNUZ,
        DType::F8E5M2 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2,
        DType::F8E5M2FNUZ => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT8E5M2FNUZ,
        DType::U4 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT4,
        DType::I4 => Code::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT4,
    }
}
