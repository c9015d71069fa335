//! [`Patient`]: a stream whose peer must say which protocol it speaks, and take what is written to it, or be cut off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// How HTTP/2 begins (RFC 9113, 3.4). As long as it may still become this, nobody else has a clock running.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A stream, and how long its first bytes and a write to it may take.
pub(super) struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Set while a write stands still.
    until: Option<Pin<Box<Sleep>>>,
    /// Until it is known which protocol is spoken, and how many bytes of the preface have come.
    first: Option<(Pin<Box<Sleep>>, usize)>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Patient<S> {
        let first = Some((Box::pin(sleep_until(Instant::now() + patience)), 0));
        Patient { stream, patience, until: None, first }
    }

    /// `bytes` were read. Once they are no beginning of the preface, or all of it, the wait is over.
    fn heard(&mut self, bytes: &[u8]) {
        let Some((_, count)) = &mut self.first else { return };
        *count += bytes.len();
        let expected = PREFACE.get(*count - bytes.len()..*count);
        if expected.is_none_or(|expected| expected != bytes) || *count == PREFACE.len() {
            self.first = None;
        }
    }

    /// `polled`, or an error where it has been pending for too long.
    fn watch<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.until = None;
            return polled;
        }
        let patience = self.patience;
        let until = self.until.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + patience)));
        match until.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if polled.is_ready() {
            self.heard(&buffer.filled()[before..]);
            return polled;
        }
        match &mut self.first {
            Some((until, _)) => until.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into())),
            None => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watch(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.watch(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    fn on_a_runtime<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    #[test]
    fn a_peer_that_takes_nothing_is_cut_off() {
        on_a_runtime(async {
            let (here, _there) = duplex(4);
            let mut stream = Patient::new(here, Duration::from_millis(10));
            assert_eq!(stream.write_all(b"123456").await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        });
    }

    #[test]
    fn one_that_does_not_say_what_it_speaks_is_cut_off() {
        for (said, is_cut_off) in
            [(&b""[..], true), (b"PRI * H", true), (b"GET", false), (b"POST", false), (PREFACE, false)]
        {
            on_a_runtime(async {
                let (here, mut there) = duplex(64);
                let mut stream = Patient::new(here, Duration::from_millis(20));
                there.write_all(said).await.unwrap();
                let mut read = vec![0; said.len()];
                stream.read_exact(&mut read).await.unwrap();
                let more = tokio::time::timeout(Duration::from_millis(200), stream.read_u8()).await;
                assert_eq!(matches!(more, Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut), is_cut_off);
            });
        }
    }

    #[test]
    fn a_slow_one_that_takes_is_not() {
        on_a_runtime(async {
            let (here, mut there) = duplex(4);
            let mut stream = Patient::new(here, Duration::from_secs(60));
            let reader = tokio::spawn(async move {
                let mut read = Vec::new();
                there.read_to_end(&mut read).await.unwrap();
                read
            });
            stream.write_all(b"123456").await.unwrap();
            drop(stream);
            assert_eq!(reader.await.unwrap(), b"123456");
        });
    }
}
