//! The law of the product: a restored worker answers bit for bit as a fresh one, whatever both are asked.
//!
//! What they are asked: the first byte is the number of threads (1 or 2), and then each three bytes are a run: batch,
//! sequence, seed. Sizes that the model does not take are asked for as well: both must refuse them alike.

use std::path::{Path, PathBuf};
use std::process::Command;

use blink_examples::bert::Bert;
use blink_runtime::{FailureClass, Launcher, Start, StartMode, StartOptions, Worker, WorkerError, WorkerSpec};
use blink_tensors::{DataView, Tensor};
use tempfile::TempDir;

use crate::Outcome;
use crate::npy::same;

/// Most runs of one worker.
const RUNS: usize = 6;

/// A small model with two open dims, compiled and warmed.
pub struct Subject {
    launcher: Launcher,
    artifact: PathBuf,
    bert: Bert,
    _home: TempDir,
}

/// What a worker says: outputs by name, or how it fails.
type Said = Result<Vec<(String, Tensor)>, (FailureClass, String)>;

impl Subject {
    /// Compiles the model with `blink`, which is the program under test, and makes its snapshots.
    pub fn new(blink: &Path) -> Subject {
        let home = tempfile::tempdir().expect("a directory");
        let (model, artifact) = (home.path().join("model.onnx"), home.path().join("model.blink"));
        let bert = Bert::tiny();
        blink_examples::write(&bert.model(), &model).expect("room for a model");
        let compiled = Command::new(blink).arg("compile").arg(&model).arg("-o").arg(&artifact).output();
        let compiled = compiled.expect("blink starts");
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let launcher = Launcher::new(blink).with_snapshots(home.path().join("snapshots"));
        let subject = Subject { launcher, artifact, bert, _home: home };
        for threads in [1, 2] {
            subject.launcher.warm(&subject.spec(threads, StartMode::Auto)).unwrap_or_else(|error| panic!("{error}"));
        }
        subject
    }

    /// Asks both.
    pub fn check(&self, input: &[u8]) -> Outcome {
        let Some((&threads, runs)) = input.split_first() else { return Outcome::Refused };
        let threads = 1 + usize::from(threads % 2);
        let (runs, _) = runs.as_chunks::<3>();
        let [mut fresh, mut restored] =
            [StartMode::Normal, StartMode::Snapshot].map(|start| self.launch(threads, start));
        let mut outcome = Outcome::Refused;
        for run in runs.iter().take(RUNS) {
            let [batch, sequence, seed] = *run;
            // Longer than the model's 64 positions, at times.
            let tensors = self.bert.inputs(usize::from(batch % 5), usize::from(sequence % 70), seed.into());
            let [expected, found] = [&mut fresh, &mut restored].map(|worker| said(worker, &tensors));
            agree(&expected, &found, run);
            if expected.is_ok() {
                outcome = Outcome::Taken;
            }
        }
        assert_eq!((restored.start(), fresh.start()), (&Start::Snapshot, &Start::Normal { reason: None }));
        let _ = (fresh.end(), restored.end());
        outcome
    }

    fn spec(&self, threads: usize, start: StartMode) -> WorkerSpec {
        let options = StartOptions { threads: Some(threads), ..StartOptions::default() };
        WorkerSpec { options, start, ..WorkerSpec::new(&self.artifact) }
    }

    fn launch(&self, threads: usize, start: StartMode) -> Worker {
        self.launcher.launch(&self.spec(threads, start)).unwrap_or_else(|error| panic!("{error}"))
    }
}

fn said(worker: &mut Worker, tensors: &[(String, Tensor)]) -> Said {
    let views: Vec<_> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
    match worker.run(&views) {
        Ok(answer) => Ok(answer.iter().map(|(name, view)| (name.to_owned(), view.to_owned())).collect()),
        Err(WorkerError::Failed { class, message }) => Err((class, message)),
        Err(error) => panic!("{error}"),
    }
}

fn agree(expected: &Said, found: &Said, run: &[u8; 3]) {
    match (expected, found) {
        (Ok(expected), Ok(found)) => {
            assert_eq!(expected.len(), found.len(), "{run:?}");
            for ((name, expected), (name_found, found)) in expected.iter().zip(found) {
                assert_eq!(name, name_found, "{run:?}");
                assert!(matches!(expected.view().data(), DataView::Bytes(_)));
                same(expected.view(), found.view());
            }
        }
        (Err(expected), Err(found)) => assert_eq!(expected, found, "{run:?}"),
        _ => panic!("{run:?}: {expected:?} became {found:?}"),
    }
}
