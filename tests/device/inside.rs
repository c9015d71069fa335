//! [`inside`]: a test whose own process is on a machine of stand-ins.
//!
//! A launcher gives its resident workers its own environment, and threads of one process share that. So a test that
//! uses a launcher runs twice: once to make the machine, and once, in a process of its own, on it.

use std::env;
use std::process::Command;

use crate::support::cuda::Machine;
use crate::support::cuda_log::Log;

/// Set in the second process: the name of the test that it is for.
const VARIABLE: &str = "BLINK_TEST_INSIDE";

/// Runs `test` in a process on this machine. `name` is what the test that calls this is called in this binary.
///
/// # Panics
/// Where the test fails there, with all that it printed.
pub(crate) fn inside(name: &str, machine: impl FnOnce() -> Machine, test: impl FnOnce()) {
    match env::var(VARIABLE) {
        Ok(inside) => {
            assert_eq!(inside, name, "the wrong test was started");
            test();
        }
        Err(_) => {
            let machine = machine();
            let mut command = Command::new(env::current_exe().expect("this binary"));
            command.args(["--exact", name, "--nocapture"]).envs(machine.environment()).env(VARIABLE, name);
            let output = command.output().expect("this binary starts");
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{name} failed on its machine ({:?})\n{out}\n{err}", output.status);
            assert!(out.contains("1 passed"), "no test is called {name}:\n{out}");
        }
    }
}

/// What every process on this machine did so far, for a test that is inside.
pub(crate) fn log() -> Log {
    Log::read(env::var_os("BLINK_STAND_IN_LOG").expect("a test that is inside a machine").as_ref())
}
