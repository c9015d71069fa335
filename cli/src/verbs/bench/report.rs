//! `blink bench report`.

use crate::output::Output;

/// Show a measurement as a page, or hand it to other programs.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ReportArgs {}

/// Reports.
pub(crate) fn run(_: &ReportArgs, _: &Output) -> anyhow::Result<()> {
    anyhow::bail!("not there yet")
}
