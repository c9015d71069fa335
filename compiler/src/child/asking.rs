//! [`Asking`]: the surroundings of a compilation in a child, which asks its parent for what it may not have itself.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use blink_artifact::{PendingArtifact, PendingFile};
use blink_runtime::engine::Engine;

use super::line::{Answer, Heard, Line, Said};
use crate::device_trial::Tried;
use crate::error::CompileError;
use crate::request::Stage;
use crate::surroundings::{Surroundings, start_engine};
use crate::temporary::Temporaries;

use super::ChildError;

/// What a child was given before its walls stood, and the line to its parent.
pub(super) struct Asking {
    pub(super) line: Line,
    pub(super) output: PathBuf,
    pub(super) files: Temporaries,
    /// What loading ONNX Runtime has come to.
    pub(super) engine: RefCell<Option<Result<&'static Engine, CompileError>>>,
}

impl Asking {
    /// Tells the parent that a stage begins.
    pub(super) fn tell(&self, stage: Stage, file: &Path) {
        // A parent that is gone ends this process in other ways.
        let _ = self.line.say(&Said::Stage(stage, OsString::from(file)), b"", None);
    }

    fn ask(&self, what: &Said, bytes: &[u8]) -> Result<Heard<Answer>, CompileError> {
        let asked = self.line.say(what, bytes, None).and_then(|()| self.line.hear());
        Ok(asked.and_then(|heard| heard.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())).map_err(line)?)
    }
}

impl Surroundings for Asking {
    fn files(&self) -> &Temporaries {
        &self.files
    }

    fn engine(&self) -> Result<&'static Engine, CompileError> {
        self.engine.take().unwrap_or_else(start_engine)
    }

    fn output(&self) -> Result<PendingFile, CompileError> {
        match self.ask(&Said::Output, b"")? {
            Heard { said: Answer::Output, descriptor: Some(file), .. } => {
                Ok(PendingFile::lent(File::from(file), &self.output))
            }
            heard => Err(other(&heard.said).into()),
        }
    }

    fn try_on_device(&self, _: &PendingArtifact) -> Result<Option<Tried>, CompileError> {
        match self.ask(&Said::TryOnDevice, b"")? {
            Heard { said: Answer::Tried(tried), .. } => Ok(tried),
            heard => Err(other(&heard.said).into()),
        }
    }

    fn optimise_guest(&self, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
        match self.ask(&Said::OptimiseGuest, wasm)? {
            Heard { said: Answer::Optimised, bytes, .. } => Ok(bytes),
            heard => Err(other(&heard.said).into()),
        }
    }
}

/// What is said of an answer that has not what was asked for. The parent knows better.
fn other(answer: &Answer) -> ChildError {
    line(io::Error::new(io::ErrorKind::InvalidData, format!("it was answered {answer:?}")))
}

fn line(source: io::Error) -> ChildError {
    ChildError::Line { source }
}
