//! [`Flowing`]: the body of a request, whose sender may not stand still.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};
use tonic::Status;
use tonic::codegen::StdError;

/// A body, and how long its next part may take.
pub(super) struct Flowing<B> {
    body: B,
    patience: Duration,
    until: Pin<Box<Sleep>>,
}

impl<B> Flowing<B> {
    pub(super) fn new(body: B, patience: Duration) -> Flowing<B> {
        Flowing { body, patience, until: Box::pin(sleep(patience)) }
    }
}

impl<B> Body for Flowing<B>
where
    B: Body + Unpin,
    B::Error: Into<StdError>,
{
    type Data = B::Data;
    type Error = StdError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, StdError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let next = Instant::now() + self.patience;
            self.until.as_mut().reset(next);
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let millis = self.patience.as_millis();
        let late =
            || Status::deadline_exceeded(format!("the next part of the request did not come within {millis} ms"));
        self.until.as_mut().poll(context).map(|()| Some(Err(late().into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
