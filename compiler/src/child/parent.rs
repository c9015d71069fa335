//! [`compile_apart`]: has a child compile, answers what it asks for, and gives what it made its name.
//!
//! The child is a stranger from its first word on. It is answered what the request asks for, and nothing else; what it
//! has written is looked at once it is gone, but for a trial on a device, which workers of their own look at.

use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use blink_artifact::{PendingArtifact, PendingFile};

use super::error::plain;
use super::line::{Answer, Said};
use super::order::Order;
use super::process::Process;
use super::{ChildError, Confines, Told};
use crate::device_trial;
use crate::error::CompileError;
use crate::guest;
use crate::request::{Request, Stage};
use crate::summary::Summary;

/// As [`crate::compile`], in a child process behind walls, with limits on its memory and its time: for models and guests
/// of people whose programs one would not run.
///
/// The same request gives the same bytes. Whatever the child does, crashes included, is an error here. A guest's native
/// code goes into the artifact: a child is given no cache.
pub fn compile_apart(
    request: &Request,
    confines: &Confines,
    mut progress: impl FnMut(Stage, &Path),
) -> Result<Summary, CompileError> {
    if request.guest.as_ref().is_some_and(|guest| guest.cache.is_some()) {
        return Err(ChildError::Cache.into());
    }
    let made = Parent { request, confines, output: None, trouble: None, missing: Vec::new() }.have_made(&mut progress);
    // Where files need names, the child could not take them away again.
    PendingFile::remove_abandoned(&request.output);
    made
}

/// A compilation as its parent sees it.
struct Parent<'a> {
    request: &'a Request,
    confines: &'a Confines,
    /// The file that was lent last.
    output: Option<PendingFile>,
    /// Why something could not be answered.
    trouble: Option<CompileError>,
    /// Walls that do not stand.
    missing: Vec<String>,
}

impl Parent<'_> {
    fn have_made(mut self, progress: &mut dyn FnMut(Stage, &Path)) -> Result<Summary, CompileError> {
        let child = Process::spawn(self.confines).map_err(|source| ChildError::Spawn { source })?;
        match child.line.say(&Order::of(self.request, self.confines), b"", None) {
            // It went before it could listen: that is heard next.
            Err(source) if source.kind() != io::ErrorKind::BrokenPipe => return Err(ChildError::Line { source }.into()),
            _ => {}
        }
        let summary = loop {
            let heard = match child.line.hear::<Said>() {
                Ok(Some(heard)) => heard,
                Ok(None) => return Err(child.why(self.confines).into()),
                Err(_) if child.is_late() => return Err(child.why(self.confines).into()),
                Err(source) => return Err(ChildError::Line { source }.into()),
            };
            let said = match heard.said {
                Said::Walled { missing } => {
                    self.missing = missing.iter().map(|wall| plain(wall)).collect();
                    continue;
                }
                Said::Stage(stage, file) => {
                    progress(stage, self.named(Path::new(&file)));
                    continue;
                }
                Said::Output => self.lend(&child),
                Said::TryOnDevice => self.try_on_device(&child),
                Said::OptimiseGuest => self.optimise(&child, &heard.bytes),
                Said::Done(summary) => break *summary,
                Said::Failed(told) => {
                    child.end();
                    return Err(self.failed(told));
                }
            };
            if let Err(error) = said {
                self.trouble = Some(error);
                // Where it is gone, that is heard next.
                let _ = child.line.say(&Answer::No, b"", None);
            }
        };
        // From here on nobody can write to the file.
        child.end();
        self.publish(summary)
    }

    /// The file of the request that the child means; the artifact where it means none of them.
    fn named(&self, file: &Path) -> &Path {
        let guest = self.request.guest.iter().map(|guest| &guest.path);
        let files = self.request.models.iter().map(|model| &model.path).chain(guest);
        files.map(PathBuf::as_path).find(|known| *known == file).unwrap_or(&self.request.output)
    }

    fn lend(&mut self, child: &Process) -> Result<(), CompileError> {
        let file = PendingArtifact::place(&self.request.output)?;
        let said = child.line.say(&Answer::Output, b"", Some(file.file().as_fd()));
        self.output = Some(file);
        Ok(said.map_err(|source| ChildError::Line { source })?)
    }

    fn try_on_device(&mut self, child: &Process) -> Result<(), CompileError> {
        let tried = match (&self.request.trial, self.output.take()) {
            (Some(place), Some(file)) => Some(device_trial::run(&PendingArtifact::of(file)?, place)?),
            _ => None,
        };
        let said = child.line.say(&Answer::Tried(tried), b"", None);
        Ok(said.map_err(|source| ChildError::Line { source })?)
    }

    fn optimise(&self, child: &Process, wasm: &[u8]) -> Result<(), CompileError> {
        if !self.request.guest.as_ref().is_some_and(|guest| guest.optimise) {
            let source = io::Error::new(io::ErrorKind::InvalidData, "it asks for a program that is not asked for");
            return Err(ChildError::Line { source }.into());
        }
        let optimised = guest::optimise(wasm)?;
        let said = child.line.say(&Answer::Optimised, &optimised, None);
        Ok(said.map_err(|source| ChildError::Line { source })?)
    }

    /// What it told of its failure, unless that is better known here.
    fn failed(&mut self, told: Told) -> CompileError {
        if let Some(trouble) = self.trouble.take() {
            return trouble;
        }
        let told = told.plain();
        match self.confines.memory_limit() {
            Some(bytes) if told.is_of_memory() => ChildError::Memory { bytes, what: told.to_string() }.into(),
            _ => told.into(),
        }
    }

    /// Gives the artifact its name, and says of it what is so.
    fn publish(self, told: Summary) -> Result<Summary, CompileError> {
        let nothing = || io::Error::new(io::ErrorKind::InvalidData, "it says that it is done, and has written nothing");
        let file = self.output.ok_or_else(|| ChildError::Line { source: nothing() })?;
        let pending = PendingArtifact::of(file)?;
        let artifact = pending.artifact();
        let header = artifact.header();
        let summary = Summary {
            output: self.request.output.clone(),
            target: header.host_class,
            device: header.provider,
            bytes: header.file_len,
            notes: told.notes.iter().map(|note| plain(note)).collect(),
            missing_walls: self.missing,
            ..told
        };
        drop(artifact);
        pending.publish()?;
        Ok(summary)
    }
}
