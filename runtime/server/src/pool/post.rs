//! [`Post`]: where a worker's thread is told what to do next, and what others may know of its worker.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use blink_runtime::{DeviceFacts, Stopper};

use super::job::Job;
use crate::observe::Event;

/// What a worker's thread is to do next.
pub(super) enum Order {
    /// Run these together.
    Run(Vec<Job>),
    /// End the worker; `why` is counted.
    End(Option<Event>),
}

/// The way to a worker's thread.
#[derive(Default)]
pub(super) struct Post {
    mail: Mutex<Mail>,
    thread: OnceLock<Thread>,
}

#[derive(Default)]
struct Mail {
    order: Option<Order>,
    stopper: Option<Stopper>,
    is_stopped: bool,
    seen: Seen,
}

/// What others may know of a worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Its process; 0: none yet.
    pub(super) pid: u32,
    /// How it came up, once that is known.
    pub(super) start: Option<&'static str>,
    /// What it has of a device, where it runs on one and was asked.
    pub(super) device: Option<DeviceFacts>,
}

impl Post {
    /// Tells the thread what to do next. It has done what it was told before.
    pub(super) fn give(&self, order: Order) {
        self.lock().order = Some(order);
        // A thread that is not there yet looks before it waits.
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Kills the worker, now or as soon as it has a process.
    pub(super) fn stop(&self) {
        let stopper = {
            let mut mail = self.lock();
            mail.is_stopped = true;
            mail.stopper.clone()
        };
        if let Some(stopper) = stopper {
            stopper.stop();
        }
    }

    /// The calling thread is the worker's from now on.
    pub(super) fn take_up(&self) {
        let _ = self.thread.set(thread::current());
    }

    /// The worker has a process.
    pub(super) fn arm(&self, pid: u32, stopper: Stopper) {
        let is_stopped = {
            let mut mail = self.lock();
            mail.seen.pid = pid;
            mail.stopper = Some(stopper.clone());
            mail.is_stopped
        };
        if is_stopped {
            stopper.stop();
        }
    }

    /// How the worker came up, and its process, which may be another one by then.
    pub(super) fn set_start(&self, pid: u32, start: &'static str) {
        let mut mail = self.lock();
        (mail.seen.pid, mail.seen.start) = (pid, Some(start));
    }

    /// What the worker has of a device.
    pub(super) fn set_device(&self, facts: DeviceFacts) {
        self.lock().seen.device = Some(facts);
    }

    /// What is known of the worker.
    pub(super) fn seen(&self) -> Seen {
        self.lock().seen.clone()
    }

    /// Waits for the next order, but no longer than `patience` where there is one.
    pub(super) fn wait(&self, patience: Option<Duration>) -> Option<Order> {
        let begin = Instant::now();
        loop {
            let order = self.lock().order.take();
            if order.is_some() {
                return order;
            }
            match patience.map(|patience| patience.saturating_sub(begin.elapsed())) {
                None => thread::park(),
                Some(Duration::ZERO) => return None,
                Some(left) => thread::park_timeout(left),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Mail> {
        self.mail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
