//! What the tests share: models to describe, artifacts to write, and [`Image`], an artifact as bytes to be patched.

mod altered;
mod image;
mod random;
mod records;
mod signing;
mod write;

pub(crate) use altered::{
    altered, altered_device, altered_guest, altered_model, device_manifest, guest_manifest, open_manifest,
    open_manifest_for_device, open_manifest_with_guest, small_manifest,
};
pub(crate) use image::{CODE, Field, GOLDEN, GRAPH, GUEST, Image, MANIFEST, RawSection, WEIGHTS, WHOLE};
pub(crate) use random::SplitMix64;
pub(crate) use records::{device, golden, guest, manifest, manifest_with_guest, record, value};
pub(crate) use signing::{key, mode, other_key, set_mode, signed, unsigned};
pub(crate) use write::{
    Part, artifact, parts, parts_for_device, parts_with_guest, plan, plan_for_cuda, write, write_all,
};

/// Asserts that a result is an error of exactly this form.
macro_rules! refused {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        match $result {
            Err($pattern) $(if $guard)? => {}
            Err(other) => panic!("refused otherwise: expected {}, found {other:?}", stringify!($pattern $(if $guard)?)),
            Ok(_) => panic!("accepted: expected {}", stringify!($pattern $(if $guard)?)),
        }
    };
}
pub(crate) use refused;

/// Asserts that a result is a manifest error of exactly this form.
macro_rules! bad_manifest {
    ($result:expr, $pattern:pat $(if $guard:expr)?) => {
        crate::support::refused!($result, blink_artifact::OpenError::Manifest($pattern) $(if $guard)?)
    };
}
pub(crate) use bad_manifest;
