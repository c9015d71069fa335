//! The guest's initialiser, run here and now: what it leaves in memory and globals becomes part of the program.
//!
//! | file | what it holds |
//! |---|---|
//! | `initialise/sandbox.rs` | what it is given: next to nothing, and the same in every run |
//! | `initialise/module.rs`, `initialise/component.rs` | how the state of each kind is read back |
//!
//! The convention is Wizer's: an export `wizer-initialize`, which takes and gives nothing. It is gone afterwards.

mod component;
mod module;
mod sandbox;

use blink_artifact::manifest::GuestKind;
use blink_guest::settings;
use wasmtime::{Engine, OptLevel, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::GuestError;
use super::error::words;
pub(super) use sandbox::{LIMITS, Limits};
use sandbox::{Said, Watch};

/// A guest that was initialised.
pub(super) struct Initialised {
    pub(super) wasm: Vec<u8>,
    /// What the initialiser wrote, by line.
    pub(super) said: Vec<String>,
}

/// Why it was not.
enum Failure {
    /// Wizer, or the engine, does not take the guest.
    Refused(wasmtime::Error),
    /// The initialiser itself ended badly.
    Ended(wasmtime::Error),
}

/// Runs the initialiser of `wasm` within `limits`.
pub(super) fn initialise(wasm: &[u8], kind: GuestKind, limits: Limits) -> Result<Initialised, GuestError> {
    let refused = |error| GuestError::Initialiser { message: words(&error) };
    let mut config = settings::compiling();
    // It runs once.
    config.cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config).map_err(refused)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| refused(error.into()))?;
    let (said, watch) = (Said::default(), Watch::over(&engine, limits.time));
    let running = async {
        match kind {
            GuestKind::Module => module::run(&engine, wasm, limits, &said).await,
            GuestKind::Component | GuestKind::Http => component::run(&engine, wasm, limits, &said).await,
        }
    };
    let result = runtime.block_on(async { tokio::time::timeout(limits.time, running).await });
    drop(watch);
    match result {
        Ok(Ok(wasm)) => Ok(Initialised { wasm, said: said.lines() }),
        Ok(Err(Failure::Refused(error))) => Err(refused(error)),
        Ok(Err(Failure::Ended(error))) => Err(ended(&error, limits)),
        // It was waiting for something.
        Err(_) => Err(GuestError::InitialiserTime { seconds: limits.time.as_secs() }),
    }
}

/// What the end of a call says.
fn ended(error: &wasmtime::Error, limits: Limits) -> GuestError {
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return GuestError::InitialiserExit { code: *code };
    }
    if error.downcast_ref::<Trap>() == Some(&Trap::Interrupt) {
        return GuestError::InitialiserTime { seconds: limits.time.as_secs() };
    }
    let cause = error.root_cause().to_string();
    let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], WasmBacktrace::frames);
    let names: Vec<_> = frames.iter().filter_map(|frame| frame.func_name()).take(4).collect();
    let place = if names.is_empty() { String::new() } else { format!(" in {}", names.join(", called by ")) };
    let asks_models = ["wasi_ephemeral_nn", "wasi:nn"].iter().any(|name| cause.contains(name));
    let hint = if asks_models { "; models cannot be asked while the guest is compiled" } else { "" };
    GuestError::InitialiserTrap { message: format!("{}{place}", super::error::one_line(&cause)), hint }
}
