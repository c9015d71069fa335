//! [`Interrupt`]: ends a run from the side of its connection, wherever the guest is: in its own code, waiting, or
//! inside a model.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;

use tokio::sync::Notify;
use wasmtime::Engine;

use crate::cancel::Cancel;
use crate::report::Ended;

/// How the connection of one run has ended it, if it has.
pub(super) struct Interrupt {
    engine: Engine,
    cancel: Arc<Cancel>,
    why: OnceLock<Ended>,
    happened: Notify,
}

impl Interrupt {
    pub(super) fn new(engine: &Engine, cancel: &Arc<Cancel>) -> Arc<Interrupt> {
        let (engine, cancel) = (engine.clone(), Arc::clone(cancel));
        Arc::new(Interrupt { engine, cancel, why: OnceLock::new(), happened: Notify::new() })
    }

    /// Ends the run. Of several reasons the first is told.
    pub(super) fn end(&self, why: Ended) {
        if self.why.set(why).is_ok() {
            self.cancel.cancel();
            self.engine.increment_epoch();
            self.happened.notify_one();
        }
    }

    /// Why the run was ended; `None` where it was not.
    pub(super) fn why(&self) -> Option<Ended> {
        self.why.get().cloned()
    }

    /// Does `work` until the run is ended.
    pub(super) async fn unless(
        &self,
        work: impl Future<Output = wasmtime::Result<Option<Ended>>>,
    ) -> wasmtime::Result<Option<Ended>> {
        let (mut work, mut happened) = (pin!(work), pin!(self.happened.notified()));
        poll_fn(|context| match (work.as_mut().poll(context), happened.as_mut().poll(context)) {
            (Poll::Ready(result), _) => Poll::Ready(result),
            (_, Poll::Ready(())) => Poll::Ready(Ok(self.why())),
            _ => Poll::Pending,
        })
        .await
    }
}
