//! `blink keygen`: a key to sign with, and its public half.

use std::path::PathBuf;

use blink_artifact::signature::{KeyId, SecretKey};
use serde::Serialize;

use crate::output::Output;

/// Make a key to sign artifacts with: a secret one, and a public one for those who are to trust it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct KeygenArgs {
    /// The secret key's file; the public key's is NAME.pub. Neither is ever overwritten.
    #[arg(short, long, value_name = "NAME", default_value = "blink-key")]
    output: PathBuf,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    key: KeyId,
    secret: PathBuf,
    public: PathBuf,
}

/// Makes both files.
pub(crate) fn run(args: &KeygenArgs, output: &Output) -> anyhow::Result<()> {
    let key = SecretKey::generate()?;
    let public = key.write(&args.output)?;
    let report = Report { schema: "blink.keygen/1", key: key.public().id(), secret: args.output.clone(), public };
    output.print(&report, |out| {
        let Report { key, secret, public, .. } = &report;
        writeln!(out, "key {key}")?;
        writeln!(out, "{}: the secret key; nobody else may have it", secret.display())?;
        writeln!(out, "{}: the public key; put it into the trust directory of hosts that trust it", public.display())
    })
}
