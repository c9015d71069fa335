//! What can be typed: the verbs and their arguments, each defined in its verb's file.

use clap::{Parser, Subcommand};

use crate::exit;
use crate::output::Output;
use crate::verbs;

/// Compile ONNX models to artifacts that start in the blink of an eye, and run them.
#[derive(Debug, Parser)]
#[command(name = "blink", version, after_help = exit::HELP, propagate_version = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Demo(verbs::demo::DemoArgs),
    Setup(verbs::setup::SetupArgs),
    Compile(verbs::compile::CompileArgs),
    Run(verbs::run::RunArgs),
    Serve(Box<verbs::serve::ServeArgs>),
    Worker(Box<verbs::worker::WorkerArgs>),
    Warm(verbs::warm::WarmArgs),
    Snapshots(verbs::snapshots::SnapshotsArgs),
    Inspect(verbs::inspect::InspectArgs),
    Verify(verbs::verify::VerifyArgs),
    Keygen(verbs::keygen::KeygenArgs),
    Sign(verbs::sign::SignArgs),
    Bench(Box<verbs::bench::BenchArgs>),
    Doctor(verbs::doctor::DoctorArgs),
    Completions(verbs::completions::CompletionsArgs),
    Man(verbs::man::ManArgs),
    #[command(hide = true)]
    Stock(verbs::stock::StockArgs),
}
