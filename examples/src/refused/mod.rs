//! Files that must be refused, each for one reason: not a model, a model that cannot run, or one that lies about its
//! weights or reaches outside its directory.

mod external;
mod files;
mod graphs;
mod signatures;
mod tensors;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What finds the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundBy {
    /// Opening the model's files.
    Opening,
    /// Reading its inputs and outputs.
    Signature,
    /// ONNX Runtime, which knows the operators.
    Operators,
}

/// A file that must be refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Why, in a few words joined by underscores; unique.
    pub label: &'static str,
    /// The file.
    pub path: PathBuf,
    /// What finds the fault.
    pub found_by: FoundBy,
}

/// A file's label, what finds its fault, and its bytes.
type Fault = (&'static str, FoundBy, Vec<u8>);

/// Writes every such file as `<label>/model.onnx` below `directory`, with what it refers to.
pub fn write_all(directory: &Path) -> io::Result<Vec<Refused>> {
    let outside = directory.join("outside.data");
    fs::write(&outside, [0; 16])?;
    let faults = [files::faults(), graphs::faults(), tensors::faults(), signatures::faults()].concat();
    let mut written = Vec::new();
    for (label, found_by, bytes) in faults.into_iter().chain(external::faults(&outside)) {
        let folder = directory.join(label);
        fs::create_dir_all(&folder)?;
        let path = folder.join("model.onnx");
        fs::write(&path, bytes)?;
        external::place_data(label, &folder, &outside)?;
        written.push(Refused { label, path, found_by });
    }
    Ok(written)
}
