//! Whether a file can be a guest: valid, importing what is given, exporting what is run.

use blink_artifact::manifest::GuestKind;
use wasmparser::{Validator, WasmFeatures};

use super::GuestError;
use super::scan::{Scan, invalid};

/// What a module may import.
pub(super) const PREVIEW1: &str = "wasi_snapshot_preview1";
pub(super) const EPHEMERAL_NN: &str = "wasi_ephemeral_nn";
const MODULE_KNOWN: &str = "wasi_snapshot_preview1 and wasi_ephemeral_nn";
/// What a component may import: WASI's packages, and the version of wasi-nn.
const PACKAGES: [&str; 6] = ["wasi:cli", "wasi:io", "wasi:clocks", "wasi:filesystem", "wasi:random", "wasi:sockets"];
/// What one that answers HTTP requests may import too.
const HTTP: &str = "wasi:http";
const NN: &str = "wasi:nn";
const NN_VERSION: &str = "0.2.0-rc-2024-10-28";
const COMPONENT_KNOWN: &str = "wasi:cli, wasi:io, wasi:clocks, wasi:filesystem, wasi:random and wasi:sockets, all \
                               @0.2, and wasi:nn@0.2.0-rc-2024-10-28";
const HTTP_KNOWN: &str = "wasi:http, wasi:cli, wasi:io, wasi:clocks, wasi:filesystem, wasi:random and wasi:sockets, all \
                          @0.2, and wasi:nn@0.2.0-rc-2024-10-28";

/// Checks that `wasm` can be a guest.
pub(super) fn check(wasm: &[u8]) -> Result<Scan, GuestError> {
    let mut scan = Scan::of(wasm)?;
    match scan.kind {
        GuestKind::Module => check_module(&scan)?,
        GuestKind::Component | GuestKind::Http => scan.kind = check_component(&scan)?,
    }
    // The engine judges by its own settings when it compiles; here, what is said later is made sure of.
    Validator::new_with_features(features()).validate_all(wasm).map_err(invalid)?;
    Ok(scan)
}

fn check_module(scan: &Scan) -> Result<(), GuestError> {
    let is_given = |module: &str| module == PREVIEW1 || module == EPHEMERAL_NN;
    if let Some((module, name)) = scan.imports.iter().find(|(module, _)| !is_given(module)) {
        let hint = match module.as_str() {
            "env" => " (it was built for Emscripten or for JavaScript: build it for wasm32-wasip1)",
            "wasi_unstable" => " (it was built for an older WASI: build it for wasm32-wasip1)",
            module if module.starts_with("wbg") || module.starts_with("__wbindgen") => {
                " (it was built for JavaScript: build it for wasm32-wasip1)"
            }
            _ => "",
        };
        let (module, name) = (module.clone(), name.clone());
        return Err(GuestError::ModuleImport { module, name, known: MODULE_KNOWN, hint });
    }
    if scan.exports.iter().any(|name| name == "_start") { Ok(()) } else { Err(GuestError::NoStart) }
}

/// Whether it is a command or answers HTTP requests; a command where it is both.
fn check_component(scan: &Scan) -> Result<GuestKind, GuestError> {
    let exports = |interface: &str| {
        scan.exports.iter().any(|name| {
            name.split_once('@').is_some_and(|(found, version)| found == interface && is_version_0_2(version))
        })
    };
    let (kind, known) = match (exports("wasi:cli/run"), exports("wasi:http/incoming-handler")) {
        (true, _) => (GuestKind::Component, COMPONENT_KNOWN),
        (false, true) => (GuestKind::Http, HTTP_KNOWN),
        (false, false) => return Err(GuestError::NoRun),
    };
    match scan.imports.iter().find(|(name, _)| !is_given(name, kind)) {
        Some((name, _)) => Err(GuestError::ComponentImport { name: name.clone(), known }),
        None => Ok(kind),
    }
}

/// Whether components of this kind are given the interface `name`: `package/interface@version`.
fn is_given(name: &str, kind: GuestKind) -> bool {
    let Some((interface, version)) = name.split_once('@') else { return false };
    let package = interface.split('/').next().unwrap_or_default();
    let is_known = PACKAGES.contains(&package) || (package == HTTP && kind == GuestKind::Http);
    (is_known && is_version_0_2(version)) || (package == NN && version == NN_VERSION)
}

fn is_version_0_2(version: &str) -> bool {
    version.strip_prefix("0.2.").is_some_and(|patch| patch.bytes().all(|byte| byte.is_ascii_digit()))
}

/// What guests may use (`blink_guest::settings` says so to the engine).
fn features() -> WasmFeatures {
    let left_out = WasmFeatures::THREADS
        | WasmFeatures::GC
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::MEMORY64
        | WasmFeatures::STACK_SWITCHING
        | WasmFeatures::CUSTOM_PAGE_SIZES;
    WasmFeatures::default().difference(left_out)
}
