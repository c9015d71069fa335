//! Exit codes of what concerns serving alone.

use blink_server::config::{ConfigError, ValueError};
use blink_server::repository::RepositoryError;
use blink_server::serve::ServeError;

use crate::verbs::serve::{CannotServe, not_served};

/// The code of `cause`, where it is such an error and calls for one.
pub(super) fn known(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(error) = cause.downcast_ref::<CannotServe>() {
        return Some(not_served(error));
    }
    // What it passes on as its own words is not among its causes.
    let error = match cause.downcast_ref() {
        Some(ServeError::Repository(error)) => Some(error),
        _ => cause.downcast_ref(),
    };
    if let Some(RepositoryError::Twice { .. } | RepositoryError::SourceKind { .. }) = error {
        return Some(2);
    }
    (cause.is::<ConfigError>() || cause.is::<ValueError>()).then_some(2)
}
