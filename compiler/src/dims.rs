//! Sizes given for symbolic dims: each must mean something, and each model gets those of its own.

use blink_artifact::manifest::{Dim, ValueSpec};

use crate::error::CompileError;

/// Sizes by name.
pub(crate) type Sizes = [(String, u64)];

/// The symbolic dims of some inputs, in order of appearance.
pub(crate) fn symbolic<'a>(inputs: impl Iterator<Item = &'a ValueSpec>) -> Vec<&'a str> {
    let mut known: Vec<&str> = Vec::new();
    for dim in inputs.flat_map(|input| input.dims.iter().flatten()) {
        if let Dim::Symbolic(name) = dim
            && !known.contains(&name.as_str())
        {
            known.push(name);
        }
    }
    known
}

/// Refuses sizes for dims that are not among `known`, and two sizes for one.
pub(crate) fn check(sizes: &Sizes, known: &[&str]) -> Result<(), CompileError> {
    for (index, (name, _)) in sizes.iter().enumerate() {
        if !known.contains(&name.as_str()) {
            let known = if known.is_empty() { "none".into() } else { known.join(", ") };
            return Err(CompileError::UnknownDim { name: name.clone(), known });
        }
        if sizes[..index].iter().any(|(other, _)| other == name) {
            return Err(CompileError::DuplicateDim { name: name.clone() });
        }
    }
    Ok(())
}

/// The sizes that concern a model with these inputs.
pub(crate) fn of_model(sizes: &Sizes, inputs: &[ValueSpec]) -> Vec<(String, u64)> {
    let known = symbolic(inputs.iter());
    sizes.iter().filter(|(name, _)| known.contains(&name.as_str())).cloned().collect()
}

/// Values with the dims that were set.
pub(crate) fn fix(mut values: Vec<ValueSpec>, set: &Sizes) -> Vec<ValueSpec> {
    for dim in values.iter_mut().flat_map(|value| value.dims.iter_mut().flatten()) {
        if let Dim::Symbolic(name) = dim
            && let Some((_, size)) = set.iter().find(|(known, _)| known == name)
        {
            *dim = Dim::Fixed(*size);
        }
    }
    values
}
