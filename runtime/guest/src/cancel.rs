//! [`Cancel`]: how a run that is past its time ends, wherever it is: in its own code, waiting, or inside a model.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

type Action = Box<dyn FnMut() + Send>;

/// Whether a run is to end, and what makes a call into a model return early.
#[derive(Default)]
pub struct Cancel {
    is_cancelled: AtomicBool,
    action: Mutex<Option<Action>>,
}

impl Cancel {
    /// Does `work`, which `stop` makes return early: it is called once, from another thread, when the run is cancelled.
    /// Where that has happened already, at once.
    pub fn during<T>(&self, mut stop: impl FnMut() + Send + 'static, work: impl FnOnce() -> T) -> T {
        if self.is_cancelled() {
            stop();
        }
        *self.lock() = Some(Box::new(stop));
        // Between the question and the lock: whoever cancelled then has found no action.
        if self.is_cancelled() {
            self.act();
        }
        let result = work();
        *self.lock() = None;
        result
    }

    /// Cancels the run.
    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
        self.act();
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }

    fn act(&self) {
        if let Some(action) = &mut *self.lock() {
            action();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Action>> {
        self.action.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn work_is_stopped_whenever_it_is_cancelled() {
        let cancel = Arc::new(Cancel::default());
        let (stop, stopped) = channel();
        assert_eq!(cancel.during(move || stop.send(()).unwrap(), || 7), 7);
        assert!(stopped.try_recv().is_err(), "work that is done is not stopped");

        let (stop, stopped) = channel();
        let other = Arc::clone(&cancel);
        cancel.during(
            move || _ = stop.send(()),
            || {
                std::thread::spawn(move || other.cancel()).join().unwrap();
                stopped.recv().unwrap();
            },
        );
        let (stop, stopped) = channel();
        cancel.during(move || _ = stop.send(()), || stopped.recv().unwrap());
    }
}
