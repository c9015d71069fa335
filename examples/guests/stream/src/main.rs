//! Answers line by line.
//!
//! ```text
//! stream --model NAME --input NAME --output NAME... [--dims 1xN]
//! ```
//!
//! Each line of stdin is one input, f32: a JSON list of numbers, or numbers with commas between them. Each gives one
//! line at once: a JSON object with a list of numbers for each output, in the model's order, f32. A line that is no
//! input, or that the model refuses, gives `{"error": ...}`, and the next one is read; an empty line gives nothing.
//! DIMS are [1, numbers in the line] unless they are given.
//!
//! Exit codes: 1 no model, or stdin or stdout gone; 2 wrong arguments.

mod line;
mod options;

use std::error::Error;
use std::io::{BufRead, Write};
use std::process::ExitCode;

use guest_nn::{Context, DType, Input, Model, Output, bytes_of_f32, f32s};
use options::Options;
use serde_json::json;

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("stream: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stream: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let model = Model::named(&options.model)?;
    let mut context = model.context()?;
    let (mut stdin, mut stdout) = (std::io::stdin().lock(), std::io::stdout().lock());
    let mut bytes = Vec::new();
    while stdin.read_until(b'\n', &mut bytes)? > 0 {
        if !bytes.trim_ascii().is_empty() {
            let answer =
                answer(options, &mut context, &bytes).unwrap_or_else(|error| json!({ "error": error }).to_string());
            writeln!(stdout, "{answer}")?;
            stdout.flush()?;
        }
        bytes.clear();
    }
    Ok(())
}

/// The answer to one line.
fn answer(options: &Options, context: &mut Context<'_>, bytes: &[u8]) -> Result<String, String> {
    let numbers = line::numbers(bytes)?;
    let count = u32::try_from(numbers.len()).map_err(|_| "line has too many numbers")?;
    let row = [1, count];
    let dims = options.dims.as_deref().unwrap_or(&row);
    if DType::F32.bytes(dims) != Some(numbers.len() * size_of::<f32>()) {
        return Err(format!("line has {count} numbers, expected as many as {dims:?} asks for"));
    }
    let bytes = bytes_of_f32(&numbers);
    let input = Input { name: &options.input, dtype: DType::F32, dims, bytes: &bytes };
    let outputs: Vec<Output<'_>> = options.outputs.iter().map(|name| Output { name, bytes: 4096 }).collect();
    let answers = context.run(&[input], &outputs).map_err(|error| error.to_string())?;
    let json = |value: serde_json::Result<String>| value.map_err(|error| error.to_string());
    let mut members = Vec::new();
    for (name, bytes) in options.outputs.iter().zip(&answers) {
        members.push(format!("{}:{}", json(serde_json::to_string(name))?, json(serde_json::to_string(&f32s(bytes)))?));
    }
    Ok(format!("{{{}}}", members.join(",")))
}
