//! Stored tensors: that the elements present are as many as the dims declare.
//!
//! A few bytes can declare a huge tensor; nothing here or later allocates what a tensor declares before this
//! check has found the same number of bytes in the file.

use super::proto::{DataLocation, DataType, SparseTensorProto, TensorProto};
use super::walk::Place;

/// Elements that a sparse tensor may stand for. ONNX Runtime stores sparse tensors dense, so that a file of any
/// size could ask for any amount of memory.
const MAX_SPARSE_ELEMENTS: u64 = 1 << 28;

/// Why a stored tensor was refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StoredTensorError {
    #[error("{place} has data type {code}, which is not one that ONNX Runtime stores")]
    DataType { place: String, code: i32 },
    #[error("{place} has dims {dims:?}: a dim cannot be negative")]
    NegativeDim { place: String, dims: Vec<i64> },
    #[error("{place} has dims {dims:?}: more elements than 64 bits can count")]
    TooLarge { place: String, dims: Vec<i64> },
    #[error("{place} is a segment of a larger tensor: store it whole")]
    Segment { place: String },
    #[error("{place} is stored both in {first} and in {second}: keep one")]
    StoredTwice { place: String, first: &'static str, second: &'static str },
    #[error("{place} is stored in {found}, its data type belongs in {expected}")]
    WrongField { place: String, found: &'static str, expected: &'static str },
    #[error("{place} is sparse with dims {dims:?}, more than {MAX_SPARSE_ELEMENTS} elements: store it dense")]
    SparseTooLarge { place: String, dims: Vec<i64> },
    #[error("{place} declares dims {dims:?}, which need {expected} {unit} in {field}, found {found}")]
    WrongLength { place: String, dims: Vec<i64>, field: &'static str, unit: &'static str, expected: u64, found: u64 },
}

/// How elements of one data type are stored.
struct Layout {
    /// Bits of an element in raw or external bytes; `None` for strings, which cannot be stored so.
    bits: Option<u64>,
    /// The typed field.
    field: &'static str,
    /// Elements that take `entries` entries of the typed field.
    elements: u64,
    entries: u64,
}

fn layout(code: i32) -> Option<Layout> {
    use DataType as T;
    let layout = |bits, field, elements, entries| Layout { bits: Some(bits), field, elements, entries };
    Some(match T::try_from(code).ok()? {
        T::Float => layout(32, "float_data", 1, 1),
        T::Complex64 => layout(64, "float_data", 1, 2),
        T::Double => layout(64, "double_data", 1, 1),
        T::Complex128 => layout(128, "double_data", 1, 2),
        T::Int64 => layout(64, "int64_data", 1, 1),
        T::Uint32 => layout(32, "uint64_data", 1, 1),
        T::Uint64 => layout(64, "uint64_data", 1, 1),
        T::Int32 => layout(32, "int32_data", 1, 1),
        T::Uint16 | T::Int16 | T::Float16 | T::Bfloat16 => layout(16, "int32_data", 1, 1),
        T::Uint8 | T::Int8 | T::Bool => layout(8, "int32_data", 1, 1),
        T::Float8E4M3FN | T::Float8E4M3FNUZ | T::Float8E5M2 | T::Float8E5M2FNUZ | T::Float8E8M0 => {
            layout(8, "int32_data", 1, 1)
        }
        T::Uint4 | T::Int4 | T::Float4E2M1 => layout(4, "int32_data", 2, 1),
        T::Uint2 | T::Int2 => layout(2, "int32_data", 4, 1),
        T::String => Layout { bits: None, field: "string_data", elements: 1, entries: 1 },
        T::Undefined | T::Float6E2M3 | T::Float6E3M2 => return None,
    })
}

/// Number of elements that the dims declare.
pub(super) fn elements(place: Place<'_>, dims: &[i64]) -> Result<u64, StoredTensorError> {
    if dims.iter().any(|&dim| dim < 0) {
        return Err(StoredTensorError::NegativeDim { place: place.to_string(), dims: dims.to_vec() });
    }
    if dims.contains(&0) {
        return Ok(0);
    }
    dims.iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(dim.unsigned_abs()))
        .ok_or_else(|| StoredTensorError::TooLarge { place: place.to_string(), dims: dims.to_vec() })
}

/// Bytes that the tensor takes in memory, packed; for strings, the bytes of the text.
pub(super) fn byte_len(place: Place<'_>, tensor: &TensorProto) -> Result<u64, StoredTensorError> {
    let code = tensor.data_type();
    let layout = layout(code).ok_or_else(|| StoredTensorError::DataType { place: place.to_string(), code })?;
    let Some(bits) = layout.bits else {
        return Ok(tensor.string_data.iter().map(|text| text.len() as u64).sum());
    };
    elements(place, &tensor.dims)?
        .checked_mul(bits)
        .map(|bits| bits.div_ceil(8))
        .ok_or_else(|| StoredTensorError::TooLarge { place: place.to_string(), dims: tensor.dims.clone() })
}

/// Whether the elements are in a file beside the model.
pub(super) fn is_external(tensor: &TensorProto) -> bool {
    tensor.data_location() == DataLocation::External
}

/// Checks type, dims and storage of a tensor. The length of external data is left to its reference.
pub(super) fn check(place: Place<'_>, tensor: &TensorProto) -> Result<(), StoredTensorError> {
    let code = tensor.data_type();
    let layout = layout(code).ok_or_else(|| StoredTensorError::DataType { place: place.to_string(), code })?;
    if tensor.segment.is_some() {
        return Err(StoredTensorError::Segment { place: place.to_string() });
    }
    let bytes = byte_len(place, tensor)?;
    let elements = elements(place, &tensor.dims)?;
    let raw = tensor.raw_data().len();
    let fields = [
        ("external data", usize::from(is_external(tensor))),
        ("raw_data", raw),
        ("float_data", tensor.float_data.len()),
        ("int32_data", tensor.int32_data.len()),
        ("string_data", tensor.string_data.len()),
        ("int64_data", tensor.int64_data.len()),
        ("double_data", tensor.double_data.len()),
        ("uint64_data", tensor.uint64_data.len()),
    ];
    let mut used = fields.into_iter().filter(|(_, len)| *len > 0);
    let (field, found) = used.next().unwrap_or((layout.field, 0));
    if let Some((second, _)) = used.next() {
        return Err(StoredTensorError::StoredTwice { place: place.to_string(), first: field, second });
    }
    let (unit, expected) = match field {
        "external data" | "raw_data" if layout.bits.is_some() => ("bytes", bytes),
        _ if field == layout.field => {
            let entries = u128::from(elements) * u128::from(layout.entries);
            ("values", u64::try_from(entries.div_ceil(u128::from(layout.elements))).unwrap_or(u64::MAX))
        }
        _ => {
            let place = place.to_string();
            return Err(StoredTensorError::WrongField { place, found: field, expected: layout.field });
        }
    };
    let found = found as u64;
    if field != "external data" && found != expected {
        let (place, dims) = (place.to_string(), tensor.dims.clone());
        return Err(StoredTensorError::WrongLength { place, dims, field, unit, expected, found });
    }
    Ok(())
}

/// Checks the dims of a sparse tensor; its values and indices are tensors to [`check`].
pub(super) fn check_sparse(place: Place<'_>, sparse: &SparseTensorProto) -> Result<(), StoredTensorError> {
    if elements(place, &sparse.dims)? > MAX_SPARSE_ELEMENTS {
        return Err(StoredTensorError::SparseTooLarge { place: place.to_string(), dims: sparse.dims.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn tensor(data_type: DataType, dims: &[i64]) -> TensorProto {
        TensorProto { dims: dims.to_vec(), data_type: Some(data_type as i32), ..Default::default() }
    }

    fn checked(tensor: &TensorProto) -> Result<(), StoredTensorError> {
        check(Place::Initializer("w"), tensor)
    }

    #[test]
    fn raw_and_typed_data_must_fill_the_dims() {
        let raw = |data_type, dims: &[i64], len| {
            checked(&TensorProto { raw_data: Some(Bytes::from(vec![0; len])), ..tensor(data_type, dims) })
        };
        assert!(raw(DataType::Float, &[2, 3], 24).is_ok());
        assert!(raw(DataType::Int4, &[3], 2).is_ok());
        assert!(raw(DataType::Float, &[], 4).is_ok());
        assert!(raw(DataType::Float, &[0, 1 << 62, 1 << 62], 0).is_ok());
        assert!(matches!(raw(DataType::Float, &[2, 3], 23), Err(StoredTensorError::WrongLength { found: 23, .. })));
        assert!(matches!(raw(DataType::String, &[2], 24), Err(StoredTensorError::WrongField { .. })));
        let typed = |data_type, len| checked(&TensorProto { int32_data: vec![0; len], ..tensor(data_type, &[5]) });
        assert!(typed(DataType::Float16, 5).is_ok());
        assert!(typed(DataType::Uint4, 3).is_ok());
        assert!(typed(DataType::Uint2, 2).is_ok());
        assert!(matches!(typed(DataType::Uint4, 5), Err(StoredTensorError::WrongLength { expected: 3, .. })));
        assert!(matches!(typed(DataType::Float, 5), Err(StoredTensorError::WrongField { .. })));
        let pairs = TensorProto { float_data: vec![0.0; 4], ..tensor(DataType::Complex64, &[2]) };
        assert!(checked(&pairs).is_ok());
    }

    #[test]
    fn declared_sizes_are_not_believed() {
        assert!(matches!(
            checked(&tensor(DataType::Float, &[1 << 40])),
            Err(StoredTensorError::WrongLength { found: 0, .. })
        ));
        assert!(matches!(
            checked(&tensor(DataType::Float, &[1 << 40, 1 << 40])),
            Err(StoredTensorError::TooLarge { .. })
        ));
        assert!(matches!(checked(&tensor(DataType::Double, &[1 << 62])), Err(StoredTensorError::TooLarge { .. })));
        assert!(matches!(checked(&tensor(DataType::Float, &[-1])), Err(StoredTensorError::NegativeDim { .. })));
        let sparse = |dims: &[i64]| {
            check_sparse(Place::Initializer("w"), &SparseTensorProto { dims: dims.to_vec(), ..Default::default() })
        };
        assert!(sparse(&[1 << 14, 1 << 14]).is_ok());
        assert!(matches!(sparse(&[1 << 14, 1 << 15]), Err(StoredTensorError::SparseTooLarge { .. })));
    }

    #[test]
    fn odd_storage_is_refused() {
        assert!(matches!(checked(&tensor(DataType::Undefined, &[0])), Err(StoredTensorError::DataType { .. })));
        let two = TensorProto {
            raw_data: Some(Bytes::from_static(&[0; 4])),
            float_data: vec![0.0],
            ..tensor(DataType::Float, &[1])
        };
        assert!(matches!(checked(&two), Err(StoredTensorError::StoredTwice { .. })));
        let segment = TensorProto { segment: Some(Default::default()), ..tensor(DataType::Float, &[0]) };
        assert!(matches!(checked(&segment), Err(StoredTensorError::Segment { .. })));
        let strings =
            TensorProto { data_location: Some(DataLocation::External as i32), ..tensor(DataType::String, &[1]) };
        assert!(matches!(checked(&strings), Err(StoredTensorError::WrongField { .. })));
    }
}
