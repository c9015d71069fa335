//! [`Stdio`]: the three streams of a guest, on descriptors that whoever asked for the run has given.
//!
//! Reads and writes are plain system calls on the run's own thread; where one would wait, the run waits, until its time is
//! over. No descriptor is made non-blocking: others may share it.

use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream, StdoutStream};
use wasmtime_wasi::p2::{InputStream, OutputStream, Pollable, StreamError, StreamResult};

use crate::cancel::Cancel;
use crate::report::{Limit, LimitExceeded};

/// Most bytes of one read, and of one permit to write.
const CHUNK: usize = 64 << 10;
/// What a pipe that is ready takes without waiting (POSIX: at least 512; Linux: a page).
const PIPE_CHUNK: usize = 4096;
/// How long a stream waits before it asks whether the run is over.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };

/// Whether reading and writing never wait.
fn is_regular(file: &OwnedFd) -> bool {
    fstat(file).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)
}

/// The streams of one run.
#[derive(Debug)]
pub struct Stdio {
    /// Read from.
    pub stdin: OwnedFd,
    /// Written to.
    pub stdout: OwnedFd,
    /// Written to.
    pub stderr: OwnedFd,
}

/// Bytes that a run may write, and has.
#[derive(Debug)]
pub(crate) struct Written {
    allowed: u64,
    count: AtomicU64,
}

impl Written {
    pub(crate) fn new(allowed: u64) -> Arc<Written> {
        Arc::new(Written { allowed, count: AtomicU64::new(0) })
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, len: usize) -> Result<(), LimitExceeded> {
        let before = self.count.fetch_add(len as u64, Ordering::Relaxed);
        if before.saturating_add(len as u64) > self.allowed {
            self.count.store(before, Ordering::Relaxed);
            return Err(LimitExceeded { limit: Limit::Output, allowed: self.allowed });
        }
        Ok(())
    }
}

/// A guest's stdin.
#[derive(Clone)]
pub(crate) struct Input {
    file: Arc<OwnedFd>,
    is_regular: bool,
}

impl IsTerminal for Input {
    fn is_terminal(&self) -> bool {
        !self.is_regular && rustix::termios::isatty(&self.file)
    }
}

impl StdinStream for Input {
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

impl Input {
    pub(crate) fn new(file: OwnedFd) -> Input {
        let is_regular = is_regular(&file);
        Input { file: Arc::new(file), is_regular }
    }

    /// Whether a read would not wait; asks for as long as `patience`.
    fn is_ready(&self, patience: Timespec) -> bool {
        // What cannot be polled is left to the read, which says why.
        self.is_regular || !matches!(poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&patience)), Ok(0))
    }
}

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        // Between two questions whatever else the guest waits for gets its turn: a clock, the end of its time.
        while !self.is_ready(PATIENCE) {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if !self.is_ready(Timespec::default()) {
            return Ok(Bytes::new());
        }
        let mut bytes = Vec::with_capacity(size.min(CHUNK));
        match rustix::io::retry_on_intr(|| rustix::io::read(&self.file, spare_capacity(&mut bytes))) {
            Ok(0) if size > 0 => Err(StreamError::Closed),
            Ok(_) => Ok(bytes.into()),
            Err(error) => Err(StreamError::LastOperationFailed(io::Error::from(error).into())),
        }
    }
}

impl AsyncRead for Input {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&self.file, buffer.initialize_unfilled()))?;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

/// A guest's stdout or stderr.
#[derive(Clone)]
pub(crate) struct Output {
    file: Arc<OwnedFd>,
    is_regular: bool,
    written: Arc<Written>,
    cancel: Arc<Cancel>,
}

impl Output {
    pub(crate) fn new(file: OwnedFd, written: &Arc<Written>, cancel: &Arc<Cancel>) -> Output {
        let is_regular = is_regular(&file);
        Output { file: Arc::new(file), is_regular, written: Arc::clone(written), cancel: Arc::clone(cancel) }
    }

    fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let mut len = bytes.len();
            if !self.is_regular {
                while poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], Some(&PATIENCE)) == Ok(0) {
                    if self.cancel.is_cancelled() {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                len = len.min(PIPE_CHUNK);
            }
            let written = rustix::io::retry_on_intr(|| rustix::io::write(&self.file, &bytes[..len]))?;
            bytes = &bytes[written..];
        }
        Ok(())
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        !self.is_regular && rustix::termios::isatty(&self.file)
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.written.add(bytes.len()).map_err(|limit| StreamError::Trap(wasmtime::Error::new(limit)))?;
        self.write_all(&bytes).map_err(|error| StreamError::LastOperationFailed(error.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(CHUNK)
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.written.add(bytes.len()).map_err(io::Error::other)?;
        Poll::Ready(self.write_all(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
