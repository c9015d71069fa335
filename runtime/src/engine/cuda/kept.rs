//! [`UploadedWeights`]: a weights section on a device, or on its way there; and what is known of it while it is kept.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

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

/// Weights that stay on the device.
pub(super) struct Kept {
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
        Kept { weights: Arc::clone(weights), artifact, model, files, last_used: now }
    }

    /// The artifact and the model that they were uploaded from.
    pub(super) fn origin(&self) -> (Arc<Artifact>, u32) {
        (Arc::clone(&self.artifact), self.model)
    }

    /// Whether no model uses them, and no upload.
    pub(super) fn is_asleep(&self) -> bool {
        Arc::strong_count(&self.weights) == 1 && Arc::strong_count(&self.weights.memory) == 1
    }
}
