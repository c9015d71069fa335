//! What the arguments and the environment ask for.

use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

/// One call of this guest.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) model: String,
    pub(crate) input: String,
    pub(crate) output: String,
    /// A file of labels, a line a class.
    pub(crate) labels: Option<PathBuf>,
    pub(crate) top: usize,
    /// None: stdin.
    pub(crate) pictures: Vec<PathBuf>,
}

impl Options {
    pub(crate) fn parse() -> Result<Options, lexopt::Error> {
        let mut options = Options {
            model: std::env::var("MODEL").unwrap_or_else(|_| "resnet50".to_owned()),
            input: "input".to_owned(),
            output: "logits".to_owned(),
            labels: std::env::var_os("LABELS").map(PathBuf::from),
            top: 5,
            pictures: Vec::new(),
        };
        let mut parser = Parser::from_env();
        while let Some(word) = parser.next()? {
            match word {
                Arg::Long("model") => options.model = parser.value()?.string()?,
                Arg::Long("input") => options.input = parser.value()?.string()?,
                Arg::Long("output") => options.output = parser.value()?.string()?,
                Arg::Long("labels") => options.labels = Some(parser.value()?.into()),
                Arg::Long("top") => options.top = parser.value()?.parse()?,
                Arg::Value(path) => options.pictures.push(path.into()),
                other => return Err(other.unexpected()),
            }
        }
        Ok(options)
    }
}
