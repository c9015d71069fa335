//! The first stage: everything that the request names, opened and checked before anything is computed.

use std::path::Path;
use std::sync::Arc;

use blink_artifact::manifest::ValueSpec;
use blink_artifact::{Artifact, ExecutionProvider, HostClass, OpenError, OrtVersion};
use blink_runtime::library::ORT_VERSION;

use crate::clock::Clock;
use crate::dims;
use crate::error::CompileError;
use crate::guest::{self, Checked};
use crate::names;
use crate::onnx::Source;
use crate::request::{ModelSource, Request, Stage};

/// Most models of an artifact (`docs/format.md`).
const MAX_MODELS: usize = 64;

/// What a request names.
pub(crate) struct Inputs {
    pub(crate) models: Vec<Input>,
    pub(crate) guest: Option<Checked>,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

/// One model.
pub(crate) struct Input {
    /// What it is to be called.
    pub(crate) name: String,
    pub(crate) from: Origin,
}

/// Where it comes from.
pub(crate) enum Origin {
    /// ONNX, with its inputs and outputs as they stand there.
    Onnx { source: Box<Source>, inputs: Vec<ValueSpec>, outputs: Vec<ValueSpec> },
    /// A model of another artifact, every byte of which has been checked.
    Artifact { artifact: Arc<Artifact>, index: u32 },
}

impl Inputs {
    /// Opens what `request` names, for hosts of class `host`.
    pub(crate) fn open(request: &Request, host: HostClass, clock: &mut Clock<'_>) -> Result<Inputs, CompileError> {
        let mut all = Inputs { models: Vec::new(), guest: None, notes: Vec::new() };
        for source in &request.models {
            clock.begin(Stage::Read, &source.path);
            check_output(&request.output, &source.path)?;
            all.add(source, host, request.device.provider())?;
        }
        if !(1..=MAX_MODELS).contains(&all.models.len()) {
            return Err(CompileError::ModelCount { found: all.models.len() });
        }
        names::check_unique(all.models.iter().map(|model| model.name.as_str()))?;
        let known = dims::symbolic(all.models.iter().flat_map(Input::inputs));
        dims::check(&request.set_dims, &known)?;
        dims::check(&request.golden_dims, &known)?;
        if let Some(source) = &request.guest {
            clock.begin(Stage::Read, &source.path);
            check_output(&request.output, &source.path)?;
            all.guest = Some(guest::read(source)?);
        }
        Ok(all)
    }

    fn add(
        &mut self,
        source: &ModelSource,
        host_class: HostClass,
        provider: ExecutionProvider,
    ) -> Result<(), CompileError> {
        let path = &source.path;
        let artifact = match Artifact::open(path) {
            Ok(artifact) => artifact,
            Err(error) if is_no_artifact(&error) => {
                let name = names::name(source.name.as_deref(), path)?;
                let source = Box::new(Source::open(path)?);
                let (inputs, outputs) = (source.inputs()?, source.outputs()?);
                self.models.push(Input { name, from: Origin::Onnx { source, inputs, outputs } });
                return Ok(());
            }
            Err(error) => return Err(CompileError::Artifact { path: path.clone(), source: error }),
        };
        check_artifact(&artifact, path, host_class, provider)?;
        let records = &artifact.manifest().models;
        let names: Vec<_> = match &source.name {
            None => records.iter().map(|record| record.name.clone()).collect(),
            Some(name) if records.len() == 1 => vec![name.clone()],
            Some(name) => records.iter().map(|record| format!("{name}.{}", record.name)).collect(),
        };
        if artifact.manifest().guest.is_some() {
            self.notes.push(format!("the guest of {} is left out: its models are taken over", path.display()));
        }
        let artifact = Arc::new(artifact);
        for (index, name) in (0..).zip(names) {
            let from = Origin::Artifact { artifact: Arc::clone(&artifact), index };
            self.models.push(Input { name: names::usable(name)?, from });
        }
        Ok(())
    }
}

impl Input {
    /// The inputs that sizes may be given for: those of ONNX models.
    fn inputs(&self) -> &[ValueSpec] {
        match &self.from {
            Origin::Onnx { inputs, .. } => inputs,
            Origin::Artifact { .. } => &[],
        }
    }
}

/// Whether a file is none rather than a bad one. Then it is a model, or is told why it is no model either.
fn is_no_artifact(error: &OpenError) -> bool {
    use OpenError::*;
    matches!(error, NotAnArtifact { .. } | Empty | Io { .. } | NotAFile { .. })
}

/// Whether an artifact's models can be taken into one for `host_class` and `expected`. Every byte is checked: it gets a
/// new hash.
fn check_artifact(
    artifact: &Artifact,
    path: &Path,
    host_class: HostClass,
    expected: ExecutionProvider,
) -> Result<(), CompileError> {
    let path = || path.to_owned();
    let header = artifact.header();
    if header.provider != expected {
        return Err(CompileError::OtherProvider { path: path(), found: header.provider, expected });
    }
    if !header.host_class.runs_on(host_class) {
        return Err(CompileError::OtherHosts { path: path(), found: header.host_class, expected: host_class });
    }
    if Some(header.ort) != OrtVersion::parse(ORT_VERSION) {
        return Err(CompileError::OtherOrt { path: path(), found: header.ort });
    }
    artifact.verify(|_| ()).map_err(|source| CompileError::Artifact { path: path(), source })
}

fn check_output(output: &Path, input: &Path) -> Result<(), CompileError> {
    match (std::fs::canonicalize(output), std::fs::canonicalize(input)) {
        (Ok(output_is), Ok(input_is)) if output_is == input_is => {
            Err(CompileError::OutputIsInput { path: output.to_owned() })
        }
        _ => Ok(()),
    }
}
