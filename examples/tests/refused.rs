//! Every refused file is refused, by the stage that it names.

use std::collections::HashSet;

use blink_compiler::onnx::{
    ExternalError, GraphError, LocationError, OnnxError, SignatureError, Source, StoredTensorError,
};
use blink_examples::refused::{FoundBy, write_all};

#[test]
fn refused_files_are_refused_where_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let refused = write_all(directory.path()).unwrap();
    let labels: HashSet<&str> = refused.iter().map(|file| file.label).collect();
    assert_eq!(labels.len(), refused.len());
    for file in refused {
        let opened = Source::open(&file.path);
        match (file.found_by, opened) {
            (FoundBy::Opening, opened) => {
                let error = opened.map(|_| ()).expect_err(file.label);
                assert!(expected(file.label, &error), "{}: {error}", file.label);
            }
            (FoundBy::Signature, Ok(source)) => {
                let error = source.inputs().and(source.outputs()).expect_err(file.label);
                assert!(expected(file.label, &error), "{}: {error}", file.label);
            }
            (FoundBy::Operators, Ok(source)) => _ = (source.inputs().unwrap(), source.outputs().unwrap()),
            (_, Err(error)) => panic!("{}: {error}", file.label),
        }
    }
}

/// Whether this is the error that the label stands for.
fn expected(label: &str, error: &OnnxError) -> bool {
    use OnnxError as E;
    match label {
        "empty" => matches!(error, E::Empty { .. }),
        "text" | "truncated" | "flipped_bit" => matches!(error, E::NotOnnx { .. }),
        "no_graph" | "no_opset_import" | "no_ir_version" => matches!(error, E::Missing { .. }),
        "cycle" | "cycle_through_subgraph" => matches!(error, E::Graph(GraphError::Cycle { .. })),
        "missing_value" | "missing_output" => matches!(error, E::Graph(GraphError::UnknownValue { .. })),
        "duplicate_input" | "duplicate_value" | "duplicate_initializer" => {
            matches!(error, E::Graph(GraphError::DuplicateValue { .. }))
        }
        "recursive_function" => matches!(error, E::Graph(GraphError::RecursiveFunction { .. })),
        "no_data" | "too_little_data" | "huge_tensor" => {
            matches!(error, E::Tensor(StoredTensorError::WrongLength { .. }))
        }
        "overflowing_dims" => matches!(error, E::Tensor(StoredTensorError::TooLarge { .. })),
        "negative_dim" => matches!(error, E::Tensor(StoredTensorError::NegativeDim { .. })),
        "stored_twice" => matches!(error, E::Tensor(StoredTensorError::StoredTwice { .. })),
        "unknown_data_type" => matches!(error, E::Tensor(StoredTensorError::DataType { code: 99, .. })),
        "complex_input" => matches!(error, E::Signature(SignatureError::DataType { code: 14, .. })),
        "untyped_input" => matches!(error, E::Signature(SignatureError::NoType { .. })),
        _ if label.ends_with("_input") || label.ends_with("_output") => {
            matches!(error, E::Signature(SignatureError::NotATensor { .. }))
        }
        "external_past_end" | "external_far_past_end" => matches!(error, E::External(ExternalError::PastEnd { .. })),
        "external_wrong_length" => matches!(error, E::External(ExternalError::WrongLength { .. })),
        "external_negative_offset" => matches!(error, E::External(ExternalError::NotANumber { .. })),
        "external_no_location" => matches!(error, E::External(ExternalError::NoLocation { .. })),
        _ => {
            let E::External(ExternalError::Location { source, .. }) = error else { return false };
            match label {
                "external_symbolic_link" | "external_linked_folder" => {
                    matches!(source, LocationError::SymbolicLink { .. })
                }
                "external_hard_link" => matches!(source, LocationError::HardLink { .. }),
                "external_memory_address" => matches!(source, LocationError::Reserved { .. }),
                "external_folder" => matches!(source, LocationError::NotAFile { .. }),
                "external_missing" => matches!(source, LocationError::Unreadable { .. }),
                _ => matches!(source, LocationError::NotRelative { .. }),
            }
        }
    }
}
