//! [`Download`]: a guest's answer on its way to the client. Where the client goes away, the run is cancelled.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::task::{JoinError, JoinHandle};

/// A task that ends when nobody waits for it any more.
pub(super) struct Tied<T>(Option<JoinHandle<T>>);

impl<T> Tied<T> {
    pub(super) fn to(task: JoinHandle<T>) -> Tied<T> {
        Tied(Some(task))
    }

    /// Lets it go on alone.
    fn let_go(&mut self) {
        self.0 = None;
    }
}

impl<T> Future for Tied<T> {
    type Output = Option<Result<T, JoinError>>;

    /// What it came to; `None` where that was told already.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(task) = &mut self.0 else { return Poll::Ready(None) };
        match Pin::new(task).poll(context) {
            Poll::Ready(ended) => {
                self.0 = None;
                Poll::Ready(Some(ended))
            }
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T> Drop for Tied<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// An answer's body, the run that makes it, and the connection that it comes on.
pub(super) struct Download<T> {
    body: Incoming,
    run: Tied<T>,
    connection: Tied<()>,
    /// Whether it has been read to its end.
    is_whole: bool,
}

impl<T> Download<T> {
    pub(super) fn new(body: Incoming, run: Tied<T>, connection: Tied<()>) -> Download<T> {
        Download { body, run, connection, is_whole: false }
    }
}

impl<T: Unpin> Body for Download<T> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.is_whole |= matches!(frame, Poll::Ready(None));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<T> Drop for Download<T> {
    fn drop(&mut self) {
        // The whole answer has come: the run ends by itself.
        if self.is_whole || self.body.is_end_stream() {
            self.run.let_go();
            self.connection.let_go();
        }
    }
}
