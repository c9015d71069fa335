//! [`run`]: one run of a guest, from the queue to its end: counted, and told in the log.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use blink_runtime::{GuestEnded, GuestReport, GuestRequest};
use tracing::{info, warn};

use super::Call;
use super::error::AppError;
use super::file::Memory;
use crate::model::Model;
use crate::observe::Times;
use crate::pool::Pool;

/// Bytes of what a guest says on stderr that are logged.
const SAID: usize = 2048;

/// What a run needs of its request, so that it may outlive the handler.
pub(super) struct Run {
    pool: Pool,
    app: Arc<Model>,
    request_id: Arc<str>,
    arrived: Instant,
    deadline: Instant,
}

impl Run {
    pub(super) fn of(call: &Call<'_>) -> Run {
        Run {
            pool: call.state.pool.clone(),
            app: Arc::clone(call.app),
            request_id: Arc::clone(&call.context.request_id),
            arrived: call.context.arrived,
            deadline: call.deadline(),
        }
    }

    /// Runs the guest on `streams`; `said` is what stands behind the last of them. Dropped, it is cancelled.
    pub(super) async fn run(
        self,
        request: GuestRequest,
        streams: [OwnedFd; 3],
        said: &Memory,
    ) -> Result<Times, AppError> {
        let mut told = Told { run: &self, outcome: "cancelled" };
        let begun = Instant::now();
        let ended = self.pool.run_guest(&self.app, request, streams, self.deadline).await;
        self.tell(said);
        let judged = match ended {
            Err(error) => Err(error.into()),
            Ok(report) => self.judge(&report, begun.elapsed()),
        };
        match &judged {
            Ok(times) => {
                told.outcome = "";
                self.app.statistics.succeeded(*times, self.arrived.elapsed());
            }
            Err(error) => told.outcome = error.name(),
        }
        judged
    }

    fn judge(&self, report: &GuestReport, took: Duration) -> Result<Times, AppError> {
        let (request, app) = (&*self.request_id, &*self.app.name);
        match &report.ended {
            GuestEnded::Trap { message, backtrace } => {
                warn!(request, app, backtrace = backtrace.join("; "), "app trapped: {message}");
            }
            GuestEnded::Refused(why) => warn!(request, app, "app was not begun: {why}"),
            GuestEnded::Limit(limit) => warn!(request, app, "{limit}"),
            GuestEnded::Exit(_) | GuestEnded::Abandoned => {}
        }
        if let Some(why) = &report.refused {
            info!(request, app, "app was refused what it asked for: {why}");
        }
        let infer = Duration::from_nanos(report.used.total_ns);
        let times = Times { queue: took.saturating_sub(infer), infer, ..Times::default() };
        AppError::of(&self.app, &report.ended).map_or(Ok(times), Err)
    }

    /// Logs the beginning of what the guest has said.
    fn tell(&self, said: &Memory) {
        let (said, is_whole) = said.beginning(SAID);
        if !said.is_empty() {
            let (request, app) = (&*self.request_id, &*self.app.name);
            let stderr = String::from_utf8_lossy(&said);
            info!(request, app, stderr = stderr.trim_end(), is_whole, "app said");
        }
    }
}

/// Counts a run that came to no answer, also where nobody waited for one.
struct Told<'a> {
    run: &'a Run,
    /// The kind of its failure; empty: none.
    outcome: &'static str,
}

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if !self.outcome.is_empty() {
            self.run.app.statistics.failed(self.outcome, self.run.arrived.elapsed());
        }
    }
}
