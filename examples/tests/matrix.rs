//! Every case of the matrix is a model that reads, whose declared inputs and outputs fit the case's tensors.

use std::collections::HashSet;

use blink_compiler::onnx::{Dim, Source, ValueSpec};
use blink_examples::matrix::cases;
use blink_examples::write;
use blink_tensors::{DType, Tensor};

fn fits(spec: &ValueSpec, tensor: &Tensor) -> bool {
    let dim_fits = |(dim, &size): (&Dim, &usize)| *dim == Dim::Fixed(size as u64) || !matches!(dim, Dim::Fixed(_));
    let shape_fits = spec
        .dims
        .as_ref()
        .is_none_or(|dims| dims.len() == tensor.shape().len() && dims.iter().zip(tensor.shape()).all(dim_fits));
    spec.dtype == tensor.dtype() && shape_fits
}

#[test]
fn cases_fit_their_models() {
    let directory = tempfile::tempdir().unwrap();
    for case in cases() {
        let path = directory.path().join(format!("{}.onnx", case.name));
        write(&case.model, &path).unwrap();
        let source = Source::open(&path).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let given = |name: &str| case.inputs.iter().find(|(input, _)| input == name).map(|(_, tensor)| tensor);
        for spec in source.inputs().unwrap() {
            match given(&spec.name) {
                Some(tensor) => assert!(fits(&spec, tensor), "{}: {spec}", case.name),
                None => assert!(spec.optional, "{}: {spec} is not given", case.name),
            }
        }
        let outputs = source.outputs().unwrap();
        assert_eq!(outputs.len(), case.expected.len(), "{}", case.name);
        for (spec, (name, tensor)) in outputs.iter().zip(&case.expected) {
            assert!(spec.name == *name && fits(spec, tensor), "{}: {spec}", case.name);
        }
    }
}

#[test]
fn cases_are_many_and_cover_every_dtype() {
    let cases = cases();
    let names: HashSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert!(names.len() == cases.len() && cases.len() >= 35, "{} of {}", names.len(), cases.len());
    for dtype in DType::ALL {
        let has = |tensors: &[(String, Tensor)]| tensors.iter().any(|(_, tensor)| tensor.dtype() == dtype);
        assert!(cases.iter().any(|case| has(&case.inputs) && has(&case.expected)), "{dtype}");
    }
}
