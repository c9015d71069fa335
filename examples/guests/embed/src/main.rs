//! Makes vectors of texts: near vectors for texts that mean the same, if the model has learnt so.
//!
//! ```text
//! embed [--model NAME] [--length N] [TEXT...]
//! embed [--model NAME] [--length N] --similarity TEXT TEXT
//! ```
//!
//! Each text gives a line, a JSON list of numbers whose squares sum to one: the mean over its tokens of what the model
//! gives for them. Stdin is the text if none is named. `--similarity` gives the cosine between two texts instead: -1, 0
//! or 1 for opposite, unrelated or equal. The model (`bert`) takes `input_ids`, `attention_mask` and `token_type_ids`,
//! i64 [1, N] with N of 128 or as given, gives `last_hidden_state`, f32 [1, N, width], and knows 8192 tokens.
//!
//! The vocabulary is read by an initialiser, which a compiler may run once and for all.
//!
//! Exit codes: 1 no answer, 2 wrong arguments.

mod initialiser;
mod sentence;
mod tokens;
mod vocabulary;

use std::error::Error;
use std::io::{Read, Write};
use std::process::ExitCode;

use guest_nn::Model;
use lexopt::{Arg, Parser, ValueExt};
use sentence::Encoder;

/// What the arguments ask for.
struct Options {
    model: String,
    length: usize,
    similarity: bool,
    texts: Vec<String>,
}

fn main() -> ExitCode {
    let options = match arguments() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("embed: {error}");
            return ExitCode::from(2);
        }
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("embed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { model: "bert".to_owned(), length: 128, similarity: false, texts: Vec::new() };
    let mut parser = Parser::from_env();
    while let Some(word) = parser.next()? {
        match word {
            Arg::Long("model") => options.model = parser.value()?.string()?,
            Arg::Long("length") => options.length = parser.value()?.parse()?,
            Arg::Long("similarity") => options.similarity = true,
            Arg::Value(text) => options.texts.push(text.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    if !(2..=4096).contains(&options.length) {
        return Err(format!("--length is {}, expected 2 to 4096", options.length).into());
    }
    if options.similarity && options.texts.len() != 2 {
        return Err(format!("--similarity has {} texts, expected 2", options.texts.len()).into());
    }
    Ok(options)
}

fn run(options: Options) -> Result<(), Box<dyn Error>> {
    let model = Model::named(&options.model)?;
    let mut encoder = Encoder::new(&model, options.length)?;
    let texts = match options.texts.is_empty() {
        true => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text)?;
            vec![text]
        }
        false => options.texts,
    };
    let vectors = texts.iter().map(|text| encoder.vector(text)).collect::<Result<Vec<_>, _>>()?;
    let mut stdout = std::io::stdout().lock();
    if let ([left, right], true) = (&vectors[..], options.similarity) {
        let cosine: f32 = left.iter().zip(right).map(|(left, right)| left * right).sum();
        writeln!(stdout, "{cosine:.6}")?;
    } else {
        for vector in vectors {
            let numbers: Vec<String> = vector.iter().map(f32::to_string).collect();
            writeln!(stdout, "[{}]", numbers.join(", "))?;
        }
    }
    stdout.flush()?;
    Ok(())
}
