//! Inputs from files: `[NAME=]FILE`, or `[NAME]:dtype:shape=FILE` for raw bytes; `-` is stdin.

use std::io::Read;
use std::path::{Path, PathBuf};

use blink_artifact::manifest::ValueSpec;
use blink_tensors::{DType, Tensor, json, npy, npz, raw};

use super::TensorFileError;

/// One `--input`, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Spec {
    name: Option<String>,
    raw: Option<(DType, Vec<usize>)>,
    path: PathBuf,
}

/// Reads every `--input` for a model that takes `inputs`: names and tensors, in the order given.
pub(crate) fn read_inputs(specs: &[String], inputs: &[ValueSpec]) -> Result<Vec<(String, Tensor)>, TensorFileError> {
    let wanted = |name: &str| inputs.iter().find(|input| input.name == name).map(|input| input.dtype);
    let known = || inputs.iter().map(|input| input.name.as_str()).collect::<Vec<_>>().join(", ");
    let (mut tensors, mut stdin_used) = (Vec::new(), false);
    for spec in specs {
        let spec = parse(spec, |name| wanted(name).is_some());
        if spec.path == Path::new("-") && std::mem::replace(&mut stdin_used, true) {
            return Err(TensorFileError::StdinTwice);
        }
        let bytes = read(&spec.path)?;
        let path = || spec.path.clone();
        if spec.raw.is_none() && format(&spec.path, &bytes)? == Format::Npz {
            let all = npz::decode_as(&bytes, npz::Limits::default(), wanted)
                .map_err(|source| TensorFileError::Npz { path: path(), source })?;
            tensors.extend(from_archive(all, spec.name, spec.path)?);
            continue;
        }
        let name = match spec.name {
            Some(name) => name,
            None => match inputs {
                [only] => only.name.clone(),
                _ => return Err(TensorFileError::NameNeeded { path: path(), side: "input", known: known() }),
            },
        };
        let Some(dtype) = wanted(&name) else {
            return Err(TensorFileError::UnknownName { name, side: "input", known: known() });
        };
        let tensor = match (&spec.raw, format(&spec.path, &bytes)) {
            (Some((dtype, shape)), _) => {
                raw::decode(*dtype, shape, &bytes).map_err(|source| TensorFileError::Raw { path: path(), source })?
            }
            (None, Ok(Format::Npy)) => {
                npy::decode_as(&bytes, Some(dtype)).map_err(|source| TensorFileError::Npy { path: path(), source })?
            }
            (None, Ok(_)) => {
                let value =
                    serde_json::from_slice(&bytes).map_err(|source| TensorFileError::Json { path: path(), source })?;
                json::decode(&value, dtype).map_err(|source| TensorFileError::JsonTensor { path: path(), source })?
            }
            (None, Err(error)) => return Err(error),
        };
        tensors.push((name, tensor));
    }
    Ok(tensors)
}

/// Everything in an archive, or the one tensor that `name` asks for: the one called so, or the only one.
fn from_archive(
    mut all: Vec<(String, Tensor)>,
    name: Option<String>,
    path: PathBuf,
) -> Result<Vec<(String, Tensor)>, TensorFileError> {
    let Some(name) = name else { return Ok(all) };
    let index = match all.iter().position(|(known, _)| *known == name) {
        Some(index) => index,
        None if all.len() == 1 => 0,
        None => {
            let known = all.iter().map(|(known, _)| known.as_str()).collect::<Vec<_>>().join(", ");
            return Err(TensorFileError::NotInArchive { path, name, known });
        }
    };
    Ok(vec![(name, all.swap_remove(index).1)])
}

/// Takes one `--input` apart. `is_input` tells names of the model, which may hold ':' and '='.
fn parse(spec: &str, is_input: impl Fn(&str) -> bool) -> Spec {
    // The longest prefix that is an input's name wins, then the first '='.
    let mut splits: Vec<usize> = spec.match_indices('=').map(|(at, _)| at).collect();
    splits.sort_by_key(|&at| (!is_input(&spec[..at]), at));
    let Some(&at) = splits.first() else {
        return Spec { name: None, raw: None, path: spec.into() };
    };
    let (left, path) = (&spec[..at], PathBuf::from(&spec[at + 1..]));
    if is_input(left) {
        return Spec { name: Some(left.to_owned()), raw: None, path };
    }
    let mut parts = left.rsplitn(3, ':');
    if let (Some(shape), Some(dtype), Some(name)) = (parts.next(), parts.next(), parts.next())
        && let Ok(raw) = raw::parse_spec(&format!("{dtype}:{shape}"))
    {
        return Spec { name: Some(name.to_owned()).filter(|name| !name.is_empty()), raw: Some(raw), path };
    }
    Spec { name: Some(left.to_owned()), raw: None, path }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Npy,
    Npz,
    Json,
}

/// By the extension; where it says nothing (a pipe), by the first bytes.
fn format(path: &Path, bytes: &[u8]) -> Result<Format, TensorFileError> {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("npy") => return Ok(Format::Npy),
        Some("npz") => return Ok(Format::Npz),
        Some("json") => return Ok(Format::Json),
        _ => {}
    }
    if bytes.starts_with(b"\x93NUMPY") {
        Ok(Format::Npy)
    } else if bytes.starts_with(b"PK") {
        Ok(Format::Npz)
    } else if bytes.trim_ascii_start().starts_with(b"[") {
        Ok(Format::Json)
    } else {
        Err(TensorFileError::UnknownFormat { path: path.to_owned() })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TensorFileError> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    bytes.map_err(|source| TensorFileError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(name: Option<&str>, raw: Option<(DType, Vec<usize>)>, path: &str) -> Spec {
        Spec { name: name.map(str::to_owned), raw, path: path.into() }
    }

    #[test]
    fn specs_are_taken_apart() {
        let is_input = |name: &str| ["x", "x:0", "a=b"].contains(&name);
        let raw = Some((DType::F32, vec![1, 3]));
        let cases = [
            ("cat.npy", spec(None, None, "cat.npy")),
            ("-", spec(None, None, "-")),
            ("x=cat.npy", spec(Some("x"), None, "cat.npy")),
            ("x=a=b.npy", spec(Some("x"), None, "a=b.npy")),
            ("x:0=cat.npy", spec(Some("x:0"), None, "cat.npy")),
            ("a=b=cat.npy", spec(Some("a=b"), None, "cat.npy")),
            ("x:f32:1x3=cat.bin", spec(Some("x"), raw.clone(), "cat.bin")),
            ("x:0:f32:1x3=cat.bin", spec(Some("x:0"), raw.clone(), "cat.bin")),
            (":f32:1x3=cat.bin", spec(None, raw, "cat.bin")),
            ("y=cat.npy", spec(Some("y"), None, "cat.npy")),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, is_input), expected, "{text}");
        }
    }

    #[test]
    fn formats_are_told_by_extension_then_by_content() {
        assert_eq!(format(Path::new("a.npy"), b"").unwrap(), Format::Npy);
        assert_eq!(format(Path::new("-"), b"\x93NUMPY\x01").unwrap(), Format::Npy);
        assert_eq!(format(Path::new("-"), b"PK\x03\x04").unwrap(), Format::Npz);
        assert_eq!(format(Path::new("-"), b" [[1]]").unwrap(), Format::Json);
        assert!(matches!(format(Path::new("a.bin"), b"\0"), Err(TensorFileError::UnknownFormat { .. })));
    }
}
