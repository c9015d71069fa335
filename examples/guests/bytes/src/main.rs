//! Raw tensors on stdin to raw tensors on stdout, for tests and benches.
//!
//! ```text
//! bytes [--repeat N] [--ballast N] MODEL NAME:DTYPE:DIMS... -- NAME:BYTES...
//! ```
//!
//! Inputs and outputs are given in the model's order. DIMS are `1x3x224x224`, or nothing for a scalar; BYTES is what an
//! output is thought to have. Stdin holds the elements of all inputs, one after another, and nothing more. `--repeat`
//! runs the model N times and tells on stderr what a run took, from giving its inputs to having its outputs.
//! `--ballast` calls a piece of the code that makes this guest as large as it is.
//!
//! Exit codes: 1 no answer, 2 wrong arguments.

mod ballast;
mod plan;

use std::error::Error;
use std::io::{Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use guest_nn::{Input, Model, Output};
use plan::Plan;

fn main() -> ExitCode {
    let plan = match Plan::parse(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(error) => {
            eprintln!("bytes: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&plan) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bytes: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(plan: &Plan) -> Result<(), Box<dyn Error>> {
    if let Some(seed) = plan.ballast {
        eprintln!("ballast {:016x}", ballast::stir(seed));
    }
    let mut bytes = Vec::new();
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
        let mean = begin.elapsed().as_secs_f64() / f64::from(plan.repeat);
        eprintln!("mean {:.3} us, shortest {:.3} us", 1e6 * mean, 1e6 * shortest.as_secs_f64());
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
