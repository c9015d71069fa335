//! Artifacts whose manifest was altered as JSON. Their hashes fit.

use blink_artifact::{Artifact, OpenError};
use serde_json::Value;

use super::Image;

/// The manifest of [`Image::small`], to be changed.
pub(crate) fn small_manifest() -> Value {
    serde_json::from_slice(&Image::small_sections()[0].bytes).unwrap()
}

/// The manifest of [`Image::with_guest`], to be changed.
pub(crate) fn guest_manifest() -> Value {
    serde_json::from_slice(&Image::guest_sections()[0].bytes).unwrap()
}

/// Opens an artifact whose manifest is these bytes.
pub(crate) fn open_manifest(manifest: &[u8]) -> Result<Artifact, OpenError> {
    let mut sections = Image::small_sections();
    sections[0].bytes = manifest.to_vec();
    Image::lay(1, &sections).open()
}

/// Opens an artifact with a guest and native code, whose manifest is these bytes.
pub(crate) fn open_manifest_with_guest(manifest: &[u8]) -> Result<Artifact, OpenError> {
    let mut sections = Image::guest_sections();
    sections[0].bytes = manifest.to_vec();
    Image::lay(1, &sections).open()
}

/// Opens an artifact with a guest and native code, whose manifest has been changed.
pub(crate) fn altered_guest(change: impl FnOnce(&mut Value)) -> Result<Artifact, OpenError> {
    let mut value = guest_manifest();
    change(&mut value);
    open_manifest_with_guest(&serde_json::to_vec(&value).unwrap())
}

/// Opens an artifact whose manifest has been changed.
pub(crate) fn altered(change: impl FnOnce(&mut Value)) -> Result<Artifact, OpenError> {
    let mut value = small_manifest();
    change(&mut value);
    open_manifest(&serde_json::to_vec(&value).unwrap())
}

/// Opens an artifact whose first model has been changed.
pub(crate) fn altered_model(change: impl FnOnce(&mut Value)) -> Result<Artifact, OpenError> {
    altered(|value| change(&mut value["models"][0]))
}

/// The manifest of [`Image::for_device`], to be changed.
pub(crate) fn device_manifest() -> Value {
    serde_json::from_slice(&Image::device_sections()[0].bytes).unwrap()
}

/// Opens an artifact for CUDA whose manifest is these bytes.
pub(crate) fn open_manifest_for_device(manifest: &[u8]) -> Result<Artifact, OpenError> {
    let mut sections = Image::device_sections();
    sections[0].bytes = manifest.to_vec();
    Image::lay(1, &sections).made_for_cuda().open()
}

/// Opens an artifact for CUDA whose first model has been changed.
pub(crate) fn altered_device(change: impl FnOnce(&mut Value)) -> Result<Artifact, OpenError> {
    let mut value = device_manifest();
    change(&mut value["models"][0]);
    open_manifest_for_device(&serde_json::to_vec(&value).unwrap())
}
