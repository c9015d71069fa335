//! [`Model`]: one model of an artifact, on a host that it was made for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use blink_artifact::manifest::ModelRecord;
use blink_artifact::{Artifact, ExecutionProvider, HostClass, OpenError, OrtVersion};
use blink_tensors::TensorView;

use crate::binding::{self, BindError};
use crate::device::Device;
use crate::host;
use crate::library::ORT_VERSION;

/// Why a model cannot be run here.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ModelError {
    #[error("{path}: {source}", path = path.display())]
    Open { path: PathBuf, source: OpenError },
    #[error(
        "{path} was compiled for {found} hosts, this one is {here}; compile the model again on this host with \
         `blink compile MODEL.onnx -o {path}`, or once for every host of an architecture with `--target portable`",
        path = path.display()
    )]
    Host { path: PathBuf, found: HostClass, here: HostClass },
    #[error(
        "{path} was compiled with ONNX Runtime {found}, this blink runs {ORT_VERSION}; compile the model again with \
         `blink compile MODEL.onnx -o {path}`",
        path = path.display()
    )]
    OrtVersion { path: PathBuf, found: OrtVersion },
    #[error(
        "{path} was compiled for {found}, and is to run on {asked}; {advice}",
        path = path.display(), found = found.name()
    )]
    Device { path: PathBuf, found: ExecutionProvider, asked: String, advice: &'static str },
    #[error("{path} has no model '{name}': it has {known}", path = path.display())]
    NoSuchModel { path: PathBuf, name: String, known: String },
    #[error("{path} has several models: name one of {known}", path = path.display())]
    Ambiguous { path: PathBuf, known: String },
}

/// One model of an artifact that this host can run. Cheap to clone; the artifact stays mapped while any clone lives.
#[derive(Clone, Debug)]
pub struct Model {
    artifact: Arc<Artifact>,
    index: u32,
}

impl Model {
    /// Opens, checks and maps the artifact at `path`, and takes its only model.
    pub fn open(path: impl AsRef<Path>) -> Result<Model, ModelError> {
        Model::open_named(path, None)
    }

    /// Opens, checks and maps the artifact at `path`, and takes its model called `name`; its only model where `name`
    /// is `None`.
    pub fn open_named(path: impl AsRef<Path>, name: Option<&str>) -> Result<Model, ModelError> {
        let path = path.as_ref();
        let artifact = Artifact::open(path).map_err(|source| ModelError::Open { path: path.to_owned(), source })?;
        Model::of(Arc::new(artifact), name)
    }

    /// The model called `name` in an open artifact; its only model where `name` is `None`.
    pub fn of(artifact: Arc<Artifact>, name: Option<&str>) -> Result<Model, ModelError> {
        let path = || artifact.path().to_owned();
        let (header, here) = (artifact.header(), host::class());
        if !header.host_class.runs_on(here) {
            return Err(ModelError::Host { path: path(), found: header.host_class, here });
        }
        if Some(header.ort) != OrtVersion::parse(ORT_VERSION) {
            return Err(ModelError::OrtVersion { path: path(), found: header.ort });
        }
        let known = || artifact.manifest().models.iter().map(|m| m.name.as_str()).collect::<Vec<_>>().join(", ");
        match (artifact.find_model(name), name) {
            (Some((index, _)), _) => Ok(Model { artifact, index }),
            (None, Some(name)) => Err(ModelError::NoSuchModel { path: path(), name: name.to_owned(), known: known() }),
            (None, None) => Err(ModelError::Ambiguous { path: path(), known: known() }),
        }
    }

    /// Whether an artifact may run where it is asked to: one for the CPU runs there alone, one for CUDA only where
    /// somebody has said where.
    pub fn check_device(artifact: &Artifact, asked: Option<Device>) -> Result<(), ModelError> {
        let found = artifact.header().provider;
        let advice = match (found, asked) {
            (ExecutionProvider::Cpu, None | Some(Device::Cpu)) | (ExecutionProvider::Cuda, Some(_)) => return Ok(()),
            (ExecutionProvider::Cpu, Some(_)) => "compile the model again with `--device cuda`, or leave --device out",
            (ExecutionProvider::Cuda, None) => "give --device cuda, or cuda-or-cpu, or cpu",
        };
        let asked = asked.map_or_else(|| "a device that nobody has named".to_owned(), |device| device.to_string());
        Err(ModelError::Device { path: artifact.path().to_owned(), found, asked, advice })
    }

    /// The models of a worker of this artifact: the one called `name`; without a name its only one, or all of them where
    /// they belong to a guest.
    pub fn of_worker(path: impl AsRef<Path>, name: Option<&str>) -> Result<Vec<Model>, ModelError> {
        let path = path.as_ref();
        let artifact = Artifact::read(path).map_err(|source| ModelError::Open { path: path.to_owned(), source })?;
        Model::of_worker_in(&Arc::new(artifact), name)
    }

    /// As [`Model::of_worker`], in an open artifact.
    pub fn of_worker_in(artifact: &Arc<Artifact>, name: Option<&str>) -> Result<Vec<Model>, ModelError> {
        let manifest = artifact.manifest();
        if manifest.guest.is_none() || name.is_some() {
            return Ok(vec![Model::of(Arc::clone(artifact), name)?]);
        }
        manifest.models.iter().map(|model| Model::of(Arc::clone(artifact), Some(&model.name))).collect()
    }

    /// Whether `inputs` are what the model takes: names, dtypes, ranks, dims. A run checks this too; asked before a
    /// start, it saves the start.
    pub fn check_inputs(&self, inputs: &[(&str, TensorView<'_>)]) -> Result<(), BindError> {
        binding::bind(self.record(), inputs).map(drop)
    }

    /// The artifact it belongs to.
    pub fn artifact(&self) -> &Arc<Artifact> {
        &self.artifact
    }

    /// Its place in the artifact.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// What the manifest says of it.
    pub fn record(&self) -> &ModelRecord {
        &self.artifact.manifest().models[self.index as usize]
    }
}
