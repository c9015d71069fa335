//! [`Limiter`]: what a guest's memories and tables may grow to. It does not answer "no", which a guest may overlook: it
//! ends the guest.

use wasmtime::{ResourceLimiter, Result};

use crate::report::{Limit, LimitExceeded};
use crate::request::Limits;

/// Counts all memories of a store together, and all tables.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: Counter,
    table: Counter,
}

#[derive(Debug)]
struct Counter {
    limit: Limit,
    allowed: u64,
    held: u64,
}

impl Limiter {
    pub(crate) fn new(limits: &Limits) -> Limiter {
        let counter = |limit, allowed| Counter { limit, allowed, held: 0 };
        Limiter { memory: counter(Limit::Memory, limits.memory), table: counter(Limit::Table, limits.table) }
    }

    /// Bytes of memory that were held at last, which is the most: memories do not shrink.
    pub(crate) fn memory(&self) -> u64 {
        self.memory.held
    }
}

impl Counter {
    fn grow(&mut self, current: usize, desired: usize) -> Result<bool> {
        let held = self.held.saturating_add(desired.saturating_sub(current) as u64);
        if held > self.allowed {
            return Err(wasmtime::Error::new(LimitExceeded { limit: self.limit, allowed: self.allowed }));
        }
        self.held = held;
        Ok(true)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        // Past the maximum that the guest itself has set, growing fails anyway, and it expects that.
        if maximum.is_some_and(|maximum| desired > maximum) { Ok(false) } else { self.memory.grow(current, desired) }
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) { Ok(false) } else { self.table.grow(current, desired) }
    }
}
