//! [`Source`]: a model file, mapped, decoded and checked, with the external data it refers to.
//!
//! Weights stay in the mapped files; nothing is copied. The files must not change while a `Source` lives.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use prost::Message;

use super::census::Census;
use super::external::{ExternalError, Reference};
use super::graph::{self, GraphError};
use super::map::{MappedFile, Stamp};
use super::proto::{GraphProto, ModelProto, TensorProto};
use super::signature::{self, SignatureError, ValueSpec};
use super::stored::{self, StoredTensorError};
use super::walk::{Item, Place, walk};
use super::{digest, location};

/// Protobuf's own limit on the size of a message, in bytes.
const MAX_MODEL_LEN: u64 = i32::MAX as u64;

/// Why a model was refused.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OnnxError {
    #[error("model {path} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("model {path} is not a regular file")]
    NotAFile { path: PathBuf },
    #[error("model {path} is empty")]
    Empty { path: PathBuf },
    #[error(
        "model {path} has {found} bytes, a protobuf message ends at {MAX_MODEL_LEN}: keep weights as external data"
    )]
    TooLarge { path: PathBuf, found: u64 },
    #[error("model {path} is not an ONNX file: {source}")]
    NotOnnx { path: PathBuf, source: prost::DecodeError },
    #[error(
        "model {path} has graphs within graphs, deeper than is read: a message may hold 100 others, each in the last"
    )]
    TooDeep { path: PathBuf },
    #[error("model {path} has no {field}: it is not an ONNX file, or not a whole one")]
    Missing { path: PathBuf, field: &'static str },
    #[error("file {path} changed while the model was read: run again when nothing writes to it")]
    Changed { path: PathBuf },
    #[error(transparent)]
    Graph(#[from] GraphError),
    #[error(transparent)]
    Tensor(#[from] StoredTensorError),
    #[error(transparent)]
    External(#[from] ExternalError),
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A model read from its files.
pub struct Source {
    file: MappedFile,
    model: ModelProto,
    external: Vec<ExternalFile>,
}

/// A file beside the model that holds the elements of some of its tensors.
#[derive(Debug)]
pub struct ExternalFile {
    location: String,
    file: MappedFile,
}

impl ExternalFile {
    /// The location as the model spells it, relative to the model's directory.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Where the file is, without symbolic links.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The whole file, mapped.
    pub fn bytes(&self) -> &Bytes {
        self.file.bytes()
    }

    /// The file's BLAKE3 hash. Reads the whole file.
    pub fn hash(&self) -> blake3::Hash {
        digest::file(self.bytes())
    }
}

impl Source {
    /// Opens the model at `path` and the external data files beside it, and checks them.
    pub fn open(path: impl AsRef<Path>) -> Result<Source, OnnxError> {
        let path = path.as_ref();
        let file = map_model(path)?;
        // Decoding from `Bytes` makes every `bytes` field a slice of the mapping.
        let model = ModelProto::decode(file.bytes().clone()).map_err(|source| {
            let path = path.to_owned();
            // It has no kind to ask for, and names every message on the way.
            let is_too_deep = source.to_string().ends_with("recursion limit reached");
            if is_too_deep { OnnxError::TooDeep { path } } else { OnnxError::NotOnnx { path, source } }
        })?;
        let mut source = Source { file, model, external: Vec::new() };
        source.check_header()?;
        graph::check(&source.model)?;
        source.external = source.open_external()?;
        Ok(source)
    }

    /// Where the model file is, as it was given.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The decoded model.
    pub fn model(&self) -> &ModelProto {
        &self.model
    }

    /// The model file, mapped.
    pub fn bytes(&self) -> &Bytes {
        self.file.bytes()
    }

    /// The external data files, in order of first use.
    pub fn external_files(&self) -> &[ExternalFile] {
        &self.external
    }

    /// The inputs that a caller passes, in the model's order. Refuses inputs that are not tensors.
    pub fn inputs(&self) -> Result<Vec<ValueSpec>, OnnxError> {
        Ok(signature::inputs(self.graph()?)?)
    }

    /// The outputs that a caller receives, in the model's order. Refuses outputs that are not tensors.
    pub fn outputs(&self) -> Result<Vec<ValueSpec>, OnnxError> {
        Ok(signature::outputs(self.graph()?)?)
    }

    /// The digest of the model file and its external data files, in hex (64 digits); paths and file times do not
    /// count. Reads every file whole.
    pub fn model_hash(&self) -> String {
        let model = digest::file(self.bytes());
        digest::combined(std::iter::once(model).chain(self.external.iter().map(ExternalFile::hash)))
    }

    /// Counts of operators, nodes and parameters.
    pub fn census(&self) -> Census {
        Census::of(&self.model)
    }

    /// The bytes of a tensor of this model, from `raw_data` or from external data, without a copy; `None` where
    /// the elements are in typed fields, or where the tensor is not of this model and its reference does not fit.
    pub fn tensor_bytes(&self, tensor: &TensorProto) -> Option<Bytes> {
        if !stored::is_external(tensor) {
            return tensor.raw_data.clone();
        }
        let place = Place::Initializer(tensor.name());
        let reference = Reference::of(place, tensor).ok()?;
        let file = self.external.iter().find(|file| file.location == reference.location)?;
        let range = reference.range(place, stored::byte_len(place, tensor).ok()?, file.bytes().len()).ok()?;
        Some(file.bytes().slice(range))
    }

    /// Fails where one of the files is no longer the one that was opened. Call it after the last use of the bytes.
    pub fn check_unchanged(&self) -> Result<(), OnnxError> {
        let mut files = std::iter::once(&self.file).chain(self.external.iter().map(|external| &external.file));
        match files.find(|file| !file.is_unchanged()) {
            Some(file) => Err(OnnxError::Changed { path: file.path().to_owned() }),
            None => Ok(()),
        }
    }

    fn missing(&self, field: &'static str) -> OnnxError {
        OnnxError::Missing { path: self.path().to_owned(), field }
    }

    fn graph(&self) -> Result<&GraphProto, OnnxError> {
        self.model.graph.as_ref().ok_or_else(|| self.missing("graph"))
    }

    fn check_header(&self) -> Result<(), OnnxError> {
        self.graph()?;
        if self.model.ir_version.is_none() {
            return Err(self.missing("ir_version"));
        }
        if self.model.opset_import.is_empty() {
            return Err(self.missing("opset_import"));
        }
        Ok(())
    }

    /// Checks every stored tensor and opens each external file once.
    fn open_external(&self) -> Result<Vec<ExternalFile>, OnnxError> {
        let directory = match self.path().parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut files: Vec<ExternalFile> = Vec::new();
        let mut index: HashMap<&str, usize> = HashMap::new();
        walk(&self.model, &mut |item| {
            let (place, tensor) = match item {
                Item::Node(_) => return Ok(()),
                Item::Sparse(place, sparse) => return Ok(stored::check_sparse(place, sparse)?),
                Item::Tensor(place, tensor) => (place, tensor),
            };
            stored::check(place, tensor)?;
            if !stored::is_external(tensor) {
                return Ok(());
            }
            let reference = Reference::of(place, tensor)?;
            let position = match index.get(reference.location) {
                Some(&position) => position,
                None => {
                    let file = location::open(directory, reference.location)
                        .map_err(|source| ExternalError::Location { place: place.to_string(), source })?;
                    files.push(ExternalFile { location: reference.location.to_owned(), file });
                    index.insert(reference.location, files.len() - 1);
                    files.len() - 1
                }
            };
            reference.range(place, stored::byte_len(place, tensor)?, files[position].bytes().len())?;
            Ok::<(), OnnxError>(())
        })?;
        Ok(files)
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("file", &self.file).field("external", &self.external).finish_non_exhaustive()
    }
}

fn map_model(path: &Path) -> Result<MappedFile, OnnxError> {
    let unreadable = |source| OnnxError::Unreadable { path: path.to_owned(), source };
    let metadata = path.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(OnnxError::NotAFile { path: path.to_owned() });
    }
    match metadata.len() {
        0 => Err(OnnxError::Empty { path: path.to_owned() }),
        1..=MAX_MODEL_LEN => MappedFile::open(path, Stamp::of(&metadata)).map_err(unreadable),
        found => Err(OnnxError::TooLarge { path: path.to_owned(), found }),
    }
}

#[cfg(test)]
#[path = "source_tests.rs"]
mod tests;
