//! What a request gives against what a model takes: names, dtypes, ranks, dims, before a worker sees any of it.

use std::collections::HashMap;

use blink_artifact::manifest::{Dim, ValueSpec};

use super::datatype;
use super::request::{InferRequest, InputTensor};
use super::shape::invalid;
use crate::error::RequestError;
use crate::model::Entry;

/// Refuses a request that `entry` cannot answer, and says what it takes or gives.
pub fn check(entry: &Entry, request: &InferRequest) -> Result<(), RequestError> {
    let mut symbols = HashMap::new();
    for (index, input) in request.inputs.iter().enumerate() {
        let name = &input.name;
        let Some(spec) = entry.inputs.iter().find(|spec| spec.name == *name) else {
            return invalid(format!("input '{name}' is not known: the model takes {}", listed(&entry.inputs)));
        };
        // The model knows every name up to here, so this walks over no more than its inputs.
        if request.inputs[..index].iter().any(|other| other.name == *name) {
            return invalid(format!("input '{name}' is given twice: the model takes {}", listed(&entry.inputs)));
        }
        fits(spec, input, &mut symbols)?;
    }
    let is_given = |spec: &ValueSpec| request.inputs.iter().any(|input| input.name == spec.name);
    if let Some(spec) = entry.inputs.iter().find(|spec| !spec.optional && !is_given(spec)) {
        return invalid(format!("input '{}' is missing: the model takes {}", spec.name, listed(&entry.inputs)));
    }
    for (index, output) in request.outputs.iter().enumerate() {
        let name = &output.name;
        if !entry.outputs.iter().any(|spec| spec.name == *name) {
            return invalid(format!("output '{name}' is not known: the model gives {}", listed(&entry.outputs)));
        }
        if request.outputs[..index].iter().any(|other| other.name == *name) {
            return invalid(format!("output '{name}' is asked for twice"));
        }
    }
    Ok(())
}

fn fits<'e>(
    spec: &'e ValueSpec,
    input: &InputTensor,
    symbols: &mut HashMap<&'e str, usize>,
) -> Result<(), RequestError> {
    let name = &input.name;
    if input.dtype != spec.dtype {
        let found = datatype(input.dtype);
        return invalid(format!("input '{name}' is {found}: the model takes {}", described(spec)));
    }
    let Some(dims) = &spec.dims else { return Ok(()) };
    let found = &input.shape;
    if found.len() != dims.len() {
        let rank = found.len();
        return invalid(format!(
            "input '{name}' has shape {found:?}, rank {rank}: the model takes {}",
            described(spec)
        ));
    }
    for (axis, (dim, &size)) in dims.iter().zip(found).enumerate() {
        match dim {
            Dim::Fixed(fixed) if *fixed != size as u64 => {
                let takes = described(spec);
                return invalid(format!(
                    "input '{name}' has shape {found:?}, dim {axis} does not fit: the model takes {takes}"
                ));
            }
            Dim::Symbolic(symbol) => {
                let other = *symbols.entry(symbol).or_insert(size);
                if other != size {
                    let takes = described(spec);
                    return invalid(format!(
                        "input '{name}' has {size} for '{symbol}', which is {other} before: the model takes {takes}"
                    ));
                }
            }
            Dim::Fixed(_) | Dim::Unknown => {}
        }
    }
    Ok(())
}

fn listed(specs: &[ValueSpec]) -> String {
    if specs.is_empty() { "none".into() } else { specs.iter().map(described).collect::<Vec<_>>().join("; ") }
}

/// A value in the protocol's words: `'x' FP32 [batch, 3]`.
fn described(spec: &ValueSpec) -> String {
    let dims = match &spec.dims {
        Some(dims) => format!("[{}]", dims.iter().map(Dim::to_string).collect::<Vec<_>>().join(", ")),
        None => "of any rank".into(),
    };
    format!("'{}' {} {dims}", spec.name, datatype(spec.dtype))
}

#[cfg(test)]
mod tests {
    use blink_tensors::DType;
    use bytes::Bytes;

    use super::super::request::{Elements, OutputRequest};
    use super::*;

    fn spec(name: &str, dims: Option<Vec<Dim>>, optional: bool) -> ValueSpec {
        ValueSpec { name: name.into(), dtype: DType::F32, dims, optional }
    }

    fn entry() -> Entry {
        let inputs = vec![
            spec("x", Some(vec!["n".into(), 3.into()]), false),
            spec("mask", Some(vec!["n".into()]), true),
            spec("any", None, true),
        ];
        Entry { name: None, inputs, outputs: vec![spec("y", Some(vec!["n".into()]), false)] }
    }

    type Given<'a> = (&'a str, DType, &'a [usize]);

    fn asked(inputs: &[Given<'_>], outputs: &[&str]) -> Result<(), String> {
        let input = |(name, dtype, shape): &Given<'_>| InputTensor {
            name: (*name).into(),
            dtype: *dtype,
            shape: shape.to_vec(),
            elements: Elements::Bytes(Bytes::new()),
        };
        let output = |name: &&str| OutputRequest { name: (*name).into(), binary: None };
        let inputs = inputs.iter().map(input).collect();
        let request = InferRequest { inputs, outputs: outputs.iter().map(output).collect(), ..InferRequest::default() };
        check(&entry(), &request).map_err(|error| match error {
            RequestError::Invalid(words) => words,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn what_fits_is_taken() {
        let f32 = DType::F32;
        assert_eq!(asked(&[("x", f32, &[2, 3])], &[]), Ok(()));
        assert_eq!(asked(&[("any", f32, &[7; 9]), ("mask", f32, &[0]), ("x", f32, &[0, 3])], &["y"]), Ok(()));
    }

    #[test]
    fn what_does_not_fit_is_told_with_what_does() {
        let f32 = DType::F32;
        let x = ("x", f32, &[2, 3][..]);
        let refused: [(&[Given<'_>], &[&str], &str); 9] = [
            (&[x, ("z", f32, &[])], &[], "input 'z' is not known: the model takes 'x' FP32 [n, 3]; 'mask'"),
            (&[x, x], &[], "input 'x' is given twice"),
            (&[], &[], "input 'x' is missing: the model takes"),
            (&[("x", DType::F64, &[2, 3])], &[], "input 'x' is FP64: the model takes 'x' FP32 [n, 3]"),
            (&[("x", f32, &[2, 3, 1])], &[], "input 'x' has shape [2, 3, 1], rank 3"),
            (&[("x", f32, &[2, 4])], &[], "input 'x' has shape [2, 4], dim 1 does not fit"),
            (&[x, ("mask", f32, &[3])], &[], "input 'mask' has 3 for 'n', which is 2 before"),
            (&[x], &["y", "w"], "output 'w' is not known: the model gives 'y' FP32 [n]"),
            (&[x], &["y", "y"], "output 'y' is asked for twice"),
        ];
        for (inputs, outputs, expected) in refused {
            let words = asked(inputs, outputs).unwrap_err();
            assert!(words.starts_with(expected), "{words}");
        }
    }
}
