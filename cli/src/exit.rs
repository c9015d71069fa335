//! How the process ends: one exit code for each kind of failure, decided in one place.
#![allow(unsafe_code)]

mod bench;
mod serve;
mod signature;

use std::io::Write;
use std::process::ExitCode;

use blink_artifact::OpenError;
use blink_compiler::{Blame, CompileError};
use blink_runtime::golden::GoldenError;
use blink_runtime::library::LibraryError;
use blink_runtime::{BindError, FailureClass, LaunchError, ModelError, RunError, StartError, WarmError, WorkerError};

use crate::tensor_files::TensorFileError;
use crate::verbs::compile::Contradiction;
use crate::verbs::run::WrongUse;

/// The codes, as `--help` and the man page list them.
pub(crate) const HELP: &str = "Exit codes:
  0  done
  1  failed
  2  wrong use: arguments, or inputs that the model does not take
  3  a budget was broken, or something got worse
  4  the artifact was made for other hosts, or for another ONNX Runtime
  5  the artifact is damaged, answers otherwise than recorded, or is not signed as asked
  6  ONNX Runtime is missing or is not the one expected; or the device, or the sandbox asked for, cannot be had
  7  the model, or the guest, cannot be compiled
A guest's own code (0 to 125) passes through; 134: it trapped; 152: it went past a limit";

/// Prints the error, if any, on one line and gives the code.
pub(crate) fn end(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Stderr may be closed; the code still tells.
            let _ = writeln!(std::io::stderr(), "blink: {}", line(&error));
            ExitCode::from(code(&error))
        }
    }
}

/// The error and its causes on one line. A cause that its error has told already is not told again.
pub(crate) fn line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(|cause| cause.to_string().split_whitespace().collect::<Vec<_>>().join(" ")) {
        if !line.contains(&cause) {
            let gap = if line.is_empty() { "" } else { ": " };
            line = format!("{line}{gap}{cause}");
        }
    }
    line
}

/// Ends the process here and now: nothing is torn down that the kernel frees anyway. Stdout must be flushed.
pub(crate) fn now() -> ! {
    with(0)
}

/// As [`now`], with an exit code.
pub(crate) fn with(code: u8) -> ! {
    // SAFETY: `_exit` has no preconditions. Exit handlers do not run, which is the point: what they would release
    // ends with the process.
    unsafe { libc::_exit(code.into()) }
}

/// The exit code that the error calls for.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    error.chain().find_map(known).unwrap_or(1)
}

fn known(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    let class = cause.downcast_ref::<StartError>().map(FailureClass::from);
    let class = class.or_else(|| cause.downcast_ref::<RunError>().map(FailureClass::from));
    let class = class.or_else(|| cause.downcast_ref::<ModelError>().map(FailureClass::from));
    let class = class.or_else(|| cause.downcast_ref::<OpenError>().map(FailureClass::from));
    let class = class.or_else(|| cause.downcast_ref::<LibraryError>().map(FailureClass::from));
    if let Some(class) = class {
        return Some(failure(class));
    }
    if let Some(WorkerError::Failed { class, .. }) = cause.downcast_ref() {
        return Some(failure(*class));
    }
    if let Some(WorkerError::Poisoned { .. }) = cause.downcast_ref() {
        return Some(5);
    }
    if let Some(LaunchError::Options(error)) = cause.downcast_ref() {
        return Some(failure(error.into()));
    }
    if let Some(LaunchError::Device { class, .. }) = cause.downcast_ref() {
        return Some(failure(*class));
    }
    if let Some(LaunchError::NoDeviceSandbox { .. }) = cause.downcast_ref() {
        return Some(6);
    }
    match cause.downcast_ref::<WarmError>() {
        Some(WarmError::Model(error)) => return known(error),
        Some(WarmError::Launch(error)) => return known(error),
        Some(WarmError::Worker(error @ WorkerError::Poisoned { .. })) => return known(error),
        _ => {}
    }
    if let Some(error) = cause.downcast_ref::<GoldenError>() {
        return Some(match error {
            GoldenError::Start(error) => failure(error.into()),
            GoldenError::Run(error) => failure(error.into()),
            // These pass their words on as their own, so that they are not among the causes.
            GoldenError::Launch(error) => return known(error),
            GoldenError::Worker(error) => return known(error),
            GoldenError::Recorded(error) => failure(error.into()),
            GoldenError::Inputs(_) => 1,
            GoldenError::Shape { .. } | GoldenError::Differs { .. } => 5,
        });
    }
    if let Some(code) = signature::known(cause) {
        return Some(code);
    }
    if let Some(code) = bench::known(cause).or_else(|| serve::known(cause)) {
        return Some(code);
    }
    if let Some(error) = cause.downcast_ref::<CompileError>() {
        return Some(compile(error));
    }
    if let Some(TensorFileError::Write { .. }) = cause.downcast_ref() {
        return Some(1);
    }
    let is_wrong_use = cause.is::<BindError>() || cause.is::<TensorFileError>() || cause.is::<WrongUse>();
    (is_wrong_use || cause.is::<Contradiction>()).then_some(2)
}

fn failure(class: FailureClass) -> u8 {
    match class {
        FailureClass::Inputs | FailureClass::Threads | FailureClass::NoSuchModel => 2,
        FailureClass::Foreign => 4,
        FailureClass::Damaged => 5,
        FailureClass::Library | FailureClass::EngineLoad | FailureClass::Device | FailureClass::Sandbox => 6,
        FailureClass::GuestCode => 4,
        FailureClass::Unreadable
        | FailureClass::Engine
        | FailureClass::Request
        | FailureClass::Memory
        | FailureClass::DeviceMemory
        | FailureClass::DeviceLost
        | FailureClass::Guest => 1,
    }
}

fn compile(error: &CompileError) -> u8 {
    match error.blame() {
        Blame::Request => 2,
        Blame::Model => 7,
        Blame::Class(class) => failure(class),
        Blame::Other => 1,
    }
}
