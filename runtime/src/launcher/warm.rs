//! Making a snapshot: a worker is started and parked, written down, and proved before it gets its name.
//!
//! Proved means: workers restored from it answer bit for bit as a worker does that was started normally, on the first
//! run and on later ones, with several inputs. What fails that is not kept.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::process::{Command, Stdio as Pipe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use blink_artifact::Artifact;
use blink_snapshots::image::{OwnedHead, Parked, Process, TakeError, Taken, take};
use blink_snapshots::store::{Found, Key, StoreError};
use blink_tensors::TensorError;

use super::proof::{Proof, Question};
use super::{LaunchError, Launcher, Reason, StartMode, WorkerError, WorkerSpec};
use crate::channel::{Arguments, Mode, nameless};
use crate::golden;
use crate::instance::DeviceOptions;
use crate::library::{self, LibraryError};
use crate::model::{Model, ModelError};
use crate::sandbox::Sandbox;
use crate::timeline::now;

/// Inputs that each model is asked with.
const SEEDS: u64 = 3;
/// Workers that are restored to prove a snapshot.
const RESTORES: usize = 2;
/// The most that is told of what a worker said that could not be parked, in bytes.
const MAX_WORDS: u64 = 4000;

/// Why there is no new snapshot. What was there before is still there.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum WarmError {
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Restore(#[from] Reason),
    #[error(transparent)]
    Take(#[from] TakeError),
    #[error("worker to prove the snapshot with: {0}")]
    Worker(#[from] WorkerError),
    #[error("worker could not be parked: {words}")]
    Parking { words: String },
    #[error("worker to be written down could not be started: {source}")]
    Spawn { source: io::Error },
    #[error("inputs to prove the snapshot with cannot be made: {0}")]
    Inputs(#[from] TensorError),
    #[error(
        "model '{model}' has no golden run, so a snapshot of it could not be proved; compile it again, with \
         `--golden-dim` for its open dims"
    )]
    NothingToProve { model: String },
    #[error("model '{model}' draws random numbers: all workers restored from one snapshot would draw the same")]
    Random { model: String },
    #[error(
        "worker restored from the new snapshot gave another answer than a normal one (run {run}, output '{output}'); \
         the snapshot was not kept, and workers start normally"
    )]
    Differs { run: usize, output: String },
    #[error(
        "{path:?} cannot be part of a snapshot: the kernel tells of mapped files in lines of text, so a path must be \
         UTF-8 and hold no newline; give it another name"
    )]
    Name { path: PathBuf },
    #[error("{path} names another file than the one that is held open: make a snapshot of that one", path = path.display())]
    Replaced { path: PathBuf },
    #[error("snapshot cannot be written: {source}")]
    Write { source: io::Error },
}

/// A snapshot that was made and proved.
#[derive(Clone, Debug)]
pub struct Warmed {
    /// Where it is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// Of these, memory of the worker.
    pub saved: u64,
    /// Mappings that a restore makes.
    pub segments: usize,
    /// Runs of restored workers that gave the bits of a normal one.
    pub proved_runs: usize,
    /// How long it took to make and to prove.
    pub elapsed: Duration,
}

impl Launcher {
    /// Makes a snapshot of the worker that `spec` describes, for this host, in place of one that may be there.
    ///
    /// Environment, directory, stdio and limits of `spec` are not part of it. Workers may start from the old one meanwhile.
    pub fn warm(&self, spec: &WorkerSpec) -> Result<Warmed, WarmError> {
        let begin = Instant::now();
        let questions = questions(spec)?;
        let strict = WorkerSpec { start: StartMode::Snapshot, ..spec.clone() };
        let key = self.key(spec)?;
        for path in [&key.artifact, &key.program, &key.library] {
            if path.to_str().is_none_or(|path| path.contains('\n')) {
                return Err(WarmError::Name { path: path.clone() });
            }
        }
        let store = self.restorer.store().ok_or(LibraryError::NoCacheDirectory)?;
        let pending = store.begin(&key)?;
        let artifact = admitted(spec).unwrap_or_else(|| key.artifact.clone());
        let taken = self.write_down(&key, artifact, Mode::Park, spec.sandbox, pending.file())?;
        if !spec.names_its_file() {
            return Err(WarmError::Replaced { path: spec.artifact.clone() });
        }

        // Those who ask how workers were started do not mean these.
        let apart = Launcher { counts: Arc::default(), ..self.clone() };
        let mut proof = Proof::begin(&apart, spec, questions)?;
        for restore in 0..RESTORES {
            let file = pending.file().try_clone().map_err(|source| WarmError::Write { source })?;
            let found = Found { file, path: pending.path() };
            let mut worker = apart.restore(found, &strict, key.threads, now())?;
            proof.compare(&mut worker)?;
            // After the first, so that what is published is what the later ones were restored from.
            if restore == 0
                && let Ok(head) = OwnedHead::read(pending.file()).map_err(|source| WarmError::Write { source })?
            {
                head.record_touched(Process::new(worker.pid()), pending.file())?;
            }
        }
        let path = pending.destination().to_owned();
        pending.publish()?;
        Ok(Warmed {
            path,
            bytes: taken.len,
            saved: taken.saved,
            segments: taken.segments,
            proved_runs: proof.runs(),
            elapsed: begin.elapsed(),
        })
    }

    /// Whether workers can be written down and restored on this machine: it does so with one that has no model.
    pub fn probe(&self) -> Result<(), WarmError> {
        let key = Key {
            artifact: "/".into(),
            program: self.program.to_path_buf(),
            library: PathBuf::new(),
            threads: 1,
            prepack: None,
            pin: false,
            own_code: None,
            model: String::new(),
        };
        let file = File::from(nameless().map_err(|source| WarmError::Write { source })?);
        self.write_down(&key, key.artifact.clone(), Mode::Probe, Sandbox::default(), &file)?;
        let spec = WorkerSpec { start: StartMode::Snapshot, ..WorkerSpec::new("/") };
        let mut worker = self.restore(Found { file, path: key.artifact }, &spec, key.threads, now())?;
        worker.facts()?;
        Ok(())
    }

    /// Starts the worker of `key` on the artifact at a path, waits until it is parked, and writes it to `file`.
    fn write_down(
        &self,
        key: &Key,
        artifact: PathBuf,
        mode: Mode,
        sandbox: Sandbox,
        file: &File,
    ) -> Result<Taken, WarmError> {
        let spawn = |source| WarmError::Spawn { source };
        let arguments = Arguments {
            device: None,
            on_device: DeviceOptions::default(),
            artifact,
            held: false,
            library: Some(key.library.clone()).filter(|path| path.is_absolute()),
            code: library::guests_dir().ok(),
            signed: key.own_code,
            model: Some(key.model.clone()).filter(|model| !model.is_empty()),
            threads: key.threads,
            prepack: key.prepack,
            pin: key.pin,
            sandbox,
            mode,
        };
        // A file takes any amount without being read, so the worker never waits for its parent.
        let mut words = File::from(nameless().map_err(spawn)?);
        let mut child = Command::new(&*key.program)
            .args(arguments.to_words())
            // Whatever is in the environment would be in the snapshot.
            .env_clear()
            .current_dir("/")
            .stdin(Pipe::piped())
            .stdout(Pipe::piped())
            .stderr(words.try_clone().map_err(spawn)?)
            .spawn()
            .map_err(spawn)?;
        let process = Process::new(child.id());
        let pipes = child.stdin.take().zip(child.stdout.take());
        let taken = match pipes {
            None => Err(spawn(io::ErrorKind::BrokenPipe.into())),
            Some((requests, memory)) => match Parked::wait(process, requests, memory) {
                Ok(mut parked) => take(&mut parked, file, &key.label()).map_err(WarmError::from),
                Err(error) => Err(WarmError::Parking { words: error.to_string() }),
            },
        };
        // Its pipes are closed, so it ends; if it does not, it is of no use any more.
        let _ = child.kill();
        let status = child.wait().map_err(spawn)?;
        match taken {
            Err(WarmError::Parking { words: error }) => {
                let said = said(&mut words);
                Err(WarmError::Parking { words: if said.is_empty() { format!("{error}; {status}") } else { said } })
            }
            taken => taken,
        }
    }
}

/// A path by which another process opens the file that alone may be used, whatever has its name by then. Any other that
/// is held is opened by its name, and found to have had it all the time.
fn admitted(spec: &WorkerSpec) -> Option<PathBuf> {
    let file = spec.admitted()?;
    Some(PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd())))
}

/// What restored workers are asked: of each model its golden run, and the same with other seeds.
fn questions(spec: &WorkerSpec) -> Result<Vec<Question>, WarmError> {
    let mut questions = Vec::new();
    for model in models(spec)? {
        let name = || model.record().name.clone();
        let golden = model.record().golden.as_ref().ok_or_else(|| WarmError::NothingToProve { model: name() })?;
        if !golden.reproducible {
            return Err(WarmError::Random { model: name() });
        }
        for later in 0..SEEDS {
            let inputs = golden::inputs_from(model.record(), golden, golden.seed.wrapping_add(later))?;
            questions.push(Question { model: model.index(), inputs, is_known: later == 0 });
        }
    }
    Ok(questions)
}

/// The models of its workers: of the file that is held, else of the one that `artifact` names.
fn models(spec: &WorkerSpec) -> Result<Vec<Model>, ModelError> {
    let Some(file) = &spec.file else { return Model::of_worker(&spec.artifact, spec.model.as_deref()) };
    let open = |source| ModelError::Open { path: spec.artifact.clone(), source };
    let artifact = Artifact::read_from(Arc::clone(file), &spec.artifact).map_err(open)?;
    Model::of_worker_in(&Arc::new(artifact), spec.model.as_deref())
}

/// The beginning of what was said, on one line.
fn said(words: &mut File) -> String {
    let mut bytes = Vec::new();
    let read = words.seek(SeekFrom::Start(0)).and_then(|_| words.take(MAX_WORDS).read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    String::from_utf8_lossy(&bytes).split_whitespace().collect::<Vec<_>>().join(" ")
}
