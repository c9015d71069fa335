//! `--require-signature` and `--trust`: which artifacts may be run at all.
//!
//! The file is opened once. What is checked is that file, and it is handed on open, so that nothing put in its place
//! meanwhile is ever used.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use blink_artifact::Artifact;
use blink_artifact::signature::TrustStore;

/// What a run asks of its artifact's signature.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TrustFlags {
    /// Run only what a trusted key has signed; every byte is checked before a worker starts.
    #[arg(long, conflicts_with = "guest")]
    require_signature: bool,
    /// The directory of trusted public keys [default: blink/trust in the user's configuration directory].
    #[arg(long, value_name = "DIR", requires = "require_signature")]
    trust: Option<PathBuf>,
}

impl TrustFlags {
    /// The keys of which one must have signed; `None` where no signature is asked for.
    pub(crate) fn store(&self) -> anyhow::Result<Option<TrustStore>> {
        if !self.require_signature {
            return Ok(None);
        }
        Ok(Some(TrustStore::read(&self.trust.clone().map_or_else(TrustStore::of_user, Ok)?)?))
    }
}

/// Checks `file`, which was opened as `path`: its structure and its code, and where there are keys, the signature and
/// every byte.
pub(crate) fn check(file: &Arc<File>, path: &Path, keys: Option<&TrustStore>) -> anyhow::Result<Arc<Artifact>> {
    let name = || path.display().to_string();
    let artifact = Artifact::read_from(Arc::clone(file), path).with_context(name)?;
    keys.map_or(Ok(()), |keys| keys.admit(&artifact).map(drop)).with_context(name)?;
    Ok(Arc::new(artifact))
}
