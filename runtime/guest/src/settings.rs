//! The engine's settings: the same where native code is made and where it is run, and told apart by their hash where not.
//!
//! wasmtime itself lets code of another patch version pass. Here the full version and every setting that shapes code are
//! part of what must be equal.

use blink_artifact::manifest::CodeRecord;
use wasmtime::{Config, ModuleVersionStrategy, WasmBacktraceDetails, WasmFeatures};

/// The version of wasmtime that code is made by and for. `Cargo.toml` pins the same.
pub const WASMTIME: &str = "48.0.8";

/// What [`config`] sets, in words: part of the hash. A change there is a change here.
const SETTINGS: &str = "1: epochs; memory 4 GiB reserved, 32 MiB guard, copy on write; signals; no concurrency; \
                        wasm 3.0 without threads, garbage collection, exceptions, 64-bit memories";

/// Largest stack of a guest's own calls, in bytes.
const STACK: usize = 512 << 10;
/// Stack of its fibre, in bytes: its own calls, and the host's below them.
const FIBRE: usize = 2 << 20;

/// The settings without a compiler: such an engine runs native code alone.
pub fn config() -> Config {
    let mut config = Config::new();
    #[cfg(feature = "compiler")]
    config.enable_compiler(false);
    common(&mut config);
    config
}

/// The settings with one, for code that may use every feature of this CPU.
#[cfg(feature = "compiler")]
pub fn compiling() -> Config {
    let mut config = Config::new();
    common(&mut config);
    config
}

/// Native code is for this version and these settings; `features` says for which CPUs.
pub fn record(features: &str) -> CodeRecord {
    CodeRecord { wasmtime: WASMTIME.into(), settings: hash(), target: format!("{}+{features}", host()) }
}

/// Whether native code that says so of itself is for this build and this kind of host. Which CPU features it uses, the
/// engine checks.
pub fn fits(record: &CodeRecord) -> bool {
    let CodeRecord { wasmtime, settings, target } = record;
    wasmtime == WASMTIME && *settings == hash() && target.split('+').next() == Some(&*host())
}

/// Hash of the settings, in hex.
pub fn hash() -> String {
    blake3::hash(SETTINGS.as_bytes()).to_hex()[..16].into()
}

/// Architecture and operating system.
fn host() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}

fn common(config: &mut Config) {
    let version = ModuleVersionStrategy::Custom(format!("{WASMTIME} {}", hash()));
    config.module_version(version).expect("a short version");
    config.epoch_interruption(true);
    config.max_wasm_stack(STACK);
    config.async_stack_size(FIBRE);
    config.concurrency_support(false);
    config.memory_init_cow(true);
    config.signals_based_traps(true);
    config.memory_reservation(4 << 30);
    config.memory_guard_size(32 << 20);
    // Not from a variable of the environment, which would be read at each start.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    let left_out = WasmFeatures::THREADS
        | WasmFeatures::GC
        | WasmFeatures::FUNCTION_REFERENCES
        | WasmFeatures::EXCEPTIONS
        | WasmFeatures::MEMORY64
        | WasmFeatures::STACK_SWITCHING;
    config.wasm_features(left_out, false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_of_another_version_or_setting_does_not_fit() {
        let here = record("native");
        assert!(fits(&here));
        for other in [
            CodeRecord { wasmtime: "48.0.7".into(), ..here.clone() },
            CodeRecord { settings: "0".repeat(16), ..here.clone() },
            CodeRecord { target: "riscv64-linux+native".into(), ..here.clone() },
        ] {
            assert!(!fits(&other), "{other:?}");
        }
    }
}
