//! [`Memory`]: a file without a name that a guest reads or writes as one of its streams, and an answer's body read from
//! it.
//!
//! Such a file never makes a guest wait for a client, nor a client's pace for a worker.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::task::{Context, Poll};

use blink_runtime::nameless_file;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::error::RequestError;

/// Bytes of one part of a body.
const PART: usize = 256 << 10;

/// A file without a name.
pub(super) struct Memory(File);

impl Memory {
    /// An empty one.
    pub(super) fn new() -> Result<Memory, RequestError> {
        nameless_file().map(|file| Memory(file.into())).map_err(|error| none(&error))
    }

    /// One with these bytes, to be read from the first.
    pub(super) fn of(bytes: &[u8]) -> Result<Memory, RequestError> {
        let memory = Memory::new()?;
        // Not by the file's own position, which its reader begins at.
        memory.0.write_all_at(bytes, 0).map_err(|error| none(&error))?;
        Ok(memory)
    }

    /// The same file for a guest.
    pub(super) fn stream(&self) -> Result<OwnedFd, RequestError> {
        self.0.try_clone().map(OwnedFd::from).map_err(|error| none(&error))
    }

    /// Its first bytes, at most `most`, and whether that is all.
    pub(super) fn beginning(&self, most: usize) -> (Vec<u8>, bool) {
        let len = self.0.metadata().map_or(0, |metadata| metadata.len());
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX).min(most)];
        match self.0.read_exact_at(&mut bytes, 0) {
            Ok(()) => (bytes, len <= most as u64),
            Err(_) => (Vec::new(), false),
        }
    }

    /// What it holds, as a body.
    pub(super) fn into_body(self) -> Result<FileBody, RequestError> {
        let len = self.0.metadata().map_err(|error| none(&error))?.len();
        Ok(FileBody { file: self.0, at: 0, len })
    }
}

/// What the system says is for the log alone.
fn none(error: &io::Error) -> RequestError {
    tracing::error!(%error, "a request to an app has no memory");
    RequestError::Unavailable("server has no memory or descriptors for the request now; come again".into())
}

/// What a file held when this was made.
pub(super) struct FileBody {
    file: File,
    at: u64,
    len: u64,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let left = usize::try_from(self.len - self.at).unwrap_or(usize::MAX);
        if left == 0 {
            return Poll::Ready(None);
        }
        let mut part = vec![0; left.min(PART)];
        let read = self.file.read_exact_at(&mut part, self.at);
        self.at += part.len() as u64;
        Poll::Ready(Some(read.map(|()| Frame::data(part.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.at == self.len
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len - self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use http_body_util::BodyExt;

    use super::*;

    #[test]
    fn a_guest_reads_from_the_beginning_and_its_answer_is_read_in_parts() {
        let memory = Memory::of(b"hello").unwrap();
        let mut read = String::new();
        File::from(memory.stream().unwrap()).read_to_string(&mut read).unwrap();
        assert_eq!(read, "hello");

        let memory = Memory::new().unwrap();
        let written: Vec<u8> = (0..PART + 7).map(|index| index as u8).collect();
        File::from(memory.stream().unwrap()).write_all(&written).unwrap();
        assert_eq!(memory.beginning(3), (vec![0, 1, 2], false));
        assert_eq!(memory.beginning(usize::MAX), (written.clone(), true));
        let body = memory.into_body().unwrap();
        assert_eq!(body.size_hint().exact(), Some(written.len() as u64));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(body.collect()).unwrap().to_bytes(), written);
    }
}
