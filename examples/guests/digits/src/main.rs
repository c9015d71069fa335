//! Tells which digit a picture shows.
//!
//! ```text
//! digits [--model NAME] [PICTURE...]
//! ```
//!
//! Pictures are JPEG or PNG files of one digit, dark on light or light on dark, stdin if none is named. Each gives a
//! line: the digit and how likely it is, `7  99.81%`. The model (`digits`) is the one in `train/`.
//!
//! Exit codes: 1 no answer, 2 wrong arguments.

use std::error::Error;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use digits::Digit;
use guest_nn::{Context, Model};
use lexopt::{Arg, Parser, ValueExt};

fn main() -> ExitCode {
    let (model, pictures) = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("digits: {error}");
            return ExitCode::from(2);
        }
    };
    match run(&model, &pictures) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("digits: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The model's name and the pictures.
fn arguments() -> Result<(String, Vec<PathBuf>), lexopt::Error> {
    let (mut model, mut pictures) = ("digits".to_owned(), Vec::new());
    let mut parser = Parser::from_env();
    while let Some(word) = parser.next()? {
        match word {
            Arg::Long("model") => model = parser.value()?.string()?,
            Arg::Value(path) => pictures.push(path.into()),
            other => return Err(other.unexpected()),
        }
    }
    Ok((model, pictures))
}

fn run(model: &str, pictures: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    let model = Model::named(model)?;
    let mut context = model.context()?;
    let mut stdout = std::io::stdout().lock();
    if pictures.is_empty() {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        writeln!(stdout, "{}", answer(&mut context, &bytes)?)?;
    }
    for path in pictures {
        let answer = std::fs::read(path).map_err(Into::into).and_then(|bytes| answer(&mut context, &bytes));
        writeln!(stdout, "{}", answer.map_err(|error| format!("{}: {error}", path.display()))?)?;
    }
    stdout.flush()?;
    Ok(())
}

fn answer(context: &mut Context<'_>, picture: &[u8]) -> Result<String, Box<dyn Error>> {
    let Digit { digit, probability } = digits::tell(context, picture)?;
    Ok(format!("{digit}  {:.2}%", 100.0 * probability))
}
