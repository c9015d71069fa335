//! [`DeviceArena`]: one model's memory for activations on a device.
//!
//! A block that is given back may be used again while the device still works on it: that is sound because all of a model's
//! work is on one stream, in order. So models never share an arena. It begins with one region of the size that the model
//! was seen to need and grows by what is asked for beyond that.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use blink_snapshots::FreeList;

use super::CudaError;
use super::budget::{Allocation, Budget};

/// Every block begins at a multiple of so many bytes, as what the driver allocates does.
const ALIGNMENT: usize = 256;
/// Least bytes of a region: a call of the driver's for every small tensor would take longer than a run.
const LEAST_REGION: usize = 1 << 20;

/// Device memory of one model.
pub struct DeviceArena {
    budget: &'static Budget,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// None where one was given back.
    regions: Vec<Option<(Allocation, FreeList)>>,
    /// Address of each lent block: its region, and its length.
    lent: HashMap<u64, (usize, usize)>,
    /// Why there was no block, the last time that there was none.
    refused: Option<CudaError>,
}

thread_local! {
    /// The arena of the model that this thread works for.
    static CURRENT: RefCell<Option<Arc<DeviceArena>>> = const { RefCell::new(None) };
}

impl DeviceArena {
    /// An arena with a region of `expected` bytes; with none yet where that is 0.
    pub fn new(budget: &'static Budget, expected: u64) -> Result<DeviceArena, CudaError> {
        let arena = DeviceArena { budget, state: Mutex::default() };
        arena.expect(expected)?;
        Ok(arena)
    }

    /// Makes sure that `bytes` fit into one region.
    pub fn expect(&self, bytes: u64) -> Result<(), CudaError> {
        let len = usize::try_from(bytes).unwrap_or(usize::MAX);
        let mut state = self.lock();
        if len > 0 && state.best_fit(len).is_none() {
            state.grow(self.budget, len)?;
        }
        Ok(())
    }

    /// Gives every region back that nothing is lent from.
    pub fn trim(&self) {
        let mut state = self.lock();
        let is_unused =
            |region: &Option<(Allocation, FreeList)>| region.as_ref().is_some_and(|(_, list)| list.is_whole());
        let unused: Vec<_> = state.regions.iter_mut().filter(|region| is_unused(region)).map(Option::take).collect();
        drop(state);
        drop(unused);
    }

    /// Runs `work` with this arena behind every allocation that ONNX Runtime makes on this thread.
    pub fn during<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        /// Puts back what was before, whatever `work` does.
        struct Before(Option<Arc<DeviceArena>>);
        impl Drop for Before {
            fn drop(&mut self) {
                CURRENT.replace(self.0.take());
            }
        }
        let _before = Before(CURRENT.replace(Some(Arc::clone(self))));
        work()
    }

    /// The arena of the calling thread.
    pub(super) fn current() -> Option<Arc<DeviceArena>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// The address of a block of at least `len` bytes; `None` where there is no room, which [`DeviceArena::refusal`] tells
    /// more of.
    pub(super) fn alloc(&self, len: usize) -> Option<u64> {
        let len = len.max(1).checked_next_multiple_of(ALIGNMENT)?;
        let mut state = self.lock();
        let at = match state.best_fit(len) {
            Some(at) => at,
            None => match state.grow(self.budget, len.max(LEAST_REGION)).or_else(|_| state.grow(self.budget, len)) {
                Ok(at) => at,
                Err(error) => {
                    state.refused = Some(error);
                    return None;
                }
            },
        };
        let (memory, list) = state.regions[at].as_mut()?;
        let address = memory.address() + list.take(len)? as u64;
        state.lent.insert(address, (at, len));
        Some(address)
    }

    /// Takes a block back; whether it was one of this arena's.
    pub(super) fn free(&self, address: u64) -> bool {
        let mut state = self.lock();
        let Some((at, len)) = state.lent.remove(&address) else { return false };
        // A region that something is lent from is there.
        if let Some((memory, list)) = &mut state.regions[at] {
            list.give((address - memory.address()) as usize, len);
        }
        true
    }

    /// Why the last block that could not be had could not; asked once.
    pub fn refusal(&self) -> Option<CudaError> {
        self.lock().refused.take()
    }

    /// What its memory counts against.
    pub(in crate::engine) fn budget(&self) -> &'static Budget {
        self.budget
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> u64 {
        self.lock().regions.iter().flatten().map(|(memory, _)| memory.bytes()).sum()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No panic leaves the state half changed: nothing in it can panic between two writes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The region with the smallest free part that holds `len` bytes.
    fn best_fit(&self, len: usize) -> Option<usize> {
        let regions = self.regions.iter().enumerate().filter_map(|(at, region)| Some((at, region.as_ref()?)));
        let fits = regions.filter_map(|(at, (_, list))| Some((list.best_fit(len)?, at)));
        fits.min().map(|(_, at)| at)
    }

    fn grow(&mut self, budget: &'static Budget, len: usize) -> Result<usize, CudaError> {
        let len = len.checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX);
        let memory = budget.allocate(len as u64)?;
        let region = Some((memory, FreeList::new(len)));
        match self.regions.iter().position(Option::is_none) {
            Some(at) => {
                self.regions[at] = region;
                Ok(at)
            }
            None => {
                self.regions.push(region);
                Ok(self.regions.len() - 1)
            }
        }
    }
}
