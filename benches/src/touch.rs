//! What it costs to touch a model's weights once: the part of a start that no trick can take away.

use std::hint::black_box;
use std::path::Path;

use blink_runtime::timeline::now;
use blink_runtime::{Model, ModelError};

/// The least distance of two pages, in bytes.
const PAGE: usize = 4096;

/// Milliseconds to read one byte of each page of the weights of `model` in `artifact`, each of `times` times through a
/// new mapping of the file, made as a worker makes it. Without a name: of its only model, or of all where they belong to
/// a guest.
pub fn touch(artifact: &Path, model: Option<&str>, times: usize) -> Result<Vec<f64>, ModelError> {
    let once = |_| {
        let models = Model::of_worker(artifact, model)?;
        let weights = models.iter().flat_map(|model| model.artifact().weights(model.index()).iter().step_by(PAGE));
        let started = now();
        let sum = weights.fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        black_box(sum);
        Ok((now() - started) as f64 / 1e6)
    };
    (0..times).map(once).collect()
}
