//! [`Tensor`] and [`TensorView`]: a dtype, a shape, and as many elements as the shape says, checked once.

use crate::{AlignedBuffer, DType};

/// Why a tensor could not be made.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TensorError {
    #[error("shape {shape:?} has more elements than memory can hold")]
    TooLarge { shape: Vec<usize> },
    #[error("{dtype} tensor of shape {shape:?} needs {expected} bytes, found {found}")]
    WrongLength { dtype: DType, shape: Vec<usize>, expected: usize, found: usize },
    #[error("string tensor of shape {shape:?} needs {expected} strings, found {found}")]
    WrongCount { shape: Vec<usize>, expected: usize, found: usize },
    #[error("string elements are not bytes: make a string tensor with `Tensor::strings`")]
    StringBytes,
}

/// The elements of a [`Tensor`].
#[derive(Clone)]
#[allow(missing_docs)]
pub enum Data {
    /// Dense, row-major, little-endian (4-bit types two a byte, low half first).
    Bytes(AlignedBuffer),
    Strings(Vec<String>),
}

/// The elements of a [`TensorView`].
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub enum DataView<'a> {
    Bytes(&'a [u8]),
    Strings(&'a [String]),
}

/// A tensor that owns its elements.
#[derive(Clone)]
pub struct Tensor {
    dtype: DType,
    shape: Vec<usize>,
    data: Data,
}

/// A tensor that borrows its elements.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    dtype: DType,
    shape: &'a [usize],
    data: DataView<'a>,
}

/// Elements that `shape` holds; 1 for a scalar (rank 0).
pub(crate) fn count(shape: &[usize]) -> Result<usize, TensorError> {
    // A zero dim makes the tensor empty whatever the others say.
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1usize, |product, &dim| product.checked_mul(dim))
        .ok_or_else(|| TensorError::TooLarge { shape: shape.to_vec() })
}

fn byte_len(dtype: DType, shape: &[usize]) -> Result<usize, TensorError> {
    let elements = count(shape)?;
    if dtype == DType::String {
        return Err(TensorError::StringBytes);
    }
    dtype
        .byte_len(elements)
        .filter(|&len| isize::try_from(len).is_ok())
        .ok_or_else(|| TensorError::TooLarge { shape: shape.to_vec() })
}

impl Tensor {
    /// A tensor of zeros. Fails for strings and for shapes that pass the address space.
    pub fn zeros(dtype: DType, shape: &[usize]) -> Result<Tensor, TensorError> {
        let len = byte_len(dtype, shape)?;
        Ok(Tensor { dtype, shape: shape.to_vec(), data: Data::Bytes(AlignedBuffer::zeroed(len)) })
    }

    /// A tensor of `bytes` (little-endian, row-major), copied into aligned memory.
    pub fn from_bytes(dtype: DType, shape: &[usize], bytes: &[u8]) -> Result<Tensor, TensorError> {
        TensorView::new(dtype, shape, bytes).map(|view| view.to_owned())
    }

    /// A tensor of strings, row-major.
    pub fn strings(shape: &[usize], strings: Vec<String>) -> Result<Tensor, TensorError> {
        let expected = count(shape)?;
        if strings.len() != expected {
            return Err(TensorError::WrongCount { shape: shape.to_vec(), expected, found: strings.len() });
        }
        Ok(Tensor { dtype: DType::String, shape: shape.to_vec(), data: Data::Strings(strings) })
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The dims, outermost first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements' bytes, to write into; `None` for strings.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        match &mut self.data {
            Data::Bytes(bytes) => Some(bytes),
            Data::Strings(_) => None,
        }
    }

    /// This tensor, borrowed.
    pub fn view(&self) -> TensorView<'_> {
        let data = match &self.data {
            Data::Bytes(bytes) => DataView::Bytes(bytes),
            Data::Strings(strings) => DataView::Strings(strings),
        };
        TensorView { dtype: self.dtype, shape: &self.shape, data }
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor({}{:?})", self.dtype, self.shape)
    }
}

impl<'a> TensorView<'a> {
    /// A view of `bytes` as a tensor. The length must be exactly what dtype and shape need.
    pub fn new(dtype: DType, shape: &'a [usize], bytes: &'a [u8]) -> Result<TensorView<'a>, TensorError> {
        let expected = byte_len(dtype, shape)?;
        if bytes.len() != expected {
            return Err(TensorError::WrongLength { dtype, shape: shape.to_vec(), expected, found: bytes.len() });
        }
        Ok(TensorView { dtype, shape, data: DataView::Bytes(bytes) })
    }

    /// A view of `strings` as a tensor. There must be exactly as many as the shape says.
    pub fn strings(shape: &'a [usize], strings: &'a [String]) -> Result<TensorView<'a>, TensorError> {
        let expected = count(shape)?;
        if strings.len() != expected {
            return Err(TensorError::WrongCount { shape: shape.to_vec(), expected, found: strings.len() });
        }
        Ok(TensorView { dtype: DType::String, shape, data: DataView::Strings(strings) })
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The dims, outermost first; empty for a scalar.
    pub fn shape(&self) -> &'a [usize] {
        self.shape
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        // Checked when the tensor was made.
        count(self.shape).unwrap_or(0)
    }

    /// The elements.
    pub fn data(&self) -> DataView<'a> {
        self.data
    }

    /// The elements' bytes; `None` for strings.
    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self.data {
            DataView::Bytes(bytes) => Some(bytes),
            DataView::Strings(_) => None,
        }
    }

    /// A copy that owns its elements.
    pub fn to_owned(&self) -> Tensor {
        let data = match self.data {
            DataView::Bytes(bytes) => Data::Bytes(AlignedBuffer::from(bytes)),
            DataView::Strings(strings) => Data::Strings(strings.to_vec()),
        };
        Tensor { dtype: self.dtype, shape: self.shape.to_vec(), data }
    }
}
