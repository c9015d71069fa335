//! [`Launched`]: what one start gave, however it was made, and why one is no measurement.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use blink_runtime::{Ended, GuestUsed, WorkerError};

use crate::agreement::Disagreement;
use crate::timeline::PhaseTime;
use crate::usage::Usage;

/// What one launch gave.
#[derive(Clone, Debug)]
pub struct Launched {
    /// Milliseconds from just before the spawn to the first output in the parent's hands.
    pub cold_ms: f64,
    /// What the kernel counted of the start; `None` where it does not tell, or where later runs would count too.
    pub usage: Option<Usage>,
    /// Where the time went, by begin; empty where nobody tells.
    pub phases: Vec<PhaseTime>,
    /// Milliseconds of each later run.
    pub warm_ms: Vec<f64>,
    /// The answer: of a worker the output that was asked for, as `.npy`; of a guest or a process all that it wrote to
    /// stdout.
    pub output: Vec<u8>,
    /// BLAKE3, in hex: of a worker over the bytes of all its outputs, of a guest or a process over its stdout.
    pub digest: String,
    /// How far an answer on a device was from the CPU's, as a share of the largest value; `None` where bits are compared.
    pub difference: Option<f64>,
    /// What the first run of its guest used; `None` where no guest was run.
    pub used: Option<GuestUsed>,
}

/// An answer that every later one must repeat, bit for bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// From [`Launched::digest`].
    pub digest: String,
    /// Bytes of the output.
    pub len: usize,
}

/// Why a launch is no measurement.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum LaunchError {
    #[error("{program} could not be launched: {source}", program = program.display())]
    Spawn { program: PathBuf, source: io::Error },
    #[error("output of {program} could not be read: {source}", program = program.display())]
    Read { program: PathBuf, source: io::Error },
    #[error("{program} ended with {status}{stderr}", program = program.display())]
    Failed { program: PathBuf, status: ExitStatus, stderr: String },
    #[error("{program} ended well and wrote nothing to stdout, expected its output there", program = program.display())]
    NoOutput { program: PathBuf },
    #[error("{name} gave a wrong answer: the digest of its output is {found}, expected {expected}")]
    WrongOutput { name: String, found: String, expected: String },
    #[error("timeline {path} could not be read: {source}", path = path.display())]
    Timeline { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Launcher(#[from] blink_runtime::LaunchError),
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error("worker was to come up by a {expected} start, and came up by a {found} one")]
    OtherStart { expected: &'static str, found: &'static str },
    #[error("output '{output}' of the device is not the CPU's: {source}")]
    Far { output: String, source: Disagreement },
    #[error(
        "worker was to start with weights {expected}, and started with weights {found}: nothing else may use the device worker"
    )]
    OtherWeights { expected: &'static str, found: &'static str },
    #[error("worker was to run on a device, and has nothing there")]
    NotOnDevice,
    #[error("worker has no output '{name}': the model has another one")]
    OutputName { name: String },
    #[error("output of a worker cannot be written as npy: {0}")]
    Npy(#[from] blink_tensors::npy::NpyError),
    #[error("{ended}{stderr}")]
    Guest { ended: String, stderr: String },
    #[error("{path}, which is to be stdin, cannot be opened: {source}", path = path.display())]
    Stdin { path: PathBuf, source: io::Error },
    #[error("stdout of a guest cannot be taken: {source}")]
    Streams { source: io::Error },
    #[error("worker was to end when nobody needed it any more: {ended}")]
    Ended { ended: Ended },
}

impl Launched {
    /// Its answer, for later launches to repeat.
    pub fn expected(&self) -> Expected {
        Expected { digest: self.digest.clone(), len: self.output.len() }
    }
}

/// `found` again, unless `name` was to give another digest.
pub(crate) fn check(found: String, name: &str, expected: Option<&Expected>) -> Result<String, LaunchError> {
    match expected {
        Some(Expected { digest, .. }) if *digest != found => {
            Err(LaunchError::WrongOutput { name: name.to_owned(), found, expected: digest.clone() })
        }
        _ => Ok(found),
    }
}
