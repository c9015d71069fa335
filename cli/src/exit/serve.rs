//! Exit codes of what concerns serving alone.

use blink_runtime::LaunchError;
use blink_server::config::{ConfigError, ValueError};
use blink_server::repository::RepositoryError;
use blink_server::serve::ServeError;

use crate::verbs::serve::{CannotServe, not_served};

/// The code of `cause`, where it is such an error and calls for one.
pub(super) fn known(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if let Some(error) = cause.downcast_ref::<CannotServe>() {
        return Some(not_served(error));
    }
    if let Some(ServeError::Device(error)) = cause.downcast_ref() {
        return Some(match error {
            LaunchError::Device { class, .. } => super::failure(*class),
            // It did not come up, whatever kept it.
            LaunchError::Resident { .. } => 6,
            _ => 1,
        });
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
