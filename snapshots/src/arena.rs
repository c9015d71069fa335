//! [`TensorArena`]: the allocator behind ONNX Runtime.
//!
//! Blocks come from a few large regions, 64-byte aligned, reused by best fit, so that the activations of a run
//! touch as few pages as they can and the next run touches the same ones. Bookkeeping stands outside the
//! regions: a region holds tensors and nothing else.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::free_list::FreeList;
use crate::region::Region;

/// How long a block is meant to live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// For one run: activations and outputs.
    Run,
    /// As long as the session: packed weights, copies of small initializers.
    Session,
}

/// What an arena holds and held. Bytes count whole blocks of 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArenaStats {
    /// Bytes of activations and outputs lent out now.
    pub run_bytes: usize,
    /// Bytes of regions for activations that would have held the worst moment since [`TensorArena::reset_peak`]:
    /// the highest end of a block, gaps included.
    pub run_peak: usize,
    /// Bytes lent out now for the life of sessions.
    pub session_bytes: usize,
    /// Bytes of address space mapped.
    pub mapped: usize,
}

/// An allocator of tensor memory, shared by the sessions of a process.
#[derive(Debug, Default)]
pub struct TensorArena {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    pools: [Pool; 2],
    /// Address of each lent block: its pool, the start of its region, and its length.
    lent: HashMap<usize, Block>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    lifetime: Lifetime,
    region: usize,
    len: usize,
}

#[derive(Debug, Default)]
struct Pool {
    regions: Vec<(Region, FreeList)>,
    lent: usize,
    peak: usize,
}

impl TensorArena {
    /// Alignment of every block, in bytes: what ONNX Runtime's kernels ask for.
    pub const ALIGNMENT: usize = 64;
    /// Least bytes that a region is mapped for.
    const LEAST_REGION: usize = 64 << 10;
    /// Most bytes that a region for the life of sessions is mapped for ahead of need.
    const MOST_AHEAD: usize = 64 << 20;

    /// An arena with nothing mapped.
    pub fn new() -> TensorArena {
        TensorArena::default()
    }

    /// Makes sure that `bytes` of activations fit into one region, so that a first run finds them side by side.
    /// Maps address space at most; memory comes when it is touched. Where the kernel refuses, later blocks get
    /// regions of their own.
    pub fn expect(&self, bytes: usize) {
        let mut state = self.lock();
        let pool = &mut state.pools[Lifetime::Run as usize];
        if bytes > 0 && pool.regions.iter().all(|(_, list)| list.best_fit(bytes).is_none()) {
            pool.grow(bytes);
        }
    }

    /// The address of a block of at least `len` bytes, or `None` where memory is out. The block may be read and
    /// written until it is freed or the arena dropped. The contents are not defined.
    pub fn alloc(&self, len: usize, lifetime: Lifetime) -> Option<NonZeroUsize> {
        let len = len.max(1).checked_next_multiple_of(Self::ALIGNMENT)?;
        let mut state = self.lock();
        let (region, offset) = state.pools[lifetime as usize].take(len, lifetime)?;
        let address = region + offset;
        state.lent.insert(address, Block { lifetime, region, len });
        NonZeroUsize::new(address)
    }

    /// Takes a block back. An address that was not lent by this arena is ignored.
    pub fn free(&self, address: usize) {
        let mut state = self.lock();
        if let Some(block) = state.lent.remove(&address) {
            state.pools[block.lifetime as usize].give(address, block);
        }
    }

    /// Unmaps every region that nothing is lent from.
    pub fn trim(&self) {
        for pool in &mut self.lock().pools {
            pool.regions.retain(|(_, list)| !list.is_whole());
        }
    }

    /// Gives the pages of everything that is not lent back to the kernel. The address space stays, so the next run finds
    /// its blocks where they were, as zeros.
    pub fn discard(&self) {
        for (region, list) in self.lock().pools.iter().flat_map(|pool| &pool.regions) {
            list.parts().for_each(|(offset, len)| region.discard(offset, len));
        }
    }

    /// What the arena holds and held.
    pub fn stats(&self) -> ArenaStats {
        let state = self.lock();
        let [run, session] = &state.pools;
        let mapped = state.pools.iter().flat_map(|pool| &pool.regions).map(|(region, _)| region.len()).sum();
        ArenaStats { run_bytes: run.lent, run_peak: run.peak, session_bytes: session.lent, mapped }
    }

    /// Forgets the worst moment so far: what is lent now is the worst known.
    pub fn reset_peak(&self) {
        self.lock().pools.iter_mut().for_each(|pool| pool.peak = pool.highest_end());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No panic leaves the state half changed: nothing in it can panic between two writes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// Takes `len` bytes: the start of the region and the offset in it.
    fn take(&mut self, len: usize, lifetime: Lifetime) -> Option<(usize, usize)> {
        let best = self.regions.iter().enumerate().filter_map(|(i, (_, list))| Some((list.best_fit(len)?, i))).min();
        let index = match best {
            Some((_, index)) => index,
            // Packed weights come one by one, and stand side by side for huge pages and for few mappings: twice as much
            // is mapped as is there. Address space, not memory.
            None if lifetime == Lifetime::Session => {
                let mapped: usize = self.regions.iter().map(|(region, _)| region.len()).sum();
                self.grow(len.max(mapped.min(TensorArena::MOST_AHEAD))).or_else(|| self.grow(len))?
            }
            None => self.grow(len)?,
        };
        let before: usize = self.regions[..index].iter().map(|(region, _)| region.len()).sum();
        let (region, list) = &mut self.regions[index];
        let offset = list.take(len)?;
        self.lent += len;
        self.peak = self.peak.max(before + offset + len);
        Some((region.start(), offset))
    }

    /// The highest end of a block that is lent now, regions counted one after the other.
    fn highest_end(&self) -> usize {
        let mut before = 0;
        let mut highest = 0;
        for (region, list) in &self.regions {
            if !list.is_whole() {
                highest = before + list.taken_end();
            }
            before += region.len();
        }
        highest
    }

    fn give(&mut self, address: usize, block: Block) {
        if let Some((_, list)) = self.regions.iter_mut().find(|(region, _)| region.start() == block.region) {
            list.give(address - block.region, block.len);
            self.lent -= block.len;
        }
    }

    /// Maps a region of at least `len` bytes and gives its index.
    fn grow(&mut self, len: usize) -> Option<usize> {
        let region = Region::map(len.max(TensorArena::LEAST_REGION)).ok()?;
        let list = FreeList::new(region.len());
        self.regions.push((region, list));
        Some(self.regions.len() - 1)
    }
}
