//! `blink sign`: a signed copy takes the artifact's place.

use std::path::PathBuf;

use blink_artifact::signature::{KeyId, SecretKey, sign};
use serde::Serialize;

use crate::output::Output;
use crate::progress;

/// Sign an artifact: it is checked, and replaced by the same bytes with a signature.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SignArgs {
    /// The artifact.
    #[arg(value_name = "ARTIFACT")]
    artifact: PathBuf,
    /// The secret key that `blink keygen` has made.
    #[arg(long, value_name = "SECRET")]
    key: PathBuf,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    artifact: &'a PathBuf,
    key: KeyId,
    /// The key whose signature was there before.
    replaced: Option<KeyId>,
}

/// Signs; the artifact stays as it was where that fails.
pub(crate) fn run(args: &SignArgs, output: &Output) -> anyhow::Result<()> {
    let key = SecretKey::read(&args.key)?;
    let bytes = std::fs::metadata(&args.artifact).map_or(0, |metadata| metadata.len());
    let bar = progress::bytes("hashing", bytes);
    let signed = sign(&args.artifact, &key, |done| bar.set_position(done));
    bar.finish_and_clear();
    let signed = signed?;
    let (artifact, replaced) = (&args.artifact, signed.replaced);
    let report = Report { schema: "blink.sign/1", artifact, key: signed.key, replaced };
    output.print(&report, |out| {
        write!(out, "{}: signed by key {}", artifact.display(), report.key)?;
        match replaced {
            Some(other) if other != report.key => writeln!(out, ", in place of key {other}"),
            _ => writeln!(out),
        }
    })
}
