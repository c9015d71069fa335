//! What the arguments ask for. All names must be given: nobody else knows them.

use std::error::Error;

use lexopt::{Arg, Parser, ValueExt};

/// One call of this guest.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) model: String,
    pub(crate) input: String,
    pub(crate) outputs: Vec<String>,
    pub(crate) dims: Option<Vec<u32>>,
}

impl Options {
    pub(crate) fn parse() -> Result<Options, Box<dyn Error>> {
        let (mut model, mut input, mut outputs, mut dims) = (None, None, Vec::new(), None);
        let mut parser = Parser::from_env();
        while let Some(word) = parser.next()? {
            match word {
                Arg::Long("model") => model = Some(parser.value()?.string()?),
                Arg::Long("input") => input = Some(parser.value()?.string()?),
                Arg::Long("output") => outputs.push(parser.value()?.string()?),
                Arg::Long("dims") => dims = Some(parser.value()?.parse_with(parse_dims)?),
                other => return Err(other.unexpected().into()),
            }
        }
        let model = model.ok_or("model not named, expected --model NAME")?;
        let input = input.ok_or("input not named, expected --input NAME")?;
        match outputs.is_empty() {
            true => Err("no output named, expected --output NAME".into()),
            false => Ok(Options { model, input, outputs, dims }),
        }
    }
}

fn parse_dims(word: &str) -> Result<Vec<u32>, std::num::ParseIntError> {
    word.split('x').map(str::parse).collect()
}
