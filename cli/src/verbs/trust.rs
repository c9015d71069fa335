//! `--require-signature` and `--trust`: which artifacts may be run at all.
//!
//! The file is opened once. What is checked is that file, and it is handed on open, so that nothing put in its place
//! meanwhile is ever used.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
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

/// An artifact that a trusted key has signed.
pub(crate) struct Admitted {
    /// The file that was checked.
    pub(crate) file: Arc<File>,
    /// The same, mapped.
    pub(crate) artifact: Arc<Artifact>,
}

impl TrustFlags {
    /// Checks the artifact at `path` where a signature is asked for; else does nothing, and gives `None`.
    pub(crate) fn admit(&self, path: &Path) -> anyhow::Result<Option<Admitted>> {
        if !self.require_signature {
            return Ok(None);
        }
        let store = TrustStore::read(&self.trust.clone().map_or_else(TrustStore::of_user, Ok)?)?;
        let name = || path.display().to_string();
        let file = open(path).with_context(name)?;
        let artifact = Artifact::from_file(&file, path).with_context(name)?;
        store.admit(&artifact).with_context(name)?;
        Ok(Some(Admitted { file: Arc::new(file), artifact: Arc::new(artifact) }))
    }
}

/// Opens `path` without waiting for the other end of a pipe, and without taking a terminal.
fn open(path: &Path) -> std::io::Result<File> {
    File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}
