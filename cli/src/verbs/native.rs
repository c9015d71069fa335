//! Native code of a guest: which a start on this host would run, and made where there is none.

use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use blink_artifact::Artifact;
use blink_artifact::signature::{KeyId, Vouched};
use blink_runtime::{CodeCache, GuestError, NativeCode, native_code};
use serde::Serialize;

use super::trust::TrustDirectory;
use crate::exit;
use crate::output::note;

/// What a start of the artifact here would run as its guest's native code. Nothing is run to find out.
#[derive(Serialize)]
pub(crate) struct Judged {
    runs: Runs,
    /// The trusted key that has signed the artifact.
    trusted_key: Option<KeyId>,
    /// Why the artifact's own is not run.
    why: Option<String>,
}

/// Which native code that is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Runs {
    /// The artifact's own.
    Own,
    /// What was made here before.
    Cached,
    /// What is made here first.
    Compiled,
    /// None: that in the cache is not to be trusted.
    Nothing,
}

impl Judged {
    /// Of `artifact`; `None` where it has no guest.
    pub(crate) fn of(artifact: &Artifact, trust: &TrustDirectory) -> anyhow::Result<Option<Judged>> {
        let Some(guest) = &artifact.manifest().guest else { return Ok(None) };
        let vouched = trust.judge(artifact.header())?;
        let signed = vouched.as_ref().ok().map(Vouched::structure_hash);
        let (runs, refused) = match native_code(artifact, signed, CodeCache::of_user().ok().as_ref()) {
            Ok(NativeCode::Own) => (Runs::Own, None),
            Ok(NativeCode::Cached) => (Runs::Cached, None),
            Ok(NativeCode::None) => (Runs::Compiled, None),
            Err(GuestError::Cache(error)) => (Runs::Nothing, Some(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        let why = match (&guest.code, &vouched) {
            _ if refused.is_some() || runs == Runs::Own => refused,
            (None, _) => Some("the artifact carries none".into()),
            (Some(_), Ok(_)) => Some("the artifact's is for another engine or host".into()),
            (Some(_), Err(error)) => Some(error.to_string()),
        };
        Ok(Some(Judged { runs, trusted_key: vouched.ok().map(|vouched| vouched.key()), why }))
    }

    /// In words, on one line after `label`.
    pub(crate) fn print(&self, label: &str, out: &mut dyn Write) -> io::Result<()> {
        let what = match self.runs {
            Runs::Own => "the artifact's own is run here",
            Runs::Cached => "what was made here before is run, from the cache",
            Runs::Compiled => "it is compiled here when it is run first",
            Runs::Nothing => "it is not run",
        };
        match (&self.why, self.trusted_key) {
            (Some(why), _) => writeln!(out, "{label}{what}: {why}"),
            (None, Some(key)) => writeln!(out, "{label}{what}: it is signed by key {key}, which is trusted"),
            (None, None) => writeln!(out, "{label}{what}"),
        }
    }
}

/// Compiles the guest of `artifact` for this host, into the cache, and says so.
pub(crate) fn make(artifact: &Artifact) -> anyhow::Result<()> {
    let took = blink_compiler::guest::make(artifact, &CodeCache::of_user()?)?;
    tell(took.as_secs_f64());
    Ok(())
}

/// The same for the artifact at `path`, which was compiled a moment ago by this user, and without a word: its own native
/// code was made by a child that has read what nobody trusts, and is nothing for the cache.
pub(crate) fn keep(path: &Path) -> anyhow::Result<()> {
    let artifact = Artifact::open(path).with_context(|| path.display().to_string())?;
    blink_compiler::guest::make_ready(&artifact, None, &CodeCache::of_user()?)?;
    Ok(())
}

/// Does so where a start that may run what is `vouched` for would find no native code.
pub(crate) fn make_ready(path: &Path, vouched: Option<&Vouched>) -> anyhow::Result<()> {
    let artifact = Artifact::open(path).with_context(|| path.display().to_string())?;
    if artifact.manifest().guest.is_none() {
        return Ok(());
    }
    let made = blink_compiler::guest::make_ready(&artifact, vouched, &CodeCache::of_user()?)?;
    made.iter().for_each(|took| tell(took.as_secs_f64()));
    Ok(())
}

fn tell(seconds: f64) {
    note!("guest compiled for this host in {seconds:.1} s, and kept in the cache");
}

/// What a server makes native code with.
pub(crate) fn maker() -> blink_server::guests::Guests {
    blink_server::guests::Guests::new(std::sync::Arc::new(|artifact, cache| {
        blink_compiler::guest::make(artifact, cache).map_err(|error| exit::line(&error.into()))
    }))
}
