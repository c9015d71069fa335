//! [`RequestError`]: why a request has no answer. Each front end turns it into its own code, in one place.
//!
//! What it says goes to clients: it holds no path of the host and no address.

use std::time::Duration;

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum RequestError {
    /// 404, NOT_FOUND.
    #[error("{0}")]
    NotFound(String),
    /// 400, INVALID_ARGUMENT.
    #[error("{0}")]
    Invalid(String),
    /// 413, RESOURCE_EXHAUSTED without a time to come again.
    #[error("request has more than {limit} bytes, the most this server takes; raise `max_body` there")]
    TooLarge { limit: usize },
    /// 403, PERMISSION_DENIED: the operator has not allowed it.
    #[error("{0}")]
    Forbidden(String),
    /// 503, UNAVAILABLE: the server is ending, or the model cannot be started now.
    #[error("{0}")]
    Unavailable(String),
    /// 503, UNAVAILABLE, both with Retry-After: what stands in the way now may pass by itself.
    #[error("{words}; come again in {} s", retry_after.as_secs().max(1))]
    Later { words: String, retry_after: Duration },
    /// 429, RESOURCE_EXHAUSTED, both with Retry-After.
    #[error(
        "{waiting} requests wait for model '{model}', the most that may; come again in {} s",
        retry_after.as_secs().max(1)
    )]
    Full { model: String, waiting: usize, retry_after: Duration },
    /// 504, DEADLINE_EXCEEDED.
    #[error("no answer within {} ms, the time this request had", allowed.as_millis())]
    Deadline { allowed: Duration },
    /// 499, CANCELLED: nobody waits any more.
    #[error("the client is gone")]
    Cancelled,
    /// 500, INTERNAL: the worker failed, or died and a second one too.
    #[error("{0}")]
    Failed(String),
}

impl RequestError {
    /// When the client is to come again, where that is known.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            RequestError::Full { retry_after, .. } | RequestError::Later { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// The kind's name, in lower case: the label it is counted by.
    pub const fn name(&self) -> &'static str {
        match self {
            RequestError::NotFound(_) => "not_found",
            RequestError::Invalid(_) => "invalid",
            RequestError::TooLarge { .. } => "too_large",
            RequestError::Forbidden(_) => "forbidden",
            RequestError::Unavailable(_) | RequestError::Later { .. } => "unavailable",
            RequestError::Full { .. } => "full",
            RequestError::Deadline { .. } => "deadline",
            RequestError::Cancelled => "cancelled",
            RequestError::Failed(_) => "failed",
        }
    }
}
