//! Tests of opening whole models from disk.

use std::fs;

use super::super::proto::{
    AttributeProto, DataLocation, DataType, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorType,
    TypeProto, TypeValue, ValueInfoProto,
};
use super::super::signature::Dim;
use super::*;

fn external(name: &str, dims: &[i64], location: &str, offset: u64) -> TensorProto {
    let entry = |key: &str, value: String| StringStringEntryProto { key: Some(key.to_owned()), value: Some(value) };
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.to_vec(),
        data_type: Some(DataType::Uint8 as i32),
        external_data: vec![entry("location", location.to_owned()), entry("offset", offset.to_string())],
        data_location: Some(DataLocation::External as i32),
        ..Default::default()
    }
}

/// `y = Identity(w)`, with whatever initializers.
fn model(initializer: Vec<TensorProto>) -> ModelProto {
    let node = NodeProto {
        op_type: Some("Identity".to_owned()),
        input: vec!["w".to_owned()],
        output: vec!["y".to_owned()],
        ..Default::default()
    };
    let tensor = TensorType { elem_type: Some(DataType::Uint8 as i32), shape: None };
    let declared = TypeProto { value: Some(TypeValue::Tensor(tensor)), ..Default::default() };
    let output = ValueInfoProto { name: Some("y".to_owned()), r#type: Some(declared), ..Default::default() };
    let graph = GraphProto { node: vec![node], initializer, output: vec![output], ..Default::default() };
    ModelProto {
        ir_version: Some(10),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(21) }],
        graph: Some(graph),
        ..Default::default()
    }
}

fn open(directory: &Path, model: &ModelProto) -> Result<Source, OnnxError> {
    let path = directory.join("model.onnx");
    fs::write(&path, model.encode_to_vec()).unwrap();
    Source::open(path)
}

#[test]
fn external_data_is_found_wherever_a_tensor_is() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("w.bin"), [1, 2, 3, 4, 5, 6]).unwrap();
    fs::write(directory.path().join("v.bin"), [7, 8]).unwrap();
    let mut model = model(vec![external("w", &[2, 2], "w.bin", 2)]);
    let attribute = AttributeProto { t: Some(Box::new(external("", &[2], "v.bin", 0))), ..Default::default() };
    let constant = NodeProto {
        op_type: Some("Constant".to_owned()),
        output: vec!["c".to_owned()],
        attribute: vec![attribute],
        ..Default::default()
    };
    let body =
        GraphProto { node: vec![constant], initializer: vec![external("u", &[1], "w.bin", 0)], ..Default::default() };
    let attribute = AttributeProto { g: Some(Box::new(body)), ..Default::default() };
    model.graph.as_mut().unwrap().node[0].attribute.push(attribute);

    let source = open(directory.path(), &model).unwrap();
    let locations: Vec<&str> = source.external_files().iter().map(ExternalFile::location).collect();
    assert_eq!(locations, ["w.bin", "v.bin"]);
    let tensor = &source.model().graph.as_ref().unwrap().initializer[0];
    assert_eq!(&source.tensor_bytes(tensor).unwrap()[..], [3, 4, 5, 6]);
    assert_eq!((source.census().parameters, source.census().nodes), (7, 2));
    assert!(source.inputs().unwrap().is_empty());
    assert_eq!(source.outputs().unwrap()[0].dims, None::<Vec<Dim>>);
    source.check_unchanged().unwrap();

    let hash = source.model_hash();
    let copy = tempfile::tempdir().unwrap();
    for file in ["w.bin", "v.bin"] {
        fs::copy(directory.path().join(file), copy.path().join(file)).unwrap();
    }
    assert_eq!(open(copy.path(), &model).unwrap().model_hash(), hash);
    fs::write(copy.path().join("v.bin"), [7, 9]).unwrap();
    assert_ne!(open(copy.path(), &model).unwrap().model_hash(), hash);
    fs::write(directory.path().join("v.bin"), [7, 8, 9]).unwrap();
    assert!(matches!(source.check_unchanged(), Err(OnnxError::Changed { .. })));
}

#[test]
fn external_data_that_does_not_fit_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("w.bin"), [0; 6]).unwrap();
    let opened = |tensor| open(directory.path(), &model(vec![tensor]));
    let past_end = opened(external("w", &[2, 2], "w.bin", 3));
    assert!(matches!(past_end, Err(OnnxError::External(ExternalError::PastEnd { .. }))));
    let escape = opened(external("w", &[2], "../w.bin", 0));
    assert!(matches!(escape, Err(OnnxError::External(ExternalError::Location { .. }))));
    let huge = opened(external("w", &[i64::MAX, 4], "w.bin", 0));
    assert!(matches!(huge, Err(OnnxError::Tensor(StoredTensorError::TooLarge { .. }))));
}

#[test]
fn files_that_are_no_model_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let opened = |bytes: &[u8]| {
        let path = directory.path().join("model.onnx");
        fs::write(&path, bytes).unwrap();
        Source::open(path).map(|_| ())
    };
    assert!(matches!(opened(b""), Err(OnnxError::Empty { .. })));
    assert!(matches!(opened(b"\x89PNG\r\n\x1a\n"), Err(OnnxError::NotOnnx { .. })));
    assert!(matches!(opened(&[0x08, 10]), Err(OnnxError::Missing { field: "graph", .. })));
    let whole = model(vec![external("w", &[0], "w.bin", 0)]);
    let without = ModelProto { opset_import: vec![], ..whole.clone() }.encode_to_vec();
    assert!(matches!(opened(&without), Err(OnnxError::Missing { field: "opset_import", .. })));
    let without = ModelProto { ir_version: None, ..whole.clone() }.encode_to_vec();
    assert!(matches!(opened(&without), Err(OnnxError::Missing { field: "ir_version", .. })));
    assert!(matches!(opened(&model(vec![]).encode_to_vec()), Err(OnnxError::Graph(GraphError::UnknownValue { .. }))));
    let encoded = whole.encode_to_vec();
    assert!(matches!(opened(&encoded[..encoded.len() - 1]), Err(OnnxError::NotOnnx { .. })));
    assert!(matches!(Source::open(directory.path()), Err(OnnxError::NotAFile { .. })));
    assert!(matches!(Source::open(directory.path().join("absent")), Err(OnnxError::Unreadable { .. })));
    fs::File::create(directory.path().join("huge")).unwrap().set_len(MAX_MODEL_LEN + 1).unwrap();
    assert!(matches!(Source::open(directory.path().join("huge")), Err(OnnxError::TooLarge { .. })));
}
