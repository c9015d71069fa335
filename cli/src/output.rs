//! How a verb speaks: data to stdout, everything else to stderr, and one switch between text and JSON.

use std::io::{self, Write};

use anyhow::Context;
use clap::ValueEnum;
use serde::Serialize;

/// Tells the user something beside the data, on stderr. Nobody need be listening.
macro_rules! note {
    ($($words:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), "blink: {}", format_args!($($words)*));
    }};
}
pub(crate) use note;

/// What stdout carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs: one JSON document, with a `schema` field that names its version.
    Json,
}

/// The options every verb shares.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Output {
    /// What to print on stdout.
    #[arg(long, value_enum, default_value = "text", global = true)]
    pub(crate) format: Format,
    /// Say more on stderr.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
}

/// What is said where stdout takes nothing more.
const UNWRITABLE: &str = "stdout could not be written to";

/// Bytes in MiB.
pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// Writes `bytes` to stdout. A closed pipe is not an error: the reader has seen enough.
pub(crate) fn write(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context(UNWRITABLE),
        _ => Ok(()),
    }
}

impl Output {
    /// Prints `value` as JSON where that was asked for, else what `text` writes.
    ///
    /// A closed pipe is not an error: the reader has seen enough.
    pub(crate) fn print<T: Serialize>(
        &self,
        value: &T,
        text: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = match self.format {
            Format::Text => text(&mut out),
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from).and_then(|()| writeln!(out))
            }
        };
        match written.and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context(UNWRITABLE),
            _ => Ok(()),
        }
    }
}
