//! What can be asked of the bench: `cargo bench -p blink-benches --bench serving -- zero overhead --runs 5`.

use blink_benches::subject::Subject;
use clap::{Parser, ValueEnum};

/// Measures the server.
#[derive(Debug, Parser)]
#[command(name = "serving")]
pub(crate) struct Options {
    /// What is measured [default: all].
    pub(crate) parts: Vec<Part>,
    /// First requests, each with a warm one after it.
    #[arg(long, default_value_t = 20, value_parser = positive)]
    pub(crate) runs: usize,
    /// Warm requests of each carrier.
    #[arg(long, default_value_t = 400, value_parser = positive)]
    pub(crate) requests: usize,
    /// Seconds of each number of clients, in each turn.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: u64,
    /// Bursts.
    #[arg(long, default_value_t = 10, value_parser = positive)]
    pub(crate) bursts: usize,
    /// The model of first requests and of REST's overhead.
    #[arg(long, default_value = "resnet50")]
    pub(crate) model: Subject,
    /// Workers of the tiny model while answers are counted.
    #[arg(long, default_value = "1..1")]
    pub(crate) workers: String,
    /// What the file under benches/runs is called, after its date and `serving`.
    #[arg(long)]
    pub(crate) name: Option<String>,
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
    /// First requests to a model without a worker.
    Zero,
    /// What the server adds to a warm request.
    Overhead,
    /// Answers a second.
    Rate,
    /// A hundred models that nobody asks.
    Rest,
    /// Many requests at one moment.
    Burst,
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a number from 1".to_owned())
}
