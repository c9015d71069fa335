//! What can be asked of the bench: `cargo bench -p blink-benches -- --runs 5 --models tiny --only cold,warm`.

use anyhow::bail;
use blink_benches::record::Settings;
use blink_benches::subject::Subject;
use clap::{Parser, ValueEnum};

/// Measures cold starts.
#[derive(Debug, Parser)]
#[command(name = "cold_start")]
pub(crate) struct Options {
    /// Cold starts of each way [default: BLINK_BENCH_RUNS, or 20].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// What to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "cold,warm,memory,channel,disk")]
    only: Vec<Part>,
    /// Models to measure.
    #[arg(long, value_delimiter = ',', default_value = "resnet50,bert,tiny")]
    pub(crate) models: Vec<Subject>,
    /// Threads of a run, for every way.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// Launches of each way for its warm runs.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..))]
    warm_launches: u32,
    /// Later runs in each of those.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    warm_runs: u32,
    /// Workers that are alive at once while their memory is looked at.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    alive: u32,
    /// The most rounds of a worker beside an instance in one process.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    channel_rounds: u32,
    /// Cold starts of each way from the disk [default: as --runs].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    disk_runs: Option<u32>,
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

/// A part of the bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Cold starts, files in the page cache.
    Cold,
    /// Later runs.
    Warm,
    /// Memory of workers that are alive at once.
    Memory,
    /// A worker beside an instance in one process.
    Channel,
    /// Cold starts from the disk.
    Disk,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Part::Cold => "cold",
            Part::Warm => "warm",
            Part::Memory => "memory",
            Part::Channel => "channel",
            Part::Disk => "disk",
        }
    }

    /// Whether it is to be measured.
    pub(crate) fn is_in(self, settings: &Settings) -> bool {
        settings.parts.contains(&self.name())
    }
}

impl Options {
    /// What the record says of them.
    pub(crate) fn settings(&self) -> anyhow::Result<Settings> {
        let runs = match (self.runs, std::env::var("BLINK_BENCH_RUNS")) {
            (Some(runs), _) => runs,
            (None, Err(_)) => 20,
            (None, Ok(text)) => match text.parse() {
                Ok(runs) if runs > 0 => runs,
                _ => bail!("BLINK_BENCH_RUNS is '{text}', expected a number from 1"),
            },
        };
        let parts = Part::value_variants().iter().filter(|part| self.only.contains(part));
        Ok(Settings {
            parts: parts.map(|part| part.name()).collect(),
            threads: self.threads as usize,
            launches: runs as usize,
            warm_launches: self.warm_launches as usize,
            warm_runs: self.warm_runs as usize,
            alive: self.alive as usize,
            channel_rounds: self.channel_rounds as usize,
            disk_launches: self.disk_runs.unwrap_or(runs) as usize,
        })
    }
}
