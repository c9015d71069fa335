//! The inputs and outputs of a model: names, element types and shapes, as the file declares them.
//!
//! Only dense tensors of a [`DType`] pass; sequences, maps, optionals, sparse and opaque values are refused by
//! name, because a guest can neither pass nor receive them.

use std::collections::HashSet;

pub use blink_artifact::manifest::{Dim, ValueSpec};
use blink_tensors::DType;

use super::proto::{DimensionValue, GraphProto, TensorType, TypeValue, ValueInfoProto};
use super::walk::sparse_name;

/// Why an input or output was refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SignatureError {
    #[error("{role} '{value}' is {kind}: only tensors are supported")]
    NotATensor { role: &'static str, value: String, kind: &'static str },
    #[error("{role} '{value}' has no type: export the model with typed inputs and outputs")]
    NoType { role: &'static str, value: String },
    #[error("{role} '{value}' has ONNX element type {code}, which is not supported: expected one of {}", known())]
    DataType { role: &'static str, value: String, code: i32 },
}

fn known() -> String {
    DType::ALL.map(DType::name).join(", ")
}

/// The inputs that a caller passes, in the model's order.
pub(super) fn inputs(graph: &GraphProto) -> Result<Vec<ValueSpec>, SignatureError> {
    let dense = graph.initializer.iter().map(|tensor| tensor.name());
    let initialized: HashSet<&str> = dense.chain(graph.sparse_initializer.iter().map(sparse_name)).collect();
    graph.input.iter().map(|value| spec("input", value, initialized.contains(value.name()))).collect()
}

/// The outputs that a caller receives, in the model's order.
pub(super) fn outputs(graph: &GraphProto) -> Result<Vec<ValueSpec>, SignatureError> {
    graph.output.iter().map(|value| spec("output", value, false)).collect()
}

fn spec(role: &'static str, info: &ValueInfoProto, optional: bool) -> Result<ValueSpec, SignatureError> {
    let value = || info.name().to_owned();
    let tensor = match info.r#type.as_ref().and_then(|declared| declared.value.as_ref()) {
        Some(TypeValue::Tensor(tensor)) => tensor,
        Some(other) => return Err(SignatureError::NotATensor { role, value: value(), kind: kind(other) }),
        None => return Err(SignatureError::NoType { role, value: value() }),
    };
    let code = tensor.elem_type();
    let dtype = DType::from_onnx_code(code).ok_or_else(|| SignatureError::DataType { role, value: value(), code })?;
    Ok(ValueSpec { name: value(), dtype, dims: dims(tensor), optional })
}

fn dims(tensor: &TensorType) -> Option<Vec<Dim>> {
    let shape = tensor.shape.as_ref()?;
    let dims = shape.dim.iter().map(|dim| match &dim.value {
        // Exporters write -1 for an unknown size, and ONNX Runtime reads it so.
        Some(DimensionValue::DimValue(size)) => u64::try_from(*size).map_or(Dim::Unknown, Dim::Fixed),
        Some(DimensionValue::DimParam(name)) if !name.is_empty() => Dim::Symbolic(name.clone()),
        _ => Dim::Unknown,
    });
    Some(dims.collect())
}

fn kind(value: &TypeValue) -> &'static str {
    match value {
        TypeValue::Tensor(_) => "a tensor",
        TypeValue::Sequence(_) => "a sequence",
        TypeValue::Map(_) => "a map",
        TypeValue::Opaque(_) => "an opaque value",
        TypeValue::SparseTensor(_) => "a sparse tensor",
        TypeValue::Optional(_) => "an optional value",
    }
}

#[cfg(test)]
mod tests {
    use super::super::proto::{Dimension, SequenceType, TensorProto, TensorShapeProto, TypeProto};
    use super::*;

    fn info(name: &str, value: Option<TypeValue>) -> ValueInfoProto {
        let declared = TypeProto { value, ..Default::default() };
        ValueInfoProto { name: Some(name.to_owned()), r#type: Some(declared), ..Default::default() }
    }

    fn tensor(elem_type: i32, dims: Option<Vec<Option<DimensionValue>>>) -> Option<TypeValue> {
        let dim = |value| Dimension { value, ..Default::default() };
        let shape = dims.map(|dims| TensorShapeProto { dim: dims.into_iter().map(dim).collect() });
        Some(TypeValue::Tensor(TensorType { elem_type: Some(elem_type), shape }))
    }

    #[test]
    fn inputs_carry_dtype_shape_and_whether_they_have_a_default() {
        let dims = vec![
            Some(DimensionValue::DimParam("batch".to_owned())),
            Some(DimensionValue::DimValue(0)),
            Some(DimensionValue::DimValue(-1)),
            None,
        ];
        let graph = GraphProto {
            input: vec![
                info("x", tensor(1, Some(dims))),
                info("w", tensor(7, None)),
                info("s", tensor(9, Some(vec![]))),
            ],
            initializer: vec![TensorProto { name: Some("w".to_owned()), ..Default::default() }],
            ..Default::default()
        };
        let found: Vec<String> = inputs(&graph).unwrap().iter().map(ValueSpec::to_string).collect();
        assert_eq!(found, ["x f32[batch, 0, ?, ?]", "w i64 of any rank", "s bool[]"]);
        assert_eq!(inputs(&graph).unwrap().iter().map(|spec| spec.optional).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn values_that_are_not_supported_tensors_are_refused_by_name() {
        let outputs = |value| outputs(&GraphProto { output: vec![info("y", value)], ..Default::default() });
        let sequence = outputs(Some(TypeValue::Sequence(SequenceType::default())));
        assert!(matches!(sequence, Err(SignatureError::NotATensor { kind: "a sequence", value, .. }) if value == "y"));
        assert!(matches!(outputs(None), Err(SignatureError::NoType { .. })));
        assert!(matches!(outputs(tensor(14, None)), Err(SignatureError::DataType { code: 14, .. })));
    }

    #[test]
    fn specs_survive_serde() {
        let dims = vec![Dim::Fixed(1), Dim::Symbolic("n".to_owned()), Dim::Unknown];
        let spec = ValueSpec { name: "x".to_owned(), dtype: DType::BF16, dims: Some(dims), optional: false };
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<ValueSpec>(&text).unwrap(), spec);
    }
}
