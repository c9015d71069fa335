//! Outputs to files: `[NAME=]FILE`; the extension decides the form, `-` is `.npy` on stdout.
//!
//! A file appears whole or not at all. What is not a regular file (a pipe, a device) is written to as it is.

use std::io::{self, Cursor, Write};
use std::path::{Path, PathBuf};

use blink_artifact::PendingFile;
use blink_tensors::{TensorView, json, npy, npz};

use super::TensorFileError;

/// One `--output`, matched to the model's outputs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    path: PathBuf,
    form: Form,
    /// Indices of the outputs that go there.
    outputs: Vec<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Npy,
    Npz,
    Json,
    Raw,
}

impl Destination {
    /// Takes every `--output` apart, before anything is run. `names` are the model's outputs.
    pub(crate) fn parse_all(specs: &[String], names: &[&str]) -> Result<Vec<Destination>, TensorFileError> {
        let mut destinations: Vec<Destination> = Vec::new();
        for spec in specs {
            let destination = Destination::parse(spec, names)?;
            if destinations.iter().any(|other| other.path == destination.path) {
                return Err(TensorFileError::SameFile { path: destination.path });
            }
            destinations.push(destination);
        }
        Ok(destinations)
    }

    fn parse(spec: &str, names: &[&str]) -> Result<Destination, TensorFileError> {
        let known = || names.join(", ");
        let named = spec.match_indices('=').map(|(at, _)| (&spec[..at], &spec[at + 1..]));
        let exact = named.clone().find_map(|(name, path)| Some((names.iter().position(|n| *n == name)?, path)));
        let (outputs, path) = match (exact, named.clone().next()) {
            (Some((index, path)), _) => (Some(index), path),
            (None, Some((name, _))) => {
                return Err(TensorFileError::UnknownName { name: name.to_owned(), side: "output", known: known() });
            }
            (None, None) => (None, spec),
        };
        let path = PathBuf::from(path);
        let form = form(&path)?;
        let outputs = match outputs {
            Some(index) => vec![index],
            None if names.len() == 1 || form == Form::Npz => (0..names.len()).collect(),
            None => return Err(TensorFileError::NameNeeded { path, side: "output", known: known() }),
        };
        Ok(Destination { path, form, outputs })
    }

    /// Whether it is stdout.
    pub(crate) fn is_stdout(&self) -> bool {
        self.path == Path::new("-")
    }
}

fn form(path: &Path) -> Result<Form, TensorFileError> {
    if path == Path::new("-") {
        return Ok(Form::Npy);
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => Ok(Form::Npy),
        Some("npz") => Ok(Form::Npz),
        Some("json") => Ok(Form::Json),
        Some("bin" | "raw") => Ok(Form::Raw),
        _ => Err(TensorFileError::OutputFormat { path: path.to_owned() }),
    }
}

/// Writes `outputs`, named as the model names them, to where they go.
pub(crate) fn write_outputs(
    destinations: &[Destination],
    outputs: &[(&str, TensorView<'_>)],
) -> Result<(), TensorFileError> {
    for destination in destinations {
        let path = || destination.path.clone();
        let chosen: Vec<_> = destination.outputs.iter().filter_map(|&index| outputs.get(index).copied()).collect();
        let bytes = encode(destination, &chosen)?;
        let written = if destination.is_stdout() {
            let mut stdout = io::stdout().lock();
            stdout.write_all(&bytes).and_then(|()| stdout.flush())
        } else {
            put(&destination.path, &bytes)
        };
        match written {
            // The reader has seen enough.
            Err(error) if destination.is_stdout() && error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.map_err(|source| TensorFileError::Write { path: path(), source })?,
        }
    }
    Ok(())
}

fn encode(destination: &Destination, outputs: &[(&str, TensorView<'_>)]) -> Result<Vec<u8>, TensorFileError> {
    let path = || destination.path.clone();
    if destination.form == Form::Npz {
        let named: Vec<_> = outputs.iter().map(|(name, view)| ((*name).to_owned(), *view)).collect();
        let mut out = Cursor::new(Vec::new());
        npz::encode(&named, &mut out).map_err(|source| TensorFileError::Npz { path: path(), source })?;
        return Ok(out.into_inner());
    }
    let mut out = Vec::new();
    for (name, view) in outputs {
        match destination.form {
            Form::Npy => {
                npy::encode(*view, &mut out).map_err(|source| TensorFileError::Npy { path: path(), source })?
            }
            Form::Json => {
                let value = json::encode(*view, usize::MAX).unwrap_or_default();
                out = serde_json::to_vec(&value).map_err(|source| TensorFileError::Json { path: path(), source })?;
                out.push(b'\n');
            }
            Form::Raw => match view.bytes() {
                Some(bytes) => out.extend_from_slice(bytes),
                None => return Err(TensorFileError::StringsAsBytes { name: (*name).to_owned() }),
            },
            Form::Npz => {}
        }
    }
    Ok(out)
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.exists() && !path.is_file() {
        return std::fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
    }
    let file = PendingFile::create(path)?;
    file.file().write_all(bytes)?;
    file.publish_unsynced(0o644)
}
