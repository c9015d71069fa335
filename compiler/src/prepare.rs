//! One model, from what was read to what can be written: optimised, tried, encoded; or taken over as it is.

use std::borrow::Cow;
use std::sync::Arc;

use blink_artifact::manifest::{DeviceTrial, ModelRecord, Optimisation, OutputError, Precision, Provenance, ValueSpec};
use blink_artifact::{Artifact, HostClass};
use blink_runtime::engine::{Engine, Graph, Optimise};

use crate::clock::Clock;
use crate::device;
use crate::dims;
use crate::encode::{Encoded, Form};
use crate::error::CompileError;
use crate::half::{self, Comparison, HalfCounts};
use crate::onnx::{self, Source};
use crate::optimise::{Optimised, Optimiser};
use crate::read::{Input, Origin};
use crate::request::{CompileDevice, Prepack, Request, Stage};
use crate::summary::{self, DeviceSummary, ModelSummary};
use crate::temporary::Temporaries;
use crate::trial::{Candidate, Trial};

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
    pub(crate) files: &'a Temporaries,
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
    /// Takes down what a trial on a device showed.
    pub(crate) fn set_trial(&mut self, trial: DeviceTrial) {
        if let Some(summary) = &mut self.summary.device {
            summary.trial = Some(trial.clone());
        }
        if let Some(device) = &mut self.record.device {
            device.trial = Some(trial);
        }
    }

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
        device: record.device.as_ref().map(|device| DeviceSummary::of(device, None)),
        taken_over: true,
    };
    // It is mapped here, so there is nothing that could fail.
    let golden = artifact.golden(index).map(Cow::into_owned).unwrap_or_default();
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
        let turn = request.prepack != Prepack::On && !for_device;
        let (dims, files) = (&self.set_dims[..], self.shop.files);
        let mut optimised = Optimiser { engine, source: &self.source, level, dims, turn, for_device, files }.run()?;

        let halves = self.halve(&mut optimised)?;

        clock.begin(Stage::Try, self.source.path());
        let graph = Encoded::to_try(&optimised, files)?;
        let candidate = Candidate { engine, graph, inputs: &self.inputs, outputs: &self.outputs };
        let mut trial = candidate.try_out(request, &self.golden_dims)?;
        let error = self.error(halves.as_ref(), &mut trial)?;

        let encoded = Encoded::new(&optimised)?;
        let device = request.device.precision().map(|precision| device::record(precision, error, &encoded));
        let half = halves.map(|halves| halves.counts);
        if half.as_ref().is_some_and(|counts| counts.half == 0) {
            trial.notes.push(format!("nothing in '{}' computes in half floats: it is the same in fp32", self.name));
        }
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
            device: device.as_ref().map(|device| DeviceSummary::of(device, half)),
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

impl Job<'_> {
    /// Where half floats are asked for, puts the model of them in the place of `optimised`.
    fn halve(&self, optimised: &mut Optimised) -> Result<Option<Halves>, CompileError> {
        match (self.shop.request.device.precision(), optimised) {
            (Some(Precision::Fp16), Optimised::Onnx(saved)) => {
                let half::Halved { model, rounded, counts } = half::halve(self.engine, saved, self.shop.files)?;
                let float = std::mem::replace(&mut **saved, model).graph();
                Ok(Some(Halves { float, rounded: rounded.graph(), counts }))
            }
            _ => Ok(None),
        }
    }

    /// How far the outputs are from those of floats, for the inputs of the golden run; `None` where that is not known.
    fn error(&self, halves: Option<&Halves>, trial: &mut Trial) -> Result<Option<Vec<OutputError>>, CompileError> {
        let Some((inputs, (golden, _))) = trial.inputs.as_ref().zip(trial.golden.as_ref()) else { return Ok(None) };
        let Some(Halves { float, rounded, .. }) = halves else {
            return Ok(Some(vec![OutputError::default(); self.outputs.len()]));
        };
        if !golden.reproducible {
            trial.notes.push("what half floats lose is not known: two runs gave different outputs".into());
            return Ok(None);
        }
        let (engine, inputs_of, outputs) = (self.engine, &self.inputs, &self.outputs);
        let answer =
            |graph: &Graph| Candidate { engine, graph: graph.clone(), inputs: inputs_of, outputs }.answer(inputs);
        match half::compare(outputs, &answer(float)?, &answer(rounded)?)? {
            Comparison::Errors(errors) => Ok(Some(errors)),
            Comparison::Apart(output) => {
                trial.notes.push(format!(
                    "what half floats lose is not known: output '{output}' has another shape or text than in fp32"
                ));
                Ok(None)
            }
        }
    }
}

/// What a model of half floats is compared by.
struct Halves {
    /// The graph that it was made of.
    float: Graph,
    /// Its twin (`half/rounded.rs`).
    rounded: Graph,
    counts: HalfCounts,
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
