//! The ways to start: each is launched once, uncounted, and must give the answer that is known.

use std::path::PathBuf;

use blink_runtime::{StartMode, WorkerSpec};

use super::answers::Reference;
use super::{Plan, Setup, SetupError, Starts};
use crate::agreement::{self, Disagreement};
use crate::ask::Ask;
use crate::peer::Peer;
use crate::way::{Launch, Way};
use crate::worker::WorkerLaunch;

impl Setup {
    /// Adds the starts of workers that `plan` asks for, and what they read to `files`.
    pub(super) fn add_workers(
        &mut self,
        plan: &Plan,
        reference: &Reference,
        files: &mut Vec<PathBuf>,
        tell: &mut impl FnMut(&str),
    ) -> Result<(), SetupError> {
        let any = [StartMode::Snapshot, StartMode::Normal];
        let starts = match &plan.starts {
            Starts::Any => &any[..],
            Starts::These(starts) => starts,
        };
        for &start in starts {
            let name = name(start);
            if start == StartMode::Snapshot {
                tell("making a snapshot");
                match self.launcher.warm(&self.spec) {
                    Ok(made) => files.push(made.path),
                    Err(error) if plan.starts == Starts::Any => {
                        self.left_out.push(format!("{name}: no worker can be restored from a snapshot: {error}"));
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            let launch = WorkerLaunch {
                launcher: self.launcher.clone(),
                spec: WorkerSpec { start, ..self.spec.clone() },
                ask: self.ask.clone(),
                expected: Some(reference.expected.clone()),
                device: None,
            };
            let way = Way { name: name.to_owned(), launch: Launch::Worker(Box::new(launch)) };
            way.launch().map_err(|source| SetupError::Launch { way: name.to_owned(), source })?;
            self.answers.checked += 1;
            self.push(way, Some(0.0))?;
        }
        Ok(())
    }

    /// Adds the peers of `plan`.
    pub(super) fn add_peers(
        &mut self,
        plan: &Plan,
        reference: &Reference,
        tell: &mut impl FnMut(&str),
    ) -> Result<(), SetupError> {
        for peer in &plan.peers {
            tell(&format!("launching {}", peer.name));
            let (way, difference) = self.answered(peer, reference)?;
            if difference.is_none() {
                let name = &way.name;
                let why = match self.ask {
                    Ask::Tensors { .. } => format!("its output is not {}", reference.what),
                    Ask::Guest(_) => format!("its output has not the bytes of the {}", reference.what),
                };
                self.left_out.push(format!(
                    "whether {name} gives the right answer: {why}, so that it is only held to its own first output"
                ));
            }
            self.answers.checked += 1;
            self.push(way, difference)?;
        }
        Ok(())
    }

    /// A peer that has answered once, and what its answer differs by from a worker's.
    fn answered(&self, peer: &Peer, reference: &Reference) -> Result<(Way, Option<f64>), SetupError> {
        let launch = Launch::Process(peer.launch(&self.given));
        let mut way = Way { name: peer.name.clone(), launch };
        let first = way.launch().map_err(|source| SetupError::Launch { way: peer.name.clone(), source })?;
        way.expect(first.expected());
        let difference = match agreement::compare(&reference.output, &first.output) {
            _ if reference.output == first.output => Some(0.0),
            Ok(difference) => Some(difference),
            Err(Disagreement::Npy(_)) => None,
            Err(source) => return Err(SetupError::Answer { way: peer.name.clone(), source }),
        };
        Ok((way, difference))
    }

    pub(super) fn push(&mut self, way: Way, difference: Option<f64>) -> Result<(), SetupError> {
        if self.ways.iter().any(|other| other.name == way.name) {
            return Err(SetupError::Twice { name: way.name });
        }
        self.ways.push(way);
        self.differences.push(difference);
        Ok(())
    }
}

/// What the way is called.
fn name(start: StartMode) -> &'static str {
    match start {
        StartMode::Snapshot => "snapshot",
        StartMode::Normal => "normal",
        StartMode::Auto => "auto",
    }
}
