//! Exit codes of what concerns keys and signatures alone.

use blink_artifact::signature::{AdmitError, KeyError, KeyFileError, SignError, SignatureError, TrustError};

use super::known as code;

/// The code of `cause`, where it is such an error and calls for one.
pub(super) fn known(cause: &(dyn std::error::Error + 'static)) -> Option<u8> {
    if cause.is::<SignatureError>() {
        return Some(5);
    }
    // These pass their sources' words on as their own, so that the sources are not among the causes.
    if let Some(error) = cause.downcast_ref::<AdmitError>() {
        return admit(error);
    }
    match cause.downcast_ref() {
        Some(SignError::Open { source, .. }) => return code(source),
        Some(SignError::Copy { source, .. }) => return admit(source),
        Some(SignError::Write { .. }) => return Some(1),
        None => {}
    }
    if let Some(error) = cause.downcast_ref::<KeyFileError>() {
        return Some(match error {
            KeyFileError::Key { source: KeyError::Random(_), .. } | KeyFileError::Write { .. } => 1,
            KeyFileError::Key { .. } | KeyFileError::Exists { .. } => 2,
        });
    }
    cause.is::<TrustError>().then_some(2)
}

fn admit(error: &AdmitError) -> Option<u8> {
    match error {
        AdmitError::Signature(_) => Some(5),
        AdmitError::Damaged(error) => code(error),
    }
}
