//! Native code of another patch level, or of other settings, is refused for what it says itself, whatever is said of it.

use blink_artifact::manifest::GuestKind;
use blink_guest::{Guest, LinkError, settings};
use wasmtime::{Config, ModuleVersionStrategy};

use crate::support::native;

const PROGRAM: &str = r#"(module (func (export "_start")))"#;

/// Links code of these settings, which is said to be of this engine's.
fn linked(change: impl FnOnce(&mut Config)) -> Result<Guest, LinkError> {
    let mut config = settings::compiling();
    change(&mut config);
    let code = native(GuestKind::Module, PROGRAM, &config);
    Guest::link("guest", GuestKind::Module, &settings::record("native"), code)
}

fn refused(change: impl FnOnce(&mut Config)) {
    let error = linked(change).err().expect("code of another engine");
    assert!(matches!(error, LinkError::Host { .. }), "{error}");
}

#[test]
fn another_patch_level_is_refused() {
    assert!(linked(|_| ()).is_ok());
    for version in ["48.0.7", "48.0.9", "48.1.8"] {
        let version = format!("{version} {}", settings::hash());
        refused(|config| _ = config.module_version(ModuleVersionStrategy::Custom(version)).expect("a short version"));
    }
    // What wasmtime itself would let pass: its own major version, and nothing else.
    refused(|config| _ = config.module_version(ModuleVersionStrategy::WasmtimeVersion).expect("a version"));
}

#[test]
fn other_settings_are_refused() {
    refused(|config| _ = config.epoch_interruption(false));
    refused(|config| _ = config.memory_guard_size(64 << 20));
    refused(|config| _ = config.signals_based_traps(false));
}
