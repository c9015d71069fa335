//! [`Pool`]: workers on demand. A request that finds none waits for one to start; each has one thread, and none at rest.
//!
//! | file | what it holds |
//! |---|---|
//! | `schedule/` | [`schedule::Schedule`]: who runs what and when, told of events, without processes or clocks |
//! | `shared.rs` | the schedule under its lock, and what it says done |
//! | `job.rs` | a request on its way |
//! | `post.rs`, `crew.rs`, `hand.rs` | the way to a worker's thread, the thread, the worker in its hands |
//! | `batch.rs`, `proof.rs` | requests run together, and whether that gives the same answers |
//! | `cgroup.rs` | limits by control groups |
//! | `failure.rs` | what clients are told |
//! | `ticker.rs` | what time alone brings |
//! | `starter.rs` | models proved, warmed, kept and retired, as the repository asks for it |
//! | `view.rs` | what it all looks like |
//!
//! ```text
//! infer -> Job -> schedule, under the lock -> Post -> Crew's thread -> Hand -> worker process
//!       <- oneshot                                 <- outputs are read where they stand
//! ```
//! A thread that ends a run takes the next one that waits itself. What a request's future is dropped for, the pool gives
//! up: at once where it waits, and where it runs after a tenth of a second, with its worker.

mod batch;
mod cgroup;
mod crew;
mod failure;
mod hand;
mod job;
mod post;
mod proof;
mod schedule;
mod shared;
mod starter;
mod ticker;
mod view;

use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use blink_runtime::{Counts, GuestReport, GuestRequest, Launcher};
use blink_tensors::TensorView;
use tokio::sync::oneshot;

pub use schedule::{PoolLimits, WorkerState};
pub use view::{ModelView, PoolView, WorkerView};

use crate::devices::Devices;
use crate::error::RequestError;
use crate::guests::Guests;
use crate::model::Model;
use crate::observe::{RecentStarts, Times};
use crate::protocol::{Elements, InputTensor};
use job::{Reader, Work};
use shared::Shared;

/// How long [`Pool::stop`] waits for processes that were killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Workers of all models. Cheap to clone; when the last clone goes, all workers end.
#[derive(Clone)]
pub struct Pool {
    owner: Arc<Owner>,
}

/// Ends the workers when it goes. Their threads share what is inside, and not this.
struct Owner {
    shared: Arc<Shared>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.change(|schedule, now| schedule.stop(now));
    }
}

impl Pool {
    /// A pool of workers that `launcher` starts, some of them on `devices`, some with `guests`. Each start is added to
    /// `recent`.
    pub fn new(launcher: Launcher, devices: Devices, guests: Guests, limits: PoolLimits, recent: RecentStarts) -> Pool {
        let shared = Shared::new(launcher, devices, guests, limits, recent);
        Pool { owner: Arc::new(Owner { shared: Arc::new(shared) }) }
    }

    /// Runs the model on `inputs`, which fit it. `finish` gets its outputs in graph order, each with its name, on the
    /// worker's thread and in memory that the next run uses again; what it makes of them is the answer.
    ///
    /// Dropped, the request is cancelled. Past `deadline` it is, too.
    pub async fn infer<T: Send + 'static>(
        &self,
        model: &Arc<Model>,
        inputs: Vec<InputTensor>,
        deadline: Instant,
        finish: impl FnOnce(&[(&str, TensorView<'_>)]) -> T + Send + 'static,
    ) -> Result<(T, Times), RequestError> {
        inputs.iter().try_for_each(check)?;
        let (sender, receiver) = oneshot::channel();
        // A bug there is its own request's, which is told so, and not the worker's.
        let finish = move |outputs: &[(&str, TensorView<'_>)]| catch_unwind(AssertUnwindSafe(|| finish(outputs)));
        let finish = Box::new(Reader::new(finish, sender));
        let (value, times) = self.wait(model, Work::Infer { inputs, finish }, receiver, deadline).await?;
        Ok((value.unwrap_or_else(|panic| resume_unwind(panic)), times))
    }

    /// Runs the model's guest once, with `streams` as its stdin, stdout and stderr. Same queue and limits as
    /// [`Pool::infer`]; never run again after it may have begun.
    pub async fn run_guest(
        &self,
        model: &Arc<Model>,
        request: GuestRequest,
        streams: [OwnedFd; 3],
        deadline: Instant,
    ) -> Result<GuestReport, RequestError> {
        let (done, receiver) = oneshot::channel();
        self.wait(model, Work::Guest { request: Box::new(request), streams, done }, receiver, deadline).await
    }

    async fn wait<T>(
        &self,
        model: &Arc<Model>,
        work: Work,
        answer: oneshot::Receiver<Result<T, RequestError>>,
        deadline: Instant,
    ) -> Result<T, RequestError> {
        let begun = Instant::now();
        let allowed = deadline.saturating_duration_since(begun);
        if allowed.is_zero() {
            // It would wake a model for nobody.
            return Err(RequestError::Deadline { allowed });
        }
        let shared = &self.owner.shared;
        let ticket = shared.submit(model, work);
        let mut asked = Asked { shared, model: model.id, ticket, is_waiting: true };
        let answer = tokio::time::timeout_at(deadline.into(), answer).await;
        // Past its deadline it is still there to be given up.
        asked.is_waiting = answer.is_err();
        match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(RequestError::Failed(format!("request to '{}' was lost with its worker", model.name))),
            Err(_) => Err(RequestError::Deadline { allowed }),
        }
    }

    /// Ends all workers now; what waits or runs is refused, and so is all that comes. Blocking, until they are reaped.
    pub fn stop(&self) {
        self.owner.shared.change(|schedule, now| schedule.stop(now));
        self.owner.shared.wait_deserted(PATIENCE);
    }

    /// What it looks like now.
    pub fn view(&self) -> PoolView {
        let shared = &self.owner.shared;
        let view = PoolView::of(&shared.lock().schedule);
        let Counts { devices_lost, short_of_walls, .. } = shared.launcher.counts();
        PoolView { devices: shared.devices.view(), devices_lost, short_of_walls, ..view }
    }
}

/// A request that somebody waits for. Dropped, it is given up.
struct Asked<'a> {
    shared: &'a Arc<Shared>,
    model: u64,
    ticket: u64,
    is_waiting: bool,
}

impl Asked<'_> {
    fn over(mut self) {
        self.is_waiting = false;
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if self.is_waiting {
            // What is given back is dropped here, outside of the lock.
            drop(self.shared.change(|schedule, now| schedule.cancel(self.model, self.ticket, now)));
        }
    }
}

/// Whether there are as many elements as the shape says: they are copied to where so many are expected.
fn check(input: &InputTensor) -> Result<(), RequestError> {
    let InputTensor { name, dtype, shape, elements } = input;
    let checked = match elements {
        Elements::Bytes(bytes) => TensorView::new(*dtype, shape, bytes),
        Elements::Strings(strings) => TensorView::strings(shape, strings),
    };
    checked.map(drop).map_err(|error| RequestError::Invalid(format!("input '{name}': {error}")))
}
