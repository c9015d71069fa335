//! The watchdog: one thread for all runs of a process, which sleeps until the first of them is out of time.
//!
//! Nothing ticks: a run that ends in time costs two locks. The thread is started by the first run that has a limit, so
//! never before a worker is parked.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use wasmtime::Engine;

use crate::cancel::Cancel;

#[derive(Default)]
struct Watchdog {
    /// By deadline, and by number where two are the same.
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    next: u64,
    runs: BTreeMap<(Instant, u64), (Engine, Arc<Cancel>)>,
}

/// A run that is watched until this is dropped.
pub(crate) struct Watched {
    key: (Instant, u64),
}

static WATCHDOG: OnceLock<&'static Watchdog> = OnceLock::new();

/// Cancels the run at `deadline`, and interrupts the guests of `engine`, each of which asks whether it is meant.
pub(crate) fn watch(deadline: Instant, engine: &Engine, cancel: &Arc<Cancel>) -> std::io::Result<Watched> {
    let watchdog = match WATCHDOG.get() {
        Some(watchdog) => watchdog,
        None => {
            let watchdog: &'static Watchdog = Box::leak(Box::default());
            std::thread::Builder::new().name("watchdog".into()).stack_size(64 << 10).spawn(|| watchdog.watch())?;
            // Runs are begun by one thread at a time, or both threads watch what they were given.
            WATCHDOG.get_or_init(|| watchdog)
        }
    };
    let mut waiting = watchdog.lock();
    let key = (deadline, waiting.next);
    waiting.next += 1;
    let is_first = waiting.runs.first_key_value().is_none_or(|(first, _)| key < *first);
    waiting.runs.insert(key, (engine.clone(), Arc::clone(cancel)));
    drop(waiting);
    if is_first {
        watchdog.changed.notify_one();
    }
    Ok(Watched { key })
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(watchdog) = WATCHDOG.get() {
            watchdog.lock().runs.remove(&self.key);
        }
    }
}

impl Watchdog {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) -> ! {
        let mut waiting = self.lock();
        loop {
            let now = Instant::now();
            waiting = match waiting.runs.first_key_value().map(|(key, _)| *key) {
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(key) if key.0 > now => {
                    let waited = self.changed.wait_timeout(waiting, key.0 - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(key) => {
                    let run = waiting.runs.remove(&key);
                    drop(waiting);
                    if let Some((engine, cancel)) = run {
                        cancel.cancel();
                        engine.increment_epoch();
                    }
                    self.lock()
                }
            };
        }
    }
}
