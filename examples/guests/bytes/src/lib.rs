//! Raw tensors on stdin to raw tensors on stdout, for tests and benches.
//!
//! ```text
//! bytes [--repeat N] [--ballast N] MODEL NAME:DTYPE:DIMS... -- NAME:BYTES...
//! ```
//!
//! Inputs and outputs are given in the model's order. DIMS are `1x3x224x224`, or nothing for a scalar; BYTES is what an
//! output is thought to have. Stdin holds the elements of all inputs, one after another, and nothing more. `--repeat`
//! runs the model N times and tells on stderr what a run took, from giving its inputs to having its outputs.
//! `--ballast` calls one of the pieces of code that make a guest as large as it is, and tells what it gave.
//!
//! | binary | pieces | size |
//! |---|---|---|
//! | `bytes` | 0 | about 124 KB |
//! | `bytes-medium` | 256 | about 486 KB |
//! | `bytes-large` | 832 | about 1.3 MB |
//!
//! Exit codes: 1 no answer, 2 wrong arguments.

pub mod ballast;
mod plan;

use std::error::Error;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ballast::Piece;
use guest_nn::{Input, Model, Output};
use plan::Plan;

/// The program, carrying these pieces.
pub fn main(pieces: &[Piece]) -> ExitCode {
    let plan = match Plan::parse(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("bytes: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&plan, pieces) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bytes: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(plan: &Plan, pieces: &[Piece]) -> Result<(), Box<dyn Error>> {
    if let Some(seed) = plan.ballast {
        let made = ballast::stir(pieces, seed).ok_or("this guest carries no ballast")?;
        eprintln!("ballast {made:016x}");
    }
    let mut bytes = Vec::new();
    // Room for all of it at once; where there is none, stdin has less, and is told to.
    let wanted = plan.inputs.iter().filter_map(|(_, dtype, dims)| dtype.bytes(dims)).fold(0, usize::saturating_add);
    let _ = bytes.try_reserve_exact(wanted);
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    let inputs = split(plan, &bytes)?;
    let outputs: Vec<Output<'_>> = plan.outputs.iter().map(|(name, bytes)| Output { name, bytes: *bytes }).collect();

    let model = Model::named(&plan.model)?;
    let mut context = model.context()?;
    let mut answers = Vec::new();
    let (mut shortest, begin) = (Duration::MAX, Instant::now());
    for _ in 0..plan.repeat {
        let begin = Instant::now();
        answers = context.run(&inputs, &outputs)?;
        shortest = shortest.min(begin.elapsed());
    }
    if plan.repeat > 1 {
        let (mean, shortest) = ((begin.elapsed() / plan.repeat).as_nanos(), shortest.as_nanos());
        let us = |ns: u128| format!("{}.{:03} us", ns / 1000, ns % 1000);
        eprintln!("mean {}, shortest {}", us(mean), us(shortest));
    }

    let mut stdout = std::io::stdout().lock();
    for answer in answers {
        stdout.write_all(&answer)?;
    }
    stdout.flush()?;
    Ok(())
}

/// Stdin as the inputs that were announced.
fn split<'a>(plan: &'a Plan, mut bytes: &'a [u8]) -> Result<Vec<Input<'a>>, String> {
    let mut inputs = Vec::new();
    for (name, dtype, dims) in &plan.inputs {
        let wanted = dtype.bytes(dims).ok_or_else(|| format!("input '{name}' is larger than any memory"))?;
        let (tensor, rest) = bytes
            .split_at_checked(wanted)
            .ok_or_else(|| format!("stdin has {} bytes left for input '{name}', expected {wanted}", bytes.len()))?;
        inputs.push(Input { name, dtype: *dtype, dims, bytes: tensor });
        bytes = rest;
    }
    match bytes.len() {
        0 => Ok(inputs),
        left => Err(format!("stdin has {left} bytes more than the inputs: check dtypes and dims")),
    }
}
