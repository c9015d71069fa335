//! `blink man`: the manual, as roff.

use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;

use crate::args::Cli;
use crate::output;

/// Print the manual page, or write one page a verb into a directory.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// Write `blink.1`, `blink-run.1`, ... here instead.
    #[arg(long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}

/// Prints or writes the manual.
pub(crate) fn run(args: &ManArgs) -> anyhow::Result<()> {
    match &args.directory {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            output::write(&page)
        }
        Some(directory) => clap_mangen::generate_to(Cli::command(), directory)
            .with_context(|| format!("manual pages cannot be written to {}", directory.display())),
    }
}
