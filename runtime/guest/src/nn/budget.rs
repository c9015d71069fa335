//! [`Budget`]: what a guest makes the host hold for it. Counted before it is made, given back when it is dropped; past
//! its limits the guest ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::report::{Limit, LimitExceeded};
use crate::request::Limits;

/// The budget of one run.
#[derive(Clone, Debug)]
pub(super) struct Budget(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    things: Counter,
    bytes: Counter,
}

#[derive(Debug)]
struct Counter {
    limit: Limit,
    allowed: u64,
    held: AtomicU64,
}

/// A part of the budget, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    counters: Arc<Counters>,
    things: u64,
    bytes: u64,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Budget {
        let counter = |limit, allowed| Counter { limit, allowed, held: AtomicU64::new(0) };
        let things = counter(Limit::Tensors, limits.tensors);
        Budget(Arc::new(Counters { things, bytes: counter(Limit::TensorBytes, limits.tensor_bytes) }))
    }

    /// Counts `things` (tensors, contexts, graphs, errors) of `bytes` together.
    pub(super) fn hold(&self, things: u64, bytes: usize) -> wasmtime::Result<Held> {
        let mut held = Held { counters: Arc::clone(&self.0), things: 0, bytes: 0 };
        self.0.things.add(things)?;
        held.things = things;
        self.0.bytes.add(bytes as u64)?;
        held.bytes = bytes as u64;
        Ok(held)
    }

    /// The error of a table that has no place for one thing more.
    pub(super) fn full(&self) -> wasmtime::Error {
        self.0.things.exceeded()
    }
}

impl Counter {
    // One thread runs a guest, and so counts; what is dropped elsewhere only makes room.
    fn add(&self, count: u64) -> wasmtime::Result<()> {
        let held = self.held.load(Ordering::Relaxed).saturating_add(count);
        if held > self.allowed {
            return Err(self.exceeded());
        }
        self.held.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    fn exceeded(&self) -> wasmtime::Error {
        wasmtime::Error::new(LimitExceeded { limit: self.limit, allowed: self.allowed })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.counters.things.held.fetch_sub(self.things, Ordering::Relaxed);
        self.counters.bytes.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(result: wasmtime::Result<Held>) -> Limit {
        result.expect_err("past a limit").downcast::<LimitExceeded>().expect("a limit").limit
    }

    #[test]
    fn what_is_dropped_is_given_back_and_what_is_refused_is_not_counted() {
        let budget = Budget::new(&Limits { tensors: 2, tensor_bytes: 10, ..Limits::default() });
        let first = budget.hold(1, 6).unwrap();
        assert_eq!(limit(budget.hold(1, 5)), Limit::TensorBytes);
        assert_eq!(limit(budget.hold(1, usize::MAX)), Limit::TensorBytes);
        assert_eq!(limit(budget.hold(u64::MAX, 0)), Limit::Tensors);
        let second = budget.hold(1, 4).unwrap();
        assert_eq!(limit(budget.hold(1, 0)), Limit::Tensors);
        drop((first, second));
        budget.hold(2, 10).unwrap();
    }
}
