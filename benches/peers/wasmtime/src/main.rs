//! `wasmtime run` and `wasmtime compile`, as wasmtime's own command line has them, with WASI-NN on ONNX Runtime.
//!
//! As released, that backend downloads an ONNX Runtime while it is built, and the command line is built without it.
//! This is the same code, linked so that it loads the library that `ORT_DYLIB_PATH` names. Nothing is added.

use clap::Parser;
use wasmtime_cli::commands::{CompileCommand, RunCommand};

#[derive(Parser)]
#[command(name = "wasmtime")]
enum Wasmtime {
    Run(RunCommand),
    Compile(CompileCommand),
}

fn main() -> wasmtime::Result<()> {
    match Wasmtime::parse() {
        Wasmtime::Run(command) => command.execute(),
        Wasmtime::Compile(command) => command.execute(),
    }
}
