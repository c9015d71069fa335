//! [`UploadedWeights`]: a weights section on a device, or on its way there; and what is known of it while it is kept.

use std::any::Any;
use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use blink_artifact::manifest::DeviceRuns;
use blink_artifact::{Artifact, FileId};

use super::CudaError;
use super::budget::Allocation;
use super::upload::Uploader;

/// A weights section in device memory.
pub struct UploadedWeights {
    /// The upload has it too, until it has ended.
    memory: Arc<Allocation>,
    upload: Arc<Upload>,
}

/// How an upload ended.
#[derive(Default)]
struct Upload {
    /// `None` while it is under way.
    ended: Mutex<Option<Result<(), CudaError>>>,
    has_ended: Condvar,
}

impl Upload {
    fn end(&self, how: Result<(), CudaError>) {
        *self.lock() = Some(how);
        self.has_ended.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Result<(), CudaError>>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UploadedWeights {
    /// Memory that the weights are to come to.
    pub(super) fn new(memory: Allocation) -> UploadedWeights {
        UploadedWeights { memory: Arc::new(memory), upload: Arc::default() }
    }

    /// Uploads them on a thread of its own, beside whatever the caller does next; here where there is no thread to be had.
    pub(super) fn begin(&self, uploader: &'static Uploader, artifact: &Arc<Artifact>, model: u32) {
        let work = {
            let (memory, upload, artifact) = (Arc::clone(&self.memory), Arc::clone(&self.upload), Arc::clone(artifact));
            move || {
                let how = uploader.upload(artifact.weights(model), memory.memory());
                // Before anybody hears of the end: whoever then lets go of the weights has them give way at once.
                drop(memory);
                upload.end(how);
            }
        };
        if thread::Builder::new().name("blink-upload".into()).spawn(work).is_err() {
            self.upload.end(uploader.upload(artifact.weights(model), self.memory.memory()));
        }
    }

    /// Waits until they are there.
    pub fn wait(&self) -> Result<(), CudaError> {
        let mut ended = self.upload.lock();
        loop {
            match &*ended {
                Some(how) => return how.clone(),
                None => ended = self.upload.has_ended.wait(ended).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Whether they are there already.
    pub fn is_there(&self) -> bool {
        matches!(*self.upload.lock(), Some(Ok(())))
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(*self.upload.lock(), Some(Err(_)))
    }

    /// The memory.
    pub(super) fn memory(&self) -> &Allocation {
        &self.memory
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> u64 {
        self.memory.bytes()
    }
}

/// Which session it is: one of another artifact, or made otherwise, is not used in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey {
    /// The artifact's file.
    pub file: FileId,
    /// The model's place in it.
    pub model: u32,
    /// Threads of its runs on the CPU.
    pub threads: usize,
    /// Whether what is left to the CPU was packed.
    pub prepack: bool,
    /// How its runs are made.
    pub runs: DeviceRuns,
}

/// Weights that stay on the device, with sessions that sleep over them.
pub(super) struct Kept {
    /// Before `weights`, which they use.
    sessions: Vec<(SessionKey, Box<dyn Any + Send>)>,
    pub(super) weights: Arc<UploadedWeights>,
    /// Where they were uploaded from.
    artifact: Arc<Artifact>,
    model: u32,
    /// Files that are known to hold them.
    pub(super) files: HashSet<FileId>,
    pub(super) last_used: u64,
}

impl Kept {
    pub(super) fn new(weights: &Arc<UploadedWeights>, artifact: Arc<Artifact>, model: u32, now: u64) -> Kept {
        let files = HashSet::from([artifact.file_id()]);
        Kept { sessions: Vec::new(), weights: Arc::clone(weights), artifact, model, files, last_used: now }
    }

    /// The artifact and the model that they were uploaded from.
    pub(super) fn origin(&self) -> (Arc<Artifact>, u32) {
        (Arc::clone(&self.artifact), self.model)
    }

    /// Keeps a session; gives back one that it takes the place of.
    pub(super) fn put_to_sleep(
        &mut self,
        key: SessionKey,
        session: Box<dyn Any + Send>,
    ) -> Option<Box<dyn Any + Send>> {
        let before = self.wake(&key);
        self.sessions.push((key, session));
        before
    }

    /// Gives a session that sleeps.
    pub(super) fn wake(&mut self, key: &SessionKey) -> Option<Box<dyn Any + Send>> {
        let at = self.sessions.iter().position(|(known, _)| known == key)?;
        Some(self.sessions.swap_remove(at).1)
    }

    /// Gives any session that sleeps.
    pub(super) fn wake_any(&mut self) -> Option<Box<dyn Any + Send>> {
        self.sessions.pop().map(|(_, session)| session)
    }

    /// Sessions that sleep.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Whether no model that is awake uses them, and no upload. Each session that sleeps has them once.
    pub(super) fn is_asleep(&self) -> bool {
        Arc::strong_count(&self.weights) == 1 + self.sessions.len() && Arc::strong_count(&self.weights.memory) == 1
    }
}
