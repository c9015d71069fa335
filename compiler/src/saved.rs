//! An optimised ONNX model as ONNX Runtime saved it: the graph decoded, its weights in files that have no name.

use std::sync::Arc;

use blink_artifact::{MappedFile, PendingFile};
use blink_runtime::engine::Graph;
use bytes::Bytes;
use prost::Message;

use crate::error::CompileError;
use crate::onnx::Census;
use crate::onnx::proto::{DataLocation, ModelProto, TensorProto};
use crate::temporary::Temporaries;

/// A model in temporary files, which go with this value.
pub(crate) struct SavedModel {
    pub(crate) proto: ModelProto,
    file: Arc<MappedFile>,
    /// External data by the location that the model calls it.
    weights: Vec<(String, Arc<MappedFile>)>,
}

/// The files that a model is to be saved to.
pub(crate) struct SavePlace {
    pub(crate) model: PendingFile,
    pub(crate) weights: PendingFile,
}

/// A mapping that [`Bytes`] can own a share of.
struct Shared(Arc<MappedFile>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl SavePlace {
    /// Two files of `files`.
    pub(crate) fn create(files: &Temporaries) -> Result<SavePlace, CompileError> {
        Ok(SavePlace { model: files.create()?, weights: files.create()? })
    }

    /// What the model calls the file of its weights: that file's name in the directory of the model's.
    pub(crate) fn weights_name(&self) -> String {
        self.weights.path().file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl SavedModel {
    /// Reads back what was saved to `place`, whose weights it calls `location`, with `more` files that it refers to.
    pub(crate) fn open(
        place: &SavePlace,
        location: &str,
        mut more: Vec<(String, Arc<MappedFile>)>,
        files: &Temporaries,
    ) -> Result<SavedModel, CompileError> {
        let file = Arc::new(MappedFile::of(place.model.file(), files.path())?);
        if place.weights.file().metadata().map_err(|source| files.failed(source))?.len() > 0 {
            more.push((location.to_owned(), Arc::new(MappedFile::of(place.weights.file(), files.path())?)));
        }
        let bytes = Bytes::from_owner(Shared(Arc::clone(&file)));
        let proto = ModelProto::decode(bytes).map_err(|source| CompileError::Optimised { source })?;
        Ok(SavedModel { proto, file, weights: more })
    }

    /// The model as ONNX Runtime takes it.
    pub(crate) fn graph(&self) -> Graph {
        Graph::Onnx(Arc::clone(&self.file), self.weights.clone())
    }

    /// The files its weights are in.
    pub(crate) fn weights(&self) -> &[(String, Arc<MappedFile>)] {
        &self.weights
    }

    /// A tensor's elements, from the model or from external data, without a copy; `None` where they are in typed
    /// fields, or where the reference leads nowhere.
    pub(crate) fn tensor_bytes(&self, tensor: &TensorProto) -> Option<Bytes> {
        if tensor.data_location() != DataLocation::External {
            return tensor.raw_data.clone();
        }
        let entry = |key| tensor.external_data.iter().find(|entry| entry.key() == key).map(|entry| entry.value());
        let (_, file) = self.weights.iter().find(|(name, _)| Some(name.as_str()) == entry("location"))?;
        let offset: usize = entry("offset").unwrap_or("0").parse().ok()?;
        let end = offset.checked_add(entry("length")?.parse().ok()?)?;
        (end <= file.len()).then(|| Bytes::from_owner(Shared(Arc::clone(file))).slice(offset..end))
    }

    /// Counts of operators, nodes and parameters.
    pub(crate) fn census(&self) -> Census {
        Census::of(&self.proto)
    }
}
