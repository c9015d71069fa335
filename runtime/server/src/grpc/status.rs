//! [`status`]: what a gRPC client is told of a [`RequestError`]. The one place that decides it.

use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::error::RequestError;

/// Most bytes of an error's words. They travel in a header, and clients refuse long ones.
const WORDS: usize = 1024;

/// The status of an error. Where there is a time to come again, `retry-after` has it, in seconds.
pub(super) fn status(error: &RequestError) -> Status {
    let code = match error {
        RequestError::NotFound(_) => Code::NotFound,
        RequestError::Invalid(_) => Code::InvalidArgument,
        RequestError::TooLarge { .. } | RequestError::Full { .. } => Code::ResourceExhausted,
        RequestError::Forbidden(_) => Code::PermissionDenied,
        RequestError::Unavailable(_) | RequestError::Later { .. } => Code::Unavailable,
        RequestError::Deadline { .. } => Code::DeadlineExceeded,
        RequestError::Cancelled => Code::Cancelled,
        RequestError::Failed(_) => Code::Internal,
    };
    let mut metadata = MetadataMap::new();
    if let Some(retry_after) = error.retry_after() {
        metadata.insert("retry-after", retry_after.as_secs().max(1).into());
    }
    Status::with_metadata(code, words(error), metadata)
}

/// What the error says, short enough for a header.
pub(super) fn words(error: &RequestError) -> String {
    let mut words = error.to_string();
    if words.len() > WORDS {
        words.truncate(words.floor_char_boundary(WORDS));
        words.push_str(" ...");
    }
    words
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_full_queue_says_when_to_come_again() {
        let full = |retry_after| RequestError::Full { model: "m".into(), waiting: 3, retry_after };
        for (after, said) in [(Duration::from_millis(20), "1"), (Duration::from_secs(7), "7")] {
            let status = status(&full(after));
            assert_eq!(status.code(), Code::ResourceExhausted);
            assert_eq!(status.metadata().get("retry-after").unwrap(), said);
        }
        let status = status(&RequestError::TooLarge { limit: 9 });
        assert_eq!((status.code(), status.metadata().get("retry-after")), (Code::ResourceExhausted, None));
    }

    #[test]
    fn what_may_pass_by_itself_says_when_too() {
        let status = status(&RequestError::Later { words: "no room".into(), retry_after: Duration::from_secs(3) });
        assert_eq!((status.code(), status.message()), (Code::Unavailable, "no room; come again in 3 s"));
        assert_eq!(status.metadata().get("retry-after").unwrap(), "3");
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let status = status(&RequestError::Invalid("\u{e9}x".repeat(4000)));
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().len() <= WORDS + 4 && status.message().ends_with(" ..."));
    }
}
