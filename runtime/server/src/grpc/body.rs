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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use bytes::Bytes;
    use http_body_util::BodyExt;

    use super::*;

    /// Its parts, a time apart each.
    struct Parts(VecDeque<&'static [u8]>, Pin<Box<Sleep>>, Duration);

    impl Body for Parts {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            std::task::ready!(self.1.as_mut().poll(context));
            let next = Instant::now() + self.2;
            self.1.as_mut().reset(next);
            Poll::Ready(self.0.pop_front().map(|part| Ok(Frame::data(Bytes::from_static(part)))))
        }
    }

    fn collected(apart: Duration, patience: Duration) -> Result<Bytes, StdError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let parts = Parts(VecDeque::from([&b"a"[..], b"b", b"c"]), Box::pin(sleep(apart)), apart);
            Flowing::new(parts, patience).collect().await.map(|body| body.to_bytes())
        })
    }

    #[test]
    fn patience_is_for_each_part_and_not_for_all() {
        let millis = Duration::from_millis;
        assert_eq!(collected(millis(200), millis(500)).unwrap(), "abc");
        let error = collected(Duration::from_secs(3600), millis(10)).unwrap_err();
        assert_eq!(error.downcast::<Status>().unwrap().code(), tonic::Code::DeadlineExceeded);
    }
}
