//! `--require-signature` and `--trust`: which artifacts may be run at all, and which may bring their own native code.
//!
//! Where a signature is asked for, the file is opened once: what is checked is that file, and it is handed on open, so that
//! nothing put in its place meanwhile is ever used.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use blink_artifact::signature::{SignatureError, TrustError, TrustStore, Vouched};
use blink_artifact::{Artifact, Header};

use crate::output::note;

/// Who is trusted.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TrustDirectory {
    /// The directory of trusted public keys [default: blink/trust in the user's configuration directory].
    #[arg(long, value_name = "DIR")]
    trust: Option<PathBuf>,
}

/// What a run asks of its artifact's signature.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct TrustFlags {
    /// Run only what a trusted key has signed; every byte is checked before a worker starts.
    #[arg(long, conflicts_with = "guest")]
    require_signature: bool,
    #[command(flatten)]
    directory: TrustDirectory,
}

impl TrustDirectory {
    /// What a trusted key has signed, where that is the artifact at `path` and it brings native code.
    pub(crate) fn own_code(&self, path: &Path) -> anyhow::Result<Option<Vouched>> {
        Ok(self.told(blink_runtime::own_code(path, self.trust.as_deref()))?.flatten())
    }

    /// What there is of it. Where nobody has named a directory and the user's own is not in order, nobody is trusted, and
    /// that is told.
    fn told<T>(&self, found: Result<T, TrustError>) -> Result<Option<T>, TrustError> {
        match found {
            Err(error) if self.trust.is_none() => {
                note!("no key is trusted: {error}");
                Ok(None)
            }
            found => found.map(Some),
        }
    }

    /// Whether a trusted key has signed the artifact of this header, or why none has.
    pub(crate) fn judge(&self, header: &Header) -> anyhow::Result<Result<Vouched, SignatureError>> {
        let Some(signature) = header.signature else { return Ok(Err(SignatureError::Unsigned)) };
        let keys = self.told(TrustStore::find(self.trust.as_deref()))?.flatten();
        Ok(keys.map_or(Err(SignatureError::NotTrusted { found: signature.key }), |keys| keys.vouch(header)))
    }
}

impl TrustFlags {
    /// The keys of which one must have signed; `None` where no signature is asked for.
    pub(crate) fn store(&self) -> anyhow::Result<Option<TrustStore>> {
        if !self.require_signature {
            return Ok(None);
        }
        let directory = self.directory.trust.clone();
        Ok(Some(TrustStore::read(&directory.map_or_else(TrustStore::of_user, Ok)?)?))
    }

    /// Who is trusted.
    pub(crate) fn directory(&self) -> &TrustDirectory {
        &self.directory
    }
}

/// Checks `file`, which was opened as `path`: its structure and its code.
pub(crate) fn check(file: &Arc<File>, path: &Path) -> anyhow::Result<Arc<Artifact>> {
    Ok(Arc::new(Artifact::read_from(Arc::clone(file), path).with_context(|| path.display().to_string())?))
}

/// Checks `file`, which was opened as `path`: that one of `keys` has signed it, and every byte.
pub(crate) fn admit(file: &Arc<File>, path: &Path, keys: &TrustStore) -> anyhow::Result<(Arc<Artifact>, Vouched)> {
    let artifact = check(file, path)?;
    let vouched = keys.admit(&artifact).with_context(|| path.display().to_string())?;
    Ok((artifact, vouched))
}
