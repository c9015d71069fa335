//! [`UploadedWeights`]: a weights section on a device, or on its way there; and what is known of it while it is kept.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use blink_artifact::{Artifact, FileId};

use super::CudaError;
use super::budget::Allocation;
use super::upload::Uploader;

/// A weights section in device memory.
pub struct UploadedWeights {
    memory: Allocation,
    /// `None` while the upload is under way.
    ended: Mutex<Option<Result<(), CudaError>>>,
    has_ended: Condvar,
}

impl UploadedWeights {
    /// Memory that the weights are to come to.
    pub(super) fn new(memory: Allocation) -> UploadedWeights {
        UploadedWeights { memory, ended: Mutex::new(None), has_ended: Condvar::new() }
    }

    /// Uploads them on a thread of its own, beside whatever the caller does next; here where there is no thread to be had.
    pub(super) fn begin(self: &Arc<Self>, uploader: &'static Uploader, artifact: &Arc<Artifact>, model: u32) {
        let work = {
            let (weights, artifact) = (Arc::clone(self), Arc::clone(artifact));
            move || weights.end(uploader.upload(artifact.weights(model), weights.memory.memory()))
        };
        if thread::Builder::new().name("blink-upload".into()).spawn(work).is_err() {
            self.end(uploader.upload(artifact.weights(model), self.memory.memory()));
        }
    }

    fn end(&self, how: Result<(), CudaError>) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
        self.has_ended.notify_all();
    }

    /// Waits until they are there.
    pub fn wait(&self) -> Result<(), CudaError> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &*ended {
                Some(how) => return how.clone(),
                None => ended = self.has_ended.wait(ended).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Whether they are there already.
    pub fn is_there(&self) -> bool {
        matches!(*self.ended.lock().unwrap_or_else(PoisonError::into_inner), Some(Ok(())))
    }

    pub(super) fn has_failed(&self) -> bool {
        matches!(*self.ended.lock().unwrap_or_else(PoisonError::into_inner), Some(Err(_)))
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

    /// Whether no model uses them.
    pub(super) fn is_asleep(&self) -> bool {
        Arc::strong_count(&self.weights) == 1
    }
}
