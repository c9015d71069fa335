//! `blink bench diff`.

use crate::output::Output;

/// Compare two measurements: a real change, or noise.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DiffArgs {}

/// Compares.
pub(crate) fn run(_: &DiffArgs, _: &Output) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
