//! [`Checking`]: every byte of a worker's artifact, hashed on a thread of the launcher's, through reads of the descriptor
//! that the worker was given. At the default level there is none.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use blink_artifact::{Artifact, OpenError};

use super::WorkerSpec;
use crate::level::Level;

/// A check, and how far it is.
#[derive(Debug)]
pub(super) struct Checking {
    level: Level,
    path: PathBuf,
    file: Arc<File>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Not begun.
    Waiting,
    Begun(JoinHandle<Result<(), OpenError>>),
    /// What it has found was told.
    Over,
}

impl Checking {
    /// The check that `spec` asks for, of the file that it holds: begun, where it is to be over before the first answer.
    pub(super) fn of(spec: &WorkerSpec, file: Arc<File>) -> Checking {
        let mut checking = Checking { level: spec.level, path: spec.artifact.clone(), file, state: State::Waiting };
        if spec.level == Level::Full {
            checking.begin();
        }
        checking
    }

    /// Whether answers wait for it.
    pub(super) fn is_before_answers(&self) -> bool {
        self.level == Level::Full
    }

    /// Whether what it has found can be told without waiting.
    pub(super) fn is_done(&self) -> bool {
        matches!(&self.state, State::Begun(thread) if thread.is_finished())
    }

    /// Begins it, unless it has begun.
    pub(super) fn begin(&mut self) {
        if !matches!(self.state, State::Waiting) || self.level == Level::Code {
            return;
        }
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        let thread = thread::Builder::new().name("blink-check".into()).spawn(move || every_byte(file, path));
        // Without a thread it is made where its outcome is asked for.
        if let Ok(thread) = thread {
            self.state = State::Begun(thread);
        }
    }

    /// Waits for what it finds; an error is told once.
    pub(super) fn outcome(&mut self) -> Result<(), OpenError> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting if self.level == Level::Code => Ok(()),
            State::Waiting => every_byte(Arc::clone(&self.file), self.path.clone()),
            // A panic there is this thread's too.
            State::Begun(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            State::Over => Ok(()),
        }
    }
}

fn every_byte(file: Arc<File>, path: PathBuf) -> Result<(), OpenError> {
    Artifact::read_from(file, path).and_then(|artifact| artifact.verify(|_| ()))
}
