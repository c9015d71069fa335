//! [`Budget`]: how much of a device's memory its worker may hold, and the weights that it keeps of models that sleep.
//!
//! Weights are kept after their model has gone, and its session over them, so that it starts again without an upload and
//! without a session to be made. They are the first to give way: whoever needs memory evicts those that were used least
//! recently. What a running model holds is never taken from it.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use blink_artifact::Artifact;

use super::CudaError;
use super::gpu::{DeviceMemory, Gpu};
use super::kept::{Kept, SessionKey, UploadedWeights};
use super::upload::Uploader;

/// Most sessions that sleep. Each has handles of NVIDIA's libraries, whose memory no budget counts.
const MOST_ASLEEP: usize = 16;

/// The memory of one device that one worker may hold.
pub struct Budget {
    gpu: &'static Gpu,
    uploader: Uploader,
    most: u64,
    state: Mutex<State>,
    /// Held while it is decided who uploads weights: of two starts at once, the second waits for the first one's.
    deciding: Mutex<()>,
}

#[derive(Default)]
struct State {
    held: u64,
    weights: HashMap<[u8; 32], Kept>,
    /// Counts uses, so that the least recent one is known.
    clock: u64,
    evicted: u64,
}

/// What a budget holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BudgetStats {
    /// Most bytes that it may hold.
    pub most: u64,
    /// Bytes that it holds: weights and arenas.
    pub held: u64,
    /// Of these, weights of models that sleep.
    pub asleep: u64,
    /// Sections of weights that had to give way so far.
    pub evicted: u64,
}

/// Memory that counts against a budget. Dropped, it is free again.
pub struct Allocation {
    /// Before `_reserved`: it is free before others count on it.
    memory: DeviceMemory,
    _reserved: Reserved,
}

/// Bytes that count against a budget.
struct Reserved {
    bytes: u64,
    budget: &'static Budget,
}

impl Allocation {
    /// Where it begins, on the device.
    pub(super) fn address(&self) -> u64 {
        self.memory.address
    }

    /// Its length in bytes.
    pub fn bytes(&self) -> u64 {
        self.memory.bytes()
    }

    /// The memory itself.
    pub(super) fn memory(&self) -> &DeviceMemory {
        &self.memory
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.budget.lock().held -= self.bytes;
    }
}

impl Budget {
    /// A budget of `most` bytes; `None`: nine tenths of what is free now, so that others on the device find some, too.
    pub fn new(gpu: &'static Gpu, most: Option<u64>) -> Result<Budget, CudaError> {
        let free = gpu.memory()?.free;
        let most = most.unwrap_or(free / 10 * 9);
        Ok(Budget { gpu, uploader: Uploader::new(gpu)?, most, state: Mutex::default(), deciding: Mutex::default() })
    }

    /// Memory of `bytes` bytes, at least 1. Weights of models that sleep give way to it, if that is of any use.
    pub fn allocate(&'static self, bytes: u64) -> Result<Allocation, CudaError> {
        loop {
            let refused = match self.reserve(bytes)? {
                Some(reserved) => match self.gpu.allocate(bytes) {
                    Ok(memory) => return Ok(Allocation { memory, _reserved: reserved }),
                    Err(error @ CudaError::Memory { .. }) => error,
                    Err(other) => return Err(other),
                },
                None => self.refused(bytes),
            };
            // Dropped outside of the lock, which their end takes.
            let gave_way = self.lock().evict();
            if gave_way.is_none() {
                return Err(refused);
            }
        }
    }

    /// The weights of a model, which may still be uploaded: wait for them before a run. And whether they are of another
    /// start, before this one or at the same time. `None` where the model has no such section.
    pub fn weights(
        &'static self,
        artifact: &Arc<Artifact>,
        model: u32,
    ) -> Result<Option<(Arc<UploadedWeights>, bool)>, CudaError> {
        let Some(hash) = artifact.weights_hash(model) else { return Ok(None) };
        if let Some(found) = self.find(hash, artifact, model) {
            return Ok(Some((found, true)));
        }
        let deciding = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = self.find(hash, artifact, model) {
            return Ok(Some((found, true)));
        }
        let memory = self.allocate(artifact.weights(model).len() as u64)?;
        let weights = Arc::new(UploadedWeights::new(memory));
        let mut state = self.lock();
        state.clock += 1;
        let kept = Kept::new(&weights, Arc::clone(artifact), model, state.clock);
        // Where others are there that are not the same, these go with their model.
        state.weights.entry(*hash).or_insert(kept);
        drop(state);
        drop(deciding);
        weights.begin(&self.uploader, artifact, model);
        Ok(Some((weights, false)))
    }

    /// Weights that are there, where they are those of this file.
    fn find(&self, hash: &[u8; 32], from: &Artifact, model: u32) -> Option<Arc<UploadedWeights>> {
        let (found, first, is_known) = {
            let mut state = self.lock();
            let kept = state.touch(hash)?;
            if kept.weights.has_failed() {
                let failed = state.weights.remove(hash);
                // Dropped outside of the lock, which their end takes.
                drop(state);
                drop(failed);
                return None;
            }
            (Arc::clone(&kept.weights), kept.origin(), kept.files.contains(&from.file_id()))
        };
        // A table only says what a section's hash is. Before weights of one file serve another, both are hashed.
        if !is_known {
            let is_true = |artifact: &Artifact, model: u32| blake3::hash(artifact.weights(model)).as_bytes() == hash;
            let (is_first_true, is_true) = (is_true(&first.0, first.1), is_true(from, model));
            // Others may have taken the place meanwhile. What gives way is dropped outside of the lock.
            let mut state = self.lock();
            let same = state.weights.get_mut(hash).filter(|kept| Arc::ptr_eq(&kept.weights, &found));
            match same {
                Some(kept) if is_first_true && is_true => _ = kept.files.insert(from.file_id()),
                // A file that lies about its weights does not keep the place from the one that they are of.
                Some(_) if !is_first_true => {
                    let liar = state.weights.remove(hash);
                    drop(state);
                    drop(liar);
                }
                _ => {}
            }
            if !is_first_true || !is_true {
                return None;
            }
        }
        Some(found)
    }

    /// Keeps the session of a model that ends, over its weights; drops it where those are not kept. Of too many, the one
    /// whose weights were used least recently goes.
    pub fn put_to_sleep(&self, hash: &[u8; 32], key: SessionKey, session: Box<dyn Any + Send>) {
        let mut state = self.lock();
        let Some(kept) = state.weights.get_mut(hash) else {
            // What a session has is given back to this budget: never under its lock.
            drop(state);
            return drop(session);
        };
        let replaced = kept.put_to_sleep(key, session);
        let total: usize = state.weights.values().map(Kept::sessions).sum();
        let oldest = state.weights.values_mut().filter(|kept| kept.sessions() > 0).min_by_key(|kept| kept.last_used);
        let oldest = oldest.filter(|_| total > MOST_ASLEEP).and_then(Kept::wake_any);
        drop(state);
        drop((replaced, oldest));
    }

    /// Gives the session that sleeps over these weights, where there is such a one.
    pub fn wake(&self, hash: &[u8; 32], key: &SessionKey) -> Option<Box<dyn Any + Send>> {
        self.lock().touch(hash)?.wake(key)
    }

    /// Lets go of weights: nobody finds them here any more. Their memory is free once no model uses them.
    pub fn discard(&self, hash: &[u8; 32]) {
        // Dropped outside of the lock, which their end takes.
        let discarded = self.lock().weights.remove(hash);
        drop(discarded);
    }

    /// What it holds now.
    pub fn stats(&self) -> BudgetStats {
        let state = self.lock();
        BudgetStats { most: self.most, held: state.held, asleep: state.asleep(), evicted: state.evicted }
    }

    /// The device.
    pub fn gpu(&self) -> &'static Gpu {
        self.gpu
    }

    /// Counts `bytes` in; `None` where weights have to give way before. An error where that would not do.
    fn reserve(&'static self, bytes: u64) -> Result<Option<Reserved>, CudaError> {
        let mut state = self.lock();
        match state.held.checked_add(bytes) {
            Some(held) if held <= self.most => {
                state.held = held;
                Ok(Some(Reserved { bytes, budget: self }))
            }
            Some(held) if held - state.asleep() <= self.most => Ok(None),
            _ => {
                drop(state);
                Err(self.refused(bytes))
            }
        }
    }

    fn refused(&self, bytes: u64) -> CudaError {
        CudaError::Budget { bytes, held: self.lock().held, most: self.most }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is kept of these weights, used now.
    fn touch(&mut self, hash: &[u8; 32]) -> Option<&mut Kept> {
        self.clock += 1;
        let kept = self.weights.get_mut(hash)?;
        kept.last_used = self.clock;
        Some(kept)
    }

    /// Bytes of weights that no model uses.
    fn asleep(&self) -> u64 {
        self.weights.values().filter(|kept| kept.is_asleep()).map(|kept| kept.weights.bytes()).sum()
    }

    /// Takes the weights out that no model uses and that were used least recently.
    fn evict(&mut self) -> Option<Kept> {
        let asleep = self.weights.iter().filter(|(_, kept)| kept.is_asleep());
        let hash = *asleep.min_by_key(|(_, kept)| kept.last_used)?.0;
        self.evicted += 1;
        self.weights.remove(&hash)
    }
}
