//! What a caller gives against what a model wants: names, dtypes, ranks, dims, before ONNX Runtime sees any of it.

use std::collections::HashMap;

use blink_artifact::manifest::{Dim, ModelRecord, ValueSpec};
use blink_tensors::{DType, TensorView};

/// Why inputs do not fit a model. Each says what the model wants.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BindError {
    #[error("input '{name}' is not known: the model takes {wanted}")]
    UnknownInput { name: String, wanted: String },
    #[error("input '{name}' was given twice: the model takes {wanted}")]
    DuplicateInput { name: String, wanted: String },
    #[error("input '{name}' is missing: the model takes {wanted}")]
    MissingInput { name: String, wanted: String },
    #[error("input '{name}' has dtype {found}: the model takes {wanted}")]
    WrongDType { name: String, found: DType, wanted: String },
    #[error("input '{name}' has shape {found:?}, rank {rank}: the model takes {wanted}", rank = found.len())]
    WrongRank { name: String, found: Vec<usize>, wanted: String },
    #[error("input '{name}' has shape {found:?}, dim {axis} does not fit: the model takes {wanted}")]
    WrongDim { name: String, found: Vec<usize>, axis: usize, wanted: String },
    #[error("input '{name}' has {found} for '{symbol}', another input has {other}: the model takes {wanted}")]
    UnequalDims { name: String, symbol: String, found: usize, other: usize, wanted: String },
}

/// Matches `given` to the inputs of `model`: each with the index of its input.
pub(crate) fn bind<'a>(
    model: &ModelRecord,
    given: &[(&str, TensorView<'a>)],
) -> Result<Vec<(usize, TensorView<'a>)>, BindError> {
    let mut bound: Vec<(usize, TensorView<'a>)> = Vec::with_capacity(given.len());
    let mut symbols: HashMap<&str, usize> = HashMap::new();
    for &(name, view) in given {
        let Some(index) = model.inputs.iter().position(|input| input.name == name) else {
            return Err(BindError::UnknownInput { name: name.to_owned(), wanted: wanted(&model.inputs) });
        };
        if bound.iter().any(|(other, _)| *other == index) {
            return Err(BindError::DuplicateInput { name: name.to_owned(), wanted: wanted(&model.inputs) });
        }
        check(&model.inputs[index], view, &mut symbols)?;
        bound.push((index, view));
    }
    let is_missing =
        |&(index, input): &(usize, &ValueSpec)| !input.optional && bound.iter().all(|(other, _)| *other != index);
    match model.inputs.iter().enumerate().find(is_missing) {
        Some((_, input)) => Err(BindError::MissingInput { name: input.name.clone(), wanted: wanted(&model.inputs) }),
        None => Ok(bound),
    }
}

fn check<'m>(
    input: &'m ValueSpec,
    view: TensorView<'_>,
    symbols: &mut HashMap<&'m str, usize>,
) -> Result<(), BindError> {
    let (name, wanted) = (|| input.name.clone(), || input.to_string());
    if view.dtype() != input.dtype {
        return Err(BindError::WrongDType { name: name(), found: view.dtype(), wanted: wanted() });
    }
    let Some(dims) = &input.dims else { return Ok(()) };
    let found = || view.shape().to_vec();
    if view.shape().len() != dims.len() {
        return Err(BindError::WrongRank { name: name(), found: found(), wanted: wanted() });
    }
    for (axis, (dim, &size)) in dims.iter().zip(view.shape()).enumerate() {
        match dim {
            Dim::Fixed(fixed) if *fixed != size as u64 => {
                return Err(BindError::WrongDim { name: name(), found: found(), axis, wanted: wanted() });
            }
            Dim::Symbolic(symbol) => {
                let other = *symbols.entry(symbol).or_insert(size);
                if other != size {
                    let symbol = symbol.clone();
                    return Err(BindError::UnequalDims { name: name(), symbol, found: size, other, wanted: wanted() });
                }
            }
            Dim::Fixed(_) | Dim::Unknown => {}
        }
    }
    Ok(())
}

fn wanted(inputs: &[ValueSpec]) -> String {
    let inputs: Vec<_> = inputs.iter().map(ValueSpec::to_string).collect();
    if inputs.is_empty() { "no inputs".into() } else { inputs.join("; ") }
}
