//! [`read_body`]: a request's body, whole, within a limit of bytes and of patience.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::error::RequestError;

/// No more than this is set aside on a client's word alone.
const TRUSTED: usize = 1 << 20;

/// Reads `body`, which may have at most `limit` bytes and whose parts may be `patience` apart. A body that says that it
/// is longer is refused unread; one that came in one part is not copied.
pub async fn read_body(mut body: Incoming, limit: usize, patience: Duration) -> Result<Bytes, RequestError> {
    let told = body.size_hint();
    if told.lower() > limit as u64 {
        return Err(too_large(body, limit, patience));
    }
    let (mut first, mut whole) = (Bytes::new(), BytesMut::new());
    loop {
        let frame = tokio::time::timeout(patience, body.frame()).await;
        let frame = frame.map_err(|_| RequestError::Deadline { allowed: patience })?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| match error.is_timeout() {
            true => RequestError::Deadline { allowed: patience },
            false => RequestError::Invalid(format!("body broke off or is not HTTP: {error}")),
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + whole.len() + data.len() > limit {
            return Err(too_large(body, limit, patience));
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
            continue;
        }
        if whole.is_empty() {
            let expected = usize::try_from(told.lower()).unwrap_or(limit).min(limit);
            whole.reserve(expected.min(TRUSTED.max(2 * (first.len() + data.len()))));
            whole.extend_from_slice(&std::mem::take(&mut first));
        }
        whole.extend_from_slice(&data);
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

/// The error. What the client is still sending is read on and dropped beside it: one that writes first and reads then
/// would hear no answer. Past as much again, or out of patience, it is cut off.
fn too_large(mut body: Incoming, limit: usize, patience: Duration) -> RequestError {
    let rest = async move {
        let mut left = limit;
        while let Some(Ok(frame)) = body.frame().await {
            let Some(less) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
            left = less;
        }
    };
    tokio::spawn(tokio::time::timeout(patience, rest));
    RequestError::TooLarge { limit }
}
