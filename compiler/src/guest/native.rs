//! Native code, made ahead of time by Cranelift: what a start need not do.

use blink_artifact::manifest::{CodeRecord, GuestKind};
use blink_guest::settings;
use wasmtime::Engine;

use super::GuestError;
use super::error::words;
use crate::error::CompileError;

/// Native code of a guest, with what it is for: this host's CPU, or every CPU of its architecture where `portable`.
///
/// `wasm` is the guest section of an artifact. The same input on the same CPU gives the same bytes.
pub fn native(wasm: &[u8], kind: GuestKind, portable: bool) -> Result<(Vec<u8>, CodeRecord), CompileError> {
    let failed = |error| GuestError::Native { message: words(&error) };
    let mut config = settings::compiling();
    if portable {
        // Naming the target at all means its baseline, and not what this CPU can do.
        config.target(TARGET).map_err(failed)?;
    }
    let engine = Engine::new(&config).map_err(failed)?;
    let code = match kind {
        GuestKind::Module => engine.precompile_module(wasm),
        GuestKind::Component | GuestKind::Http => engine.precompile_component(wasm),
    };
    let features = if portable { "portable" } else { "native" };
    Ok((code.map_err(failed)?, settings::record(features)))
}

/// Whether native code that says so of itself is for this build and this kind of host. Which CPU features it uses, only
/// linking it tells.
pub fn fits_here(record: &CodeRecord) -> bool {
    settings::fits(record)
}

/// This host's architecture and system, as Cranelift calls them.
const TARGET: &str = match (cfg!(target_arch = "aarch64"), cfg!(target_os = "macos")) {
    (false, false) => "x86_64-unknown-linux-gnu",
    (false, true) => "x86_64-apple-darwin",
    (true, false) => "aarch64-unknown-linux-gnu",
    (true, true) => "aarch64-apple-darwin",
};
