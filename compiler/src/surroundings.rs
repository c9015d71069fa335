//! [`Surroundings`]: what a compilation asks of whoever has it done: a file for the artifact, a device, a program.
//!
//! Asked in the process itself, it is had at once ([`Here`]); a child asks its parent (`child/`).

use blink_artifact::{PendingArtifact, PendingFile};
use blink_runtime::engine::Engine;
use blink_runtime::{Timeline, library};

use crate::device_trial::{self, Tried};
use crate::error::CompileError;
use crate::guest;
use crate::request::Request;
use crate::temporary::Temporaries;

/// What is asked for.
pub(crate) trait Surroundings {
    /// Where temporary files come from.
    fn files(&self) -> &Temporaries;

    /// ONNX Runtime.
    fn engine(&self) -> Result<&'static Engine, CompileError>;

    /// An empty file for the artifact. A later one takes the place of an earlier one.
    fn output(&self) -> Result<PendingFile, CompileError>;

    /// What a device makes of `pending`, which is in the file that was given last; `None` where none was named.
    fn try_on_device(&self, pending: &PendingArtifact) -> Result<Option<Tried>, CompileError>;

    /// The module in `wasm`, optimised by another program.
    fn optimise_guest(&self, wasm: &[u8]) -> Result<Vec<u8>, CompileError>;
}

/// Everything is had here.
pub(crate) struct Here<'a> {
    request: &'a Request,
    files: Temporaries,
}

impl Here<'_> {
    pub(crate) fn new(request: &Request) -> Here<'_> {
        Here { request, files: Temporaries::beside(&request.output) }
    }
}

impl Surroundings for Here<'_> {
    fn files(&self) -> &Temporaries {
        &self.files
    }

    fn engine(&self) -> Result<&'static Engine, CompileError> {
        start_engine()
    }

    fn output(&self) -> Result<PendingFile, CompileError> {
        Ok(PendingArtifact::place(&self.request.output)?)
    }

    fn try_on_device(&self, pending: &PendingArtifact) -> Result<Option<Tried>, CompileError> {
        self.request.trial.as_ref().map(|place| device_trial::run(pending, place)).transpose()
    }

    fn optimise_guest(&self, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
        Ok(guest::optimise(wasm)?)
    }
}

/// ONNX Runtime, loaded and made ready.
pub(crate) fn start_engine() -> Result<&'static Engine, CompileError> {
    Ok(Engine::start(&library::find()?, &mut Timeline::new())?)
}
