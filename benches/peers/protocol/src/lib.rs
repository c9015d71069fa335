//! How the bench talks to a peer: arguments in, the first answer out, and then line by line.
//!
//! A peer is started as `PEER MODEL --input NAME=FILE.npy ... --threads N`. It writes its first answer to stdout as one
//! `.npy` and ends at once, without tearing anything down. With `--serve` it writes a line `ready`, and then, for each
//! line that it reads, makes one run and writes one line: a digest of the answer. It ends when its stdin does.
//! Refuses options that it does not know: a peer that ignores one measures something else than was asked for.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use blink_tensors::{DataView, Tensor, TensorView, npy};

/// What a peer was asked for.
pub struct Request {
    /// The model, or what `--prepare` made of it.
    pub model: PathBuf,
    /// The .onnx file to make `model` of; nothing is run then.
    pub prepare: Option<PathBuf>,
    /// Inputs by name, in the order given.
    pub inputs: Vec<(String, Tensor)>,
    /// Threads of one run.
    pub threads: usize,
    serve: bool,
}

impl Request {
    /// The request in this process's arguments, inputs read.
    pub fn from_arguments() -> Result<Request> {
        let mut words = std::env::args().skip(1);
        let model = words.next().context("MODEL is missing")?.into();
        let (mut prepare, mut inputs, mut threads, mut serve) = (None, Vec::new(), None, false);
        while let Some(word) = words.next() {
            if word == "--serve" {
                serve = true;
                continue;
            }
            let value = words.next().with_context(|| format!("{word} has no value"))?;
            match word.as_str() {
                "--input" => inputs.push(input(&value)?),
                "--threads" => threads = Some(value.parse().with_context(|| format!("--threads {value}"))?),
                "--prepare" => prepare = Some(value.into()),
                _ => bail!("'{word}' is not an option"),
            }
        }
        let threads = threads.context("--threads N is missing")?;
        Ok(Request { model, prepare, inputs, threads, serve })
    }

    /// Answers as was asked: once, or once a line. Ends the process.
    pub fn answer(
        &self,
        mut run: impl FnMut(&mut dyn FnMut(TensorView<'_>) -> Result<()>) -> Result<()>,
    ) -> Result<()> {
        let mut out = std::io::stdout().lock();
        if !self.serve {
            let mut bytes = Vec::new();
            run(&mut |answer| Ok(npy::encode(answer, &mut bytes)?))?;
            out.write_all(&bytes)?;
            out.flush()?;
            std::process::exit(0);
        }
        writeln!(out, "ready")?;
        out.flush()?;
        for line in std::io::stdin().lock().lines() {
            line?;
            let mut digest = None;
            run(&mut |answer| {
                let DataView::Bytes(bytes) = answer.data() else { bail!("the answer is strings") };
                digest = Some(crc32fast::hash(bytes));
                Ok(())
            })?;
            writeln!(out, "{:08x}", digest.context("a run gave no answer")?)?;
            out.flush()?;
        }
        std::process::exit(0);
    }
}

fn input(value: &str) -> Result<(String, Tensor)> {
    let (name, path) = value.split_once('=').with_context(|| format!("--input {value}: expected NAME=FILE.npy"))?;
    let bytes = std::fs::read(path).with_context(|| format!("{path} could not be read"))?;
    let tensor = npy::decode(&bytes).with_context(|| format!("{path} could not be read as .npy"))?;
    Ok((name.to_owned(), tensor))
}
