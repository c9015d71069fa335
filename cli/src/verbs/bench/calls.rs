//! System calls of a start, counted in a launch apart: whoever counts them makes them slow.

use std::process::Command;

use blink_benches::ask::Ask;
use blink_benches::measurement::WayRuns;
use blink_benches::setup::Setup;
use blink_benches::syscalls::{self, Of, SyscallError};
use blink_benches::way::{Launch, Way};
use blink_runtime::StartMode;
use blink_runtime::library::LIBRARY_VARIABLE;

/// Fills in how many system calls a start of each way makes. Where the kernel does not let us count, `left_out` says so.
pub(super) fn count(setup: &Setup, ways: &mut [WayRuns], left_out: &mut Vec<String>) {
    for (way, runs) in setup.ways.iter().zip(ways) {
        match counted(setup, way) {
            Ok(calls) => runs.syscalls = Some(calls),
            Err(error) => left_out.push(format!("system calls of {}: {error}", way.name)),
        }
    }
}

fn counted(setup: &Setup, way: &Way) -> Result<u64, SyscallError> {
    match &way.launch {
        Launch::Process(peer) => {
            let mut command = Command::new(&peer.program);
            command.args(&peer.arguments).env("ORT_DISABLE_TELEMETRY", "1");
            syscalls::count(command, peer.stdin.as_deref(), Of::Itself)
        }
        Launch::Worker(worker) => {
            let start = if worker.spec.start == StartMode::Snapshot { "snapshot" } else { "normal" };
            // The process that launches is not counted, only the worker: `blink run` is the launcher here.
            let mut command = Command::new(&setup.program);
            command.arg("run").arg(&worker.spec.artifact).args(["--start", start]);
            command.args(["--threads", &setup.given.threads.to_string()]);
            command.args(["--sandbox", worker.spec.sandbox.name()]);
            if let Some(device) = worker.spec.device {
                command.args(["--device", &device.to_string()]);
            }
            if let Some(model) = &worker.spec.model {
                command.args(["--model", model]);
            }
            if let Some(prepack) = worker.spec.options.prepack {
                command.args(["--prepack", if prepack { "on" } else { "off" }]);
            }
            for (name, path) in &setup.given.inputs {
                let mut input = std::ffi::OsString::from(format!("{name}="));
                input.push(path);
                command.arg("--input").arg(input);
            }
            // The snapshots are the bench's own; the library is the one that was measured.
            command.env("BLINK_CACHE_DIR", &setup.directory);
            command.env(LIBRARY_VARIABLE, &setup.library);
            if let Ask::Guest(run) = &worker.ask {
                command.arg("--").args(&run.request.arguments);
            }
            syscalls::count(command, setup.given.stdin.as_deref(), Of::Children)
        }
    }
}
