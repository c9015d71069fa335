//! What can be asked of the bench: `cargo bench -p blink-benches --bench guests -- --runs 5 --model tiny`.

use std::path::PathBuf;

use anyhow::bail;
use blink_benches::subject::Subject;
use clap::Parser;

use crate::built::Built;

/// Measures guests.
#[derive(Debug, Parser)]
#[command(name = "guests")]
pub(crate) struct Options {
    /// Cold starts of each way [default: BLINK_BENCH_RUNS, or 20].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// The model that guests ask at a cold start.
    #[arg(long, default_value = "resnet50")]
    pub(crate) model: Subject,
    /// Threads of a run at a cold start, for every way.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) threads: u32,
    /// Runs of a guest in a row in one worker.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(200..))]
    pub(crate) row: u32,
    /// Measure the same guest by `wasmtime run -S nn` too; where that is [default: where setup.sh has put it].
    #[arg(long, value_name = "PATH", num_args = 0..=1)]
    wasmtime: Option<Option<PathBuf>>,
    /// Draw cold starts over the size of the guest, as docs/guest-sizes.svg.
    #[arg(long)]
    pub(crate) plot: bool,
    /// What the file under benches/runs is called, after its date and `guests`.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Write no file.
    #[arg(long)]
    pub(crate) discard: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

impl Options {
    /// Cold starts of each way.
    pub(crate) fn runs(&self) -> anyhow::Result<usize> {
        match (self.runs, std::env::var("BLINK_BENCH_RUNS")) {
            (Some(runs), _) => Ok(runs as usize),
            (None, Err(_)) => Ok(20),
            (None, Ok(text)) => match text.parse() {
                Ok(runs) if runs > 0 => Ok(runs),
                _ => bail!("BLINK_BENCH_RUNS is '{text}', expected a number from 1"),
            },
        }
    }

    /// The `wasmtime` to measure, where it is asked for.
    pub(crate) fn wasmtime(&self, built: &Built) -> Option<PathBuf> {
        let given = self.wasmtime.as_ref()?;
        Some(given.clone().unwrap_or_else(|| built.target.join("peers/wasmtime/wasmtime")))
    }
}
