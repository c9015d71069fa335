//! [`needs`]: what a guest may ask of its host, in words that people know from the flags that give it.
//!
//! It tells what is imported, which is the most that a guest can use; whether it does, only a run shows.

use blink_artifact::manifest::GuestKind;
use serde::Serialize;

use super::GuestError;
use super::check::{EPHEMERAL_NN, PREVIEW1};
use super::scan::Scan;

/// What a guest imports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// The modules or interfaces that it imports from, in order, each once.
    pub interfaces: Vec<String>,
    /// What they let it do, in words, in a fixed order.
    pub capabilities: Vec<&'static str>,
}

/// A capability, the functions of `wasi_snapshot_preview1` that show it (by prefix), and the interfaces that do.
type Capability = (&'static str, &'static [&'static str], &'static [&'static str]);

const CAPABILITIES: [Capability; 9] = [
    ("models", &[], &["wasi:nn/"]),
    ("arguments", &["args_"], &["wasi:cli/environment"]),
    ("environment", &["environ_"], &["wasi:cli/environment"]),
    ("stdin", &["fd_read"], &["wasi:cli/stdin"]),
    ("stdout and stderr", &["fd_write"], &["wasi:cli/stdout", "wasi:cli/stderr"]),
    ("directories", &["path_", "fd_prestat_", "fd_readdir"], &["wasi:filesystem/preopens"]),
    ("clocks", &["clock_"], &["wasi:clocks/"]),
    ("randomness", &["random_"], &["wasi:random/"]),
    ("network", &[], &["wasi:sockets/"]),
];

/// What the guest in `wasm` imports; fails where it is not WebAssembly.
pub fn needs(wasm: &[u8]) -> Result<Needs, GuestError> {
    let scan = Scan::of(wasm)?;
    let mut interfaces: Vec<String> = Vec::new();
    for (interface, _) in &scan.imports {
        if !interfaces.contains(interface) {
            interfaces.push(interface.clone());
        }
    }
    let shows = |capability: &Capability, (module, name): &(String, String)| match scan.kind {
        GuestKind::Component | GuestKind::Http => capability.2.iter().any(|interface| module.starts_with(interface)),
        GuestKind::Module if module == EPHEMERAL_NN => capability.0 == "models",
        GuestKind::Module => module == PREVIEW1 && capability.1.iter().any(|prefix| name.starts_with(prefix)),
    };
    let has = |capability: &&Capability| scan.imports.iter().any(|import| shows(capability, import));
    let capabilities = CAPABILITIES.iter().filter(has).map(|capability| capability.0).collect();
    Ok(Needs { interfaces, capabilities })
}
