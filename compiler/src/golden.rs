//! The golden run: seeded inputs, one thread, and the digests of what comes out.

use blink_artifact::manifest::{Dim, Golden, GoldenOutput, ValueSpec};
use blink_runtime::{EngineError, Outputs, golden, host};
use blink_tensors::{Tensor, TensorView, seeded};

/// Sizes tried for dims that the model leaves open, in turn, until the model runs.
const TRIED_SIZES: [u64; 5] = [1, 4, 16, 64, 224];
/// Most bytes of golden outputs that an artifact keeps; larger ones are kept as digests only.
const MAX_STORED: usize = 1 << 20;

/// Inputs that a model runs with, by index; optional ones are left out.
pub(crate) struct GoldenInputs {
    /// Each input's tensor; `None` for one that is left out.
    pub(crate) tensors: Vec<Option<Tensor>>,
}

impl GoldenInputs {
    /// Seeded inputs for `inputs`, with `open` for every dim that neither the model nor `dims` fixes. `None` where
    /// a shape passes memory.
    pub(crate) fn make(inputs: &[ValueSpec], dims: &[(String, u64)], open: u64, seed: u64) -> Option<GoldenInputs> {
        let size = |dim: &Dim| match dim {
            Dim::Fixed(size) => *size,
            Dim::Symbolic(name) => dims.iter().find(|(known, _)| known == name).map_or(open, |(_, size)| *size),
            Dim::Unknown => open,
        };
        let tensor = |input: &ValueSpec| -> Option<Option<Tensor>> {
            if input.optional {
                return Some(None);
            }
            let one = [Dim::Fixed(1)];
            let dims = input.dims.as_deref().unwrap_or(&one).iter();
            let shape = dims.map(|dim| usize::try_from(size(dim)).ok()).collect::<Option<Vec<_>>>()?;
            seeded::tensor(seed, &input.name, input.dtype, &shape).ok().map(Some)
        };
        Some(GoldenInputs { tensors: inputs.iter().map(tensor).collect::<Option<_>>()? })
    }

    /// The first inputs, of growing sizes for open dims, that `run` accepts, with what it gave; else its first error.
    pub(crate) fn find<T>(
        inputs: &[ValueSpec],
        dims: &[(String, u64)],
        seed: u64,
        mut run: impl FnMut(&GoldenInputs) -> Result<T, EngineError>,
    ) -> Result<(GoldenInputs, T), EngineError> {
        let mut first_error = None;
        for open in TRIED_SIZES {
            let Some(made) = GoldenInputs::make(inputs, dims, open, seed) else { continue };
            match run(&made) {
                Ok(result) => return Ok((made, result)),
                Err(error) => first_error = first_error.or(Some(error)),
            }
            let is_open = |dim: &Dim| match dim {
                Dim::Fixed(_) => false,
                Dim::Symbolic(name) => dims.iter().all(|(known, _)| known != name),
                Dim::Unknown => true,
            };
            if !inputs.iter().flat_map(|input| input.dims.iter().flatten()).any(is_open) {
                break;
            }
        }
        Err(first_error.unwrap_or(EngineError::Call { message: "its inputs do not fit into memory".into() }))
    }

    /// The inputs as [`blink_runtime::engine::Session::run`] takes them.
    pub(crate) fn views(&self) -> Vec<(usize, TensorView<'_>)> {
        let given = self.tensors.iter().enumerate();
        given.filter_map(|(index, tensor)| Some((index, tensor.as_ref()?.view()))).collect()
    }
}

/// What a golden run gave: what the manifest says of it, and the bytes of the golden section. Whether it is
/// reproducible is for the caller to find out.
pub(crate) fn record(seed: u64, inputs: &GoldenInputs, outputs: &Outputs) -> (Golden, Vec<u8>) {
    let mut stored = Vec::new();
    let mut keep = |view: TensorView<'_>| {
        let bytes = golden::bytes_of(view);
        let digest = golden::digest(view);
        let fits = stored.len() + bytes.len() <= MAX_STORED;
        let place = fits.then(|| (stored.len() as u64, bytes.len() as u64));
        if fits {
            stored.extend_from_slice(&bytes);
        }
        GoldenOutput { shape: view.shape().to_vec(), digest, stored: place }
    };
    let outputs = outputs.iter().map(&mut keep).collect();
    let run = Golden {
        seed,
        shapes: inputs.tensors.iter().map(|tensor| tensor.as_ref().map(|tensor| tensor.shape().to_vec())).collect(),
        features: host::features_fingerprint(),
        outputs,
        reproducible: true,
    };
    (run, stored)
}
