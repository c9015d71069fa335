//! What can be asked of the bench: `cargo bench -p blink-benches -- --runs 5 --models tiny`.

use anyhow::bail;
use blink_benches::record::Settings;
use blink_benches::subject::Subject;
use clap::Parser;

/// Measures cold starts.
#[derive(Debug, Parser)]
#[command(name = "cold_start")]
pub(crate) struct Options {
    /// Launches of each worker for its cold start [default: BLINK_BENCH_RUNS, or 30].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// Further launches of each worker for its warm runs.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..))]
    warm_launches: u32,
    /// Later runs in each of those.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    warm_runs: u32,
    /// Threads of a run, for every worker.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// Models to measure.
    #[arg(long, value_delimiter = ',', default_value = "resnet50,bert,tiny")]
    pub(crate) models: Vec<Subject>,
    /// Leave Python's onnxruntime out.
    #[arg(long)]
    pub(crate) no_python: bool,
    /// What the file under benches/runs is called, after its date.
    #[arg(long, default_value = "cold-start")]
    pub(crate) name: String,
    /// Write no file.
    #[arg(long)]
    pub(crate) discard: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

impl Options {
    /// What the record says of them.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let runs = match (self.runs, std::env::var("BLINK_BENCH_RUNS")) {
            (Some(runs), _) => runs,
            (None, Err(_)) => 30,
            (None, Ok(text)) => match text.parse() {
                Ok(runs) if runs > 0 => runs,
                _ => bail!("BLINK_BENCH_RUNS is '{text}', expected a number from 1"),
            },
        };
        Ok(Settings {
            threads: self.threads as usize,
            launches: runs as usize,
            warm_launches: self.warm_launches as usize,
            warm_runs: self.warm_runs as usize,
            page_cache: "hot",
        })
    }
}
