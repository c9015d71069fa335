//! [`Ticker`]: the thread that does what time alone brings. There is one while something is due, and none at rest.

use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::Instant;

use super::shared::Shared;

/// What is known of the thread.
#[derive(Default)]
pub(super) struct Ticker {
    thread: Option<Thread>,
    /// A thread is being started.
    is_coming: bool,
    /// When it looks next.
    until: Option<Instant>,
}

/// What is to be done about the thread, outside of the lock.
pub(super) enum Tick {
    Nothing,
    Begin,
    Wake(Thread),
}

impl Ticker {
    /// Something is due at `soonest`: whether the thread looks by then.
    pub(super) fn wake_at(&mut self, soonest: Option<Instant>) -> Tick {
        let Some(soonest) = soonest else { return Tick::Nothing };
        if self.is_coming || self.until.is_some_and(|until| until <= soonest) {
            return Tick::Nothing;
        }
        self.until = Some(soonest);
        match &self.thread {
            Some(thread) => Tick::Wake(thread.clone()),
            None => {
                self.is_coming = true;
                Tick::Begin
            }
        }
    }
}

impl Tick {
    pub(super) fn perform(self, shared: &Arc<Shared>) {
        match self {
            Tick::Nothing => {}
            Tick::Wake(thread) => thread.unpark(),
            Tick::Begin => {
                let theirs = Arc::clone(shared);
                let started = thread::Builder::new().name("blink-ticker".into()).spawn(move || run(&theirs));
                if let Err(error) = started {
                    tracing::error!("thread that ends idle workers could not be started: {error}; trying again");
                    // Whatever happens next asks for one again.
                    shared.lock().ticker = Ticker::default();
                }
            }
        }
    }
}

fn run(shared: &Arc<Shared>) {
    loop {
        let due = shared.lock().schedule.soonest();
        if due.is_some_and(|due| due <= Instant::now()) {
            shared.change(|schedule, now| schedule.tick(now));
        }
        let mut inner = shared.lock();
        let until = inner.schedule.soonest();
        inner.ticker = Ticker { thread: until.map(|_| thread::current()), is_coming: false, until };
        drop(inner);
        match until {
            // Whoever has something due from now on begins another thread.
            None => return,
            Some(until) => thread::park_timeout(until.saturating_duration_since(Instant::now())),
        }
    }
}
