//! What a worker cannot make for itself, because it has no compiler: artifacts of models that a guest brings, and native
//! code of a guest for this host. Both are kept in the cache.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context;
use blink_artifact::Artifact;
use blink_compiler::{ModelSource, Request, compile};
use blink_runtime::{CodeCache, host, library, thread_count};

use crate::exit;
use crate::output::note;
use crate::verbs::scratch::Scratch;

/// The artifact of a model that a guest brings.
pub(super) fn compile_model(onnx: &[u8]) -> Result<PathBuf, String> {
    model(onnx).map_err(|error| exit::line(&error))
}

fn model(onnx: &[u8]) -> anyhow::Result<PathBuf> {
    let directory = library::cache_dir()?.join("loaded");
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
    compile(&request, |_, _| ())?;
    Ok(output)
}

/// Compiles the guest of `artifact` for this host, into the cache, and says so.
pub(super) fn compile_guest(artifact: &Artifact) -> anyhow::Result<()> {
    let name = || artifact.path().display().to_string();
    let (record, wasm) = (artifact.manifest().guest.as_ref(), artifact.guest().with_context(name)?);
    let ((record, wasm), hash) = record.zip(wasm).zip(artifact.guest_hash()).context("no guest")?;
    let begin = Instant::now();
    let (code, _) = blink_compiler::guest::native(&wasm, record.kind, false)?;
    CodeCache::of_user()?.store(hash, &code)?;
    note!("guest compiled for this host in {:.1} s, and kept in the cache", begin.elapsed().as_secs_f64());
    Ok(())
}
