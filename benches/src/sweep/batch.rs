//! Inputs of another batch: those of the golden run, with the first symbolic dim at another size.

use std::path::Path;

use blink_runtime::Model;
use blink_tensors::{Tensor, seeded};

use super::SweepError;

/// For each of `sizes` the inputs of the model, by name. The first symbolic dim among the inputs of its golden run, and
/// every other that has the same name, gets that size; all others stay as they were there.
pub(super) fn inputs(
    artifact: &Path,
    model: Option<&str>,
    sizes: &[usize],
) -> Result<Vec<Vec<(String, Tensor)>>, SweepError> {
    let model = Model::open_named(artifact, model)?;
    let record = model.record();
    let golden = record.golden.as_ref().ok_or_else(|| SweepError::NoGolden { model: record.name.clone() })?;
    let given = || record.inputs.iter().zip(&golden.shapes).filter_map(|(input, shape)| Some((input, shape.as_ref()?)));
    let mut dims = given().filter_map(|(input, _)| input.dims.as_ref()).flatten();
    // The symbolic dim of some name is the one that equals what that name makes.
    let batch = dims.find(|dim| **dim == dim.to_string().as_str().into());
    let batch = batch.ok_or_else(|| SweepError::NoSymbolicDim { model: record.name.clone() })?;

    let of_size = |&size: &usize| {
        let inputs = given().map(|(input, shape)| {
            let dims = input.dims.iter().flatten().map(|dim| dim == batch);
            // A dim that the model does not tell keeps its size.
            let is_batch = dims.chain(std::iter::repeat(false));
            let shape: Vec<_> = shape.iter().zip(is_batch).map(|(&old, is)| if is { size } else { old }).collect();
            Ok((input.name.clone(), seeded::tensor(golden.seed, &input.name, input.dtype, &shape)?))
        });
        inputs.collect()
    };
    sizes.iter().map(of_size).collect()
}
