//! The `blink` binary: one verb a file, in `verbs/`.
//!
//! | file | what it decides |
//! |---|---|
//! | `args.rs` | what can be typed |
//! | `exit.rs` | how the process ends |
//! | `output.rs` | what stdout carries |
//! | `progress.rs` | what stderr shows while one waits |
//! | `tensor_files/` | `--input` and `--output` |

mod args;
mod exit;
mod output;
mod progress;
mod setup;
mod tensor_files;
mod verbs;

use blink_runtime::timeline;
use clap::Parser;

use crate::args::{Cli, Verb};

fn main() -> std::process::ExitCode {
    let entered = timeline::now();
    let Cli { output, verb } = Cli::parse();
    let result = match &verb {
        Verb::Demo(args) => verbs::demo::run(args, &output),
        Verb::Setup(args) => verbs::setup::run(args, &output),
        Verb::Compile(args) => verbs::compile::run(args, &output),
        Verb::Run(args) => verbs::run::run(args, &output, entered),
        Verb::Inspect(args) => verbs::inspect::run(args, &output),
        Verb::Verify(args) => verbs::verify::run(args, &output),
        Verb::Doctor(args) => verbs::doctor::run(args, &output),
        Verb::Completions(args) => verbs::completions::run(args),
        Verb::Man(args) => verbs::man::run(args),
        Verb::Stock(args) => verbs::stock::run(args, entered),
    };
    exit::end(result)
}
