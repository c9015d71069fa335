//! [`own_code`]: who has signed the native code that an artifact brings.

use std::path::Path;

use blink_artifact::signature::{TrustError, TrustStore, Vouched, signed_code};

/// What a trusted key has signed, where that is the artifact at `path` and it brings native code: for
/// [`WorkerSpec::own_code`](crate::WorkerSpec). Trusted are the keys of `directory`, which must be in order where it is
/// named, else this user's own.
///
/// What of the artifact cannot be read here is told by whoever opens it. One without a signature costs one read; one with,
/// the reading of the keys, and one signature checked.
pub fn own_code(path: &Path, directory: Option<&Path>) -> Result<Option<Vouched>, TrustError> {
    let header = signed_code(path).ok().flatten();
    if header.is_none() && directory.is_none() {
        return Ok(None);
    }
    let keys = TrustStore::find(directory)?;
    Ok(header.zip(keys).and_then(|(header, keys)| keys.vouch(&header).ok()))
}
