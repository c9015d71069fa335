//! One model, from what was read to what can be written: optimised, tried, encoded; or taken over as it is.

use std::path::Path;
use std::sync::Arc;

use blink_artifact::manifest::{ModelRecord, Optimisation, OutputError, Provenance, ValueSpec};
use blink_artifact::{Artifact, HostClass};
use blink_runtime::engine::{Engine, Optimise};

use crate::clock::Clock;
use crate::device;
use crate::dims;
use crate::encode::{Encoded, Form};
use crate::error::CompileError;
use crate::onnx::{self, Source};
use crate::optimise::Optimiser;
use crate::read::{Input, Origin};
use crate::request::{CompileDevice, Prepack, Request, Stage};
use crate::summary::{self, DeviceSummary, ModelSummary};
use crate::trial::Candidate;

/// A model that can be written.
pub(crate) struct Prepared {
    pub(crate) record: ModelRecord,
    pub(crate) form: Form,
    /// The bytes of its golden section; none where it has none.
    pub(crate) golden: Vec<u8>,
    pub(crate) summary: ModelSummary,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
    /// The ONNX it was made of.
    source: Option<Box<Source>>,
}

/// What all models are prepared with.
pub(crate) struct Workshop<'a> {
    pub(crate) request: &'a Request,
    pub(crate) host_class: HostClass,
    /// `None` where no model is ONNX.
    pub(crate) engine: Option<&'static Engine>,
}

impl Workshop<'_> {
    /// Prepares one model.
    pub(crate) fn prepare(&self, input: Input, clock: &mut Clock<'_>) -> Result<Prepared, CompileError> {
        match (input.from, self.engine) {
            (Origin::Artifact { artifact, index }, _) => Ok(taken(&artifact, index, input.name)),
            (Origin::Onnx { source, inputs, outputs }, Some(engine)) => {
                let set_dims = dims::of_model(&self.request.set_dims, &inputs);
                let golden_dims = dims::of_model(&self.request.golden_dims, &inputs);
                let (inputs, outputs) = (dims::fix(inputs, &set_dims), dims::fix(outputs, &set_dims));
                Job { shop: self, engine, source, name: input.name, inputs, outputs, set_dims, golden_dims }.run(clock)
            }
            (Origin::Onnx { .. }, None) => unreachable!("the engine is started where a model is ONNX"),
        }
    }
}

impl Prepared {
    /// Fails where the files it was made of are no longer those that were read.
    pub(crate) fn check_unchanged(&self) -> Result<(), CompileError> {
        Ok(self.source.as_ref().map_or(Ok(()), |source| source.check_unchanged())?)
    }
}

/// A model of an artifact: its record under another name, and its sections.
fn taken(artifact: &Arc<Artifact>, index: u32, name: String) -> Prepared {
    let mut record = artifact.manifest().models[index as usize].clone();
    record.name = name;
    let sections = artifact.sections().iter().filter(|section| section.model == Some(index));
    let summary = ModelSummary {
        name: record.name.clone(),
        encoding: record.encoding,
        bytes_before: sections.map(|section| section.len).sum(),
        nodes_before: record.provenance.nodes.0,
        nodes_after: record.provenance.nodes.1,
        changed: Vec::new(),
        prepack: record.prepack,
        prepack_times: None,
        arena: record.arena,
        golden: record.golden.is_some(),
        outputs: record.outputs.iter().map(|output| output.name.clone()).collect(),
        device: record.device.as_ref().map(DeviceSummary::of),
        taken_over: true,
    };
    let golden = artifact.golden(index).to_vec();
    let form = Form::taken(artifact, index, record.encoding);
    Prepared { record, form, golden, summary, notes: Vec::new(), source: None }
}

/// One ONNX model being prepared.
struct Job<'a> {
    shop: &'a Workshop<'a>,
    engine: &'static Engine,
    source: Box<Source>,
    name: String,
    inputs: Vec<ValueSpec>,
    outputs: Vec<ValueSpec>,
    set_dims: Vec<(String, u64)>,
    golden_dims: Vec<(String, u64)>,
}

impl Job<'_> {
    fn run(self, clock: &mut Clock<'_>) -> Result<Prepared, CompileError> {
        let (request, engine) = (self.shop.request, self.engine);
        clock.begin(Stage::Optimise, self.source.path());
        let level = if self.shop.host_class.is_portable() { Optimise::Extended } else { Optimise::All };
        let for_device = request.device != CompileDevice::Cpu;
        if request.device.precision() == Some(blink_artifact::manifest::Precision::Fp16) {
            return Err(CompileError::HalfUnknown);
        }
        let turn = request.prepack != Prepack::On && !for_device;
        let (dims, beside): (_, &Path) = (&self.set_dims[..], &request.output);
        let optimised = Optimiser { engine, source: &self.source, level, dims, turn, for_device, beside }.run()?;

        clock.begin(Stage::Try, self.source.path());
        let graph = Encoded::to_try(&optimised, beside)?;
        let candidate = Candidate { engine, graph, inputs: &self.inputs, outputs: &self.outputs };
        let trial = candidate.try_out(request, &self.golden_dims)?;

        let encoded = Encoded::new(&optimised)?;
        let device = request.device.precision().map(|precision| {
            let errors = trial.golden.as_ref().map(|_| vec![OutputError::default(); self.outputs.len()]);
            device::record(precision, errors, &encoded)
        });
        let before = self.source.census();
        let external: usize = self.source.external_files().iter().map(|file| file.bytes().len()).sum();
        let summary = ModelSummary {
            name: self.name.clone(),
            encoding: encoded.form.encoding(),
            bytes_before: (self.source.bytes().len() + external) as u64,
            nodes_before: before.nodes,
            nodes_after: encoded.nodes,
            changed: summary::changes(&before.operators, &encoded.operators),
            prepack: trial.prepack,
            prepack_times: trial.measured,
            arena: trial.arena,
            golden: trial.golden.is_some(),
            outputs: self.outputs.iter().map(|output| output.name.clone()).collect(),
            device: device.as_ref().map(DeviceSummary::of),
            taken_over: false,
        };
        let provenance = provenance(&self.source, self.set_dims, (before.nodes, encoded.nodes));
        let (golden, stored) = trial.golden.unzip();
        let record = ModelRecord {
            name: self.name,
            encoding: encoded.form.encoding(),
            inputs: self.inputs,
            outputs: self.outputs,
            optimisation: if level == Optimise::All { Optimisation::All } else { Optimisation::Extended },
            prepack: trial.prepack,
            arena: trial.arena,
            golden,
            provenance,
            device,
        };
        let (form, golden) = (encoded.form, stored.unwrap_or_default());
        Ok(Prepared { record, form, golden, summary, notes: trial.notes, source: Some(self.source) })
    }
}

fn provenance(source: &Source, set_dims: Vec<(String, u64)>, nodes: (u64, u64)) -> Provenance {
    let model = source.model();
    let producer = format!("{} {}", model.producer_name(), model.producer_version());
    let opset = |opset: &onnx::proto::OperatorSetIdProto| (opset.domain().to_owned(), opset.version());
    Provenance {
        model_hash: source.model_hash(),
        producer: producer.trim().to_owned(),
        opsets: model.opset_import.iter().map(opset).collect(),
        set_dims,
        nodes,
    }
}
