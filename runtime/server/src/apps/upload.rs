//! [`Upload`]: a client's body on its way to a guest, within the limits of bytes and of patience that all bodies have.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::error::RequestError;

/// What breaks off a body; empty as long as nothing does.
pub(super) type Broken = Arc<OnceLock<RequestError>>;

/// A body that is passed on part by part.
pub(super) struct Upload {
    body: Incoming,
    limit: usize,
    seen: usize,
    patience: Duration,
    /// Since the last part.
    waiting: Option<Pin<Box<Sleep>>>,
    broken: Broken,
}

impl Upload {
    /// Refuses one that says itself that it is longer than `limit`.
    pub(super) fn new(body: Incoming, limit: usize, patience: Duration) -> Result<(Upload, Broken), RequestError> {
        if body.size_hint().lower() > limit as u64 {
            return Err(RequestError::TooLarge { limit });
        }
        let broken = Broken::default();
        let upload = Upload { body, limit, seen: 0, patience, waiting: None, broken: Arc::clone(&broken) };
        Ok((upload, broken))
    }

    fn broken(&self, error: RequestError) -> Poll<Option<Result<Frame<Bytes>, RequestError>>> {
        let _ = self.broken.set(error.clone());
        Poll::Ready(Some(Err(error)))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = RequestError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            let patience = self.patience;
            let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(patience)));
            return match waiting.as_mut().poll(context) {
                Poll::Ready(()) => self.broken(RequestError::Deadline { allowed: patience }),
                Poll::Pending => Poll::Pending,
            };
        };
        self.waiting = None;
        match frame {
            None => Poll::Ready(None),
            Some(Err(error)) => self.broken(RequestError::Invalid(format!("body broke off or is not HTTP: {error}"))),
            Some(Ok(frame)) => {
                let len = frame.data_ref().map_or(0, Bytes::len);
                self.seen = self.seen.saturating_add(len);
                let limit = self.limit;
                if self.seen > limit {
                    self.broken(RequestError::TooLarge { limit })
                } else {
                    Poll::Ready(Some(Ok(frame)))
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
