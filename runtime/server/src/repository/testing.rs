//! What tests of the repository have in common: small artifacts that are whole and checked, and nobody's workers.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use blink_artifact::manifest::{
    ArenaPlan, DeviceRecord, Dim, GraphEncoding, GuestKind, GuestRecord, ModelRecord, Optimisation, Precision,
    Provenance, ValueSpec,
};
use blink_artifact::{Artifact, ArtifactWriter, ExecutionProvider, HostClass, Manifest, OrtVersion, Plan, SectionKind};
use blink_runtime::{host, library};
use blink_tensors::DType;

use super::starter::Starter;
use crate::config::{Config, Partial, resolve};
use crate::integrity::Integrity;
use crate::model::{Entry, Model};
use crate::observe::Statistics;

/// What an artifact is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) models: u32,
    pub(super) model_name: &'static str,
    pub(super) guest: bool,
    /// For another host.
    pub(super) is_foreign: bool,
    /// For another ONNX Runtime.
    pub(super) is_old: bool,
    /// For CUDA.
    pub(super) is_cuda: bool,
}

impl Default for Shape {
    fn default() -> Shape {
        Shape { models: 1, model_name: "m", guest: false, is_foreign: false, is_old: false, is_cuda: false }
    }
}

/// Writes an artifact to `path`, by renaming.
pub(super) fn write(path: &Path, shape: Shape) {
    let value = |name: &str| ValueSpec {
        name: name.into(),
        dtype: DType::F32,
        dims: Some(vec![Dim::Unknown, Dim::Fixed(3)]),
        optional: false,
    };
    let record = |index: u32| ModelRecord {
        name: format!("{}{index}", shape.model_name),
        encoding: if shape.is_cuda { GraphEncoding::Onnx } else { GraphEncoding::Ort },
        inputs: vec![value("x")],
        outputs: vec![value("y")],
        optimisation: Optimisation::Extended,
        prepack: false,
        arena: ArenaPlan { peak: 4096, resident: 64, alignment: 64 },
        golden: None,
        provenance: Provenance {
            model_hash: "00".into(),
            producer: String::new(),
            opsets: Vec::new(),
            set_dims: Vec::new(),
            nodes: (1, 1),
        },
        device: shape.is_cuda.then(|| DeviceRecord {
            precision: Precision::Fp32,
            error: None,
            cudnn: false,
            trial: None,
            weights: Vec::new(),
        }),
    };
    let guest = GuestRecord {
        name: "g".into(),
        kind: GuestKind::Component,
        code: None,
        source_hash: "00".into(),
        steps: Vec::new(),
    };
    let models: Vec<ModelRecord> = (0..shape.models).map(record).collect();
    let manifest = Manifest { compiler: "0".into(), models, guest: shape.guest.then_some(guest) }.encode();
    let here = host::class();
    let other = HostClass::ALL.into_iter().find(|class| !class.runs_on(here)).unwrap();
    let ort = OrtVersion::parse(if shape.is_old { "1.2.3" } else { library::ORT_VERSION }).unwrap();
    let plan = Plan {
        host_class: match shape {
            Shape { is_cuda: true, .. } => here.portable(),
            Shape { is_foreign: true, .. } => other,
            _ => here,
        },
        provider: if shape.is_cuda { ExecutionProvider::Cuda } else { ExecutionProvider::Cpu },
        ort,
        models: shape.models,
        sections: 1 + shape.models + u32::from(shape.guest),
    };
    let mut writer = ArtifactWriter::create(path, plan).unwrap();
    let mut section = |kind, model, bytes: &[u8]| {
        writer.section(kind, model, 4096, bytes.len() as u64, |out| out.write_all(bytes)).unwrap();
    };
    section(SectionKind::Manifest, None, &manifest);
    (0..shape.models).for_each(|index| section(SectionKind::Graph, Some(index), b"graph"));
    if shape.guest {
        section(SectionKind::Guest, None, b"guest");
    }
    writer.finish().unwrap().publish().unwrap();
}

/// A configuration of just these sources.
pub(super) fn config(sources: &[PathBuf]) -> Config {
    let flags = Partial { models: Some(sources.to_vec()), ..Partial::default() };
    resolve(flags, None, []).unwrap().config
}

/// A model that nobody can start.
pub(super) fn model(name: &str, version: u64) -> Model {
    Model {
        id: version,
        name: name.into(),
        version,
        path: PathBuf::from("/dev/null"),
        file: Arc::new(File::open("/dev/null").unwrap()),
        integrity: Arc::new(Integrity::of_nothing()),
        is_admitted: false,
        own_code: None,
        entry: Some(Entry { name: None, inputs: Vec::new(), outputs: Vec::new() }),
        guest: None,
        weights: 0,
        private: 0,
        device: None,
        settings: Default::default(),
        statistics: Statistics::default(),
    }
}

/// Writes down what it is asked.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) asked: Mutex<Vec<String>>,
    /// Names of models that do not start.
    pub(super) broken: Mutex<BTreeSet<String>>,
}

impl Recorder {
    /// What was asked since the last time.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }
}

impl Starter for Recorder {
    fn prove(&self, model: &Arc<Model>) -> Result<(), String> {
        self.note(format!("prove {}", model.name));
        if self.broken.lock().unwrap().contains(&model.name) { Err("it fell over".into()) } else { Ok(()) }
    }

    fn make_code(&self, model: &Arc<Model>, _: &Artifact) -> Result<(), String> {
        self.note(format!("make code {}", model.name));
        if self.broken.lock().unwrap().contains(&model.name) { Err("it cannot be compiled".into()) } else { Ok(()) }
    }

    fn warm(&self, model: &Arc<Model>) -> Result<(), String> {
        self.note(format!("warm {}", model.name));
        Ok(())
    }

    fn poison(&self, model: &Arc<Model>, _: &str) {
        model.integrity.poison();
        self.note(format!("poison {}", model.name));
    }

    fn keep(&self, model: &Arc<Model>) {
        self.note(format!("keep {}", model.name));
    }

    fn retire(&self, _: u64) {
        self.note("retire".into());
    }
}
