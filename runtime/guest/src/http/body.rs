//! [`Counted`]: the body of an answer as it leaves, counted. Past the run's limit it breaks off, and ends the run.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use wasmtime_wasi_http::WasiBody;

use super::interrupt::Interrupt;
use crate::report::Ended;
use crate::stdio::Written;

/// A guest's body.
pub(super) struct Counted {
    pub(super) body: WasiBody,
    pub(super) written: Arc<Written>,
    pub(super) interrupt: Arc<Interrupt>,
}

/// Why a body breaks off.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("{0}")]
    Limit(#[from] crate::report::LimitExceeded),
    #[error("body is not what its guest had announced")]
    Guest,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let frame = match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(frame)) => frame.map_err(|_| Broken::Guest),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => return Poll::Pending,
        };
        let counted = frame.and_then(|frame| {
            self.written.add(frame.data_ref().map_or(0, Bytes::len))?;
            Ok(frame)
        });
        if let Err(Broken::Limit(limit)) = &counted {
            self.interrupt.end(Ended::Limit(*limit));
        }
        Poll::Ready(Some(counted))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
