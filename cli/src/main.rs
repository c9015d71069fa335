//! The `blink` binary: one verb a file, in `verbs/`. It is the worker's program too, and the compiler's child.
//!
//! | file | what it decides |
//! |---|---|
//! | `args.rs` | what can be typed |
//! | `exit.rs` | how the process ends |
//! | `output.rs` | what stdout carries |
//! | `program.rs` | which program workers are |
//! | `progress.rs` | what stderr shows while one waits |
//! | `quantity.rs` | sizes and times as typed |
//! | `tensor_files/` | `--input` and `--output` |

mod args;
mod exit;
mod output;
mod program;
mod progress;
mod quantity;
mod setup;
mod tensor_files;
mod verbs;

use blink_compiler::child;
use blink_runtime::{timeline, worker};
use clap::Parser;

use crate::args::{Cli, Verb};

fn main() -> std::process::ExitCode {
    // Before anything else: a worker pays for nothing that it does not use.
    if worker::is_asked_for() {
        worker::enter()
    }
    if child::is_asked_for() {
        child::enter()
    }
    let entered = timeline::now();
    let Cli { output, verb } = Cli::parse();
    let result = match &verb {
        Verb::Demo(args) => verbs::demo::run(args, &output),
        Verb::Setup(args) => verbs::setup::run(args, &output),
        Verb::Compile(args) => verbs::compile::run(args, &output),
        Verb::Run(args) => verbs::run::run(args, &output),
        Verb::Serve(args) => verbs::serve::run(args, &output),
        Verb::Worker(args) => verbs::worker::run(args),
        Verb::Warm(args) => verbs::warm::run(args, &output),
        Verb::Snapshots(args) => verbs::snapshots::run(args, &output),
        Verb::Inspect(args) => verbs::inspect::run(args, &output),
        Verb::Verify(args) => verbs::verify::run(args, &output),
        Verb::Keygen(args) => verbs::keygen::run(args, &output),
        Verb::Sign(args) => verbs::sign::run(args, &output),
        Verb::Bench(args) => verbs::bench::run(args, &output),
        Verb::Doctor(args) => verbs::doctor::run(args, &output),
        Verb::Completions(args) => verbs::completions::run(args),
        Verb::Man(args) => verbs::man::run(args),
        Verb::Stock(args) => verbs::stock::run(args, entered),
    };
    exit::end(result)
}
