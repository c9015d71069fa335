//! What a worker cannot make for itself, because it has no compiler: artifacts of models that a guest brings. They are kept
//! in the cache.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use blink_artifact::Artifact;
use blink_compiler::{Confines, ModelSource, Request, compile_apart};
use blink_runtime::{host, library, thread_count};

use crate::verbs::scratch::Scratch;
use crate::{exit, program};

/// The artifact of a model that a guest brings.
pub(super) fn compile_model(onnx: &[u8]) -> Result<PathBuf, String> {
    model(onnx).map_err(|error| exit::line(&error))
}

/// Where artifacts of models are kept that guests have brought. Absolute.
pub(super) fn directory() -> anyhow::Result<PathBuf> {
    Ok(std::path::absolute(library::cache_dir()?.join("loaded"))?)
}

fn model(onnx: &[u8]) -> anyhow::Result<PathBuf> {
    let directory = directory()?;
    let made_for = format!("{} {} {}", env!("CARGO_PKG_VERSION"), library::ORT_VERSION, host::features_fingerprint());
    let hash = blake3::Hasher::new().update(made_for.as_bytes()).update(onnx).finalize().to_hex();
    let output = directory.join(format!("{}.blink", &hash[..32]));
    // What is there and whole was made of the same bytes.
    if Artifact::read(&output).is_ok() {
        return Ok(output);
    }
    fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let scratch = Scratch::new(None)?;
    let file = scratch.path().join("model.onnx");
    fs::write(&file, onnx).with_context(|| file.display().to_string())?;
    let request = Request::new(vec![ModelSource::from(file.as_path())], output.clone(), thread_count(None)?);
    // A guest brought it: nobody else has seen it.
    scratch.settle(compile_apart(&request, &Confines::new(program::path()?), |_, _| ()))?;
    Ok(output)
}
