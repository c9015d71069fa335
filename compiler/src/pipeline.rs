//! [`compile`]: read, optimise, try, write, prove, publish.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use blink_artifact::manifest::{Dim, ModelRecord, Optimisation, Provenance, ValueSpec};
use blink_artifact::{HostClass, Manifest, PendingArtifact};
use blink_runtime::engine::{Engine, Optimise};
use blink_runtime::golden::{self, GoldenError};
use blink_runtime::{Model, Timeline, host, library};

use crate::encode::Encoded;
use crate::error::CompileError;
use crate::onnx::{self, Source};
use crate::optimise::Optimiser;
use crate::request::{Prepack, Request, Stage, Target};
use crate::summary::{self, Summary};
use crate::trial::Candidate;

/// One at a time in a process: trials measure time, and memory in the process's one arena.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Compiles one model into one artifact. `progress` hears of each stage as it begins.
///
/// The artifact appears at its place whole, after it has been started and has given the recorded answer, or not at
/// all. The same request on the same kind of host gives the same bytes.
pub fn compile(request: &Request, mut progress: impl FnMut(Stage)) -> Result<Summary, CompileError> {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let mut clock = Clock { seconds: Vec::new(), started: Instant::now() };
    let mut stage = |stage, clock: &mut Clock| {
        clock.next(stage);
        progress(stage);
    };

    stage(Stage::Read, &mut clock);
    let host_class = host_class(request.target)?;
    let name = model_name(request)?;
    if std::fs::canonicalize(&request.output)
        .is_ok_and(|output| std::fs::canonicalize(&request.model).is_ok_and(|model| model == output))
    {
        return Err(CompileError::OutputIsModel { path: request.output.clone() });
    }
    let source = Source::open(&request.model)?;
    let inputs = source.inputs()?;
    check_dims(&inputs, request)?;
    let inputs = values(inputs, &request.set_dims);
    let outputs = values(source.outputs()?, &request.set_dims);
    let engine = Engine::start(&library::find()?, &mut Timeline::new())?;

    stage(Stage::Optimise, &mut clock);
    let level = if host_class.is_portable() { Optimise::Extended } else { Optimise::All };
    let turn = request.prepack != Prepack::On;
    let (dims, beside) = (&request.set_dims[..], request.output.as_path());
    let optimised = Optimiser { engine, source: &source, level, dims, turn, beside }.run()?;

    stage(Stage::Try, &mut clock);
    let graph = Encoded::to_try(&optimised, beside)?;
    let trial = Candidate { engine, graph, inputs: &inputs, outputs: &outputs }.try_out(request)?;

    stage(Stage::Write, &mut clock);
    let encoded = Encoded::new(&optimised)?;
    let before = source.census();
    let record = ModelRecord {
        name: name.clone(),
        encoding: encoded.encoding(),
        inputs,
        outputs,
        optimisation: if level == Optimise::All { Optimisation::All } else { Optimisation::Extended },
        prepack: trial.prepack,
        arena: trial.arena,
        golden: trial.golden.as_ref().map(|(golden, _)| golden.clone()),
        provenance: provenance(&source, request, (before.nodes, encoded.nodes)),
    };
    let manifest = Manifest { compiler: env!("CARGO_PKG_VERSION").into(), models: vec![record], guest: None };
    let golden = trial.golden.as_ref().map_or(&[][..], |(_, stored)| stored);
    let pending = encoded.write(&request.output, host_class, &manifest, golden)?;
    source.check_unchanged()?;

    stage(Stage::Prove, &mut clock);
    prove(&pending)?;
    let bytes_after = pending.artifact().header().file_len;
    pending.publish()?;
    clock.next(Stage::Prove);

    let external: usize = source.external_files().iter().map(|file| file.bytes().len()).sum();
    Ok(Summary {
        output: request.output.clone(),
        name,
        target: host_class,
        encoding: encoded.encoding(),
        bytes_before: (source.bytes().len() + external) as u64,
        bytes_after,
        nodes_before: before.nodes,
        nodes_after: encoded.nodes,
        changed: summary::changes(&before.operators, &encoded.operators),
        prepack: trial.prepack,
        prepack_times: trial.measured,
        arena: trial.arena,
        golden: trial.golden.is_some(),
        notes: trial.notes,
        seconds: clock.seconds,
    })
}

/// Seconds of each stage.
struct Clock {
    seconds: Vec<(Stage, f64)>,
    started: Instant,
}

impl Clock {
    fn next(&mut self, stage: Stage) {
        if let Some((_, seconds)) = self.seconds.last_mut() {
            *seconds = self.started.elapsed().as_secs_f64();
        }
        self.started = Instant::now();
        if self.seconds.last().is_none_or(|(last, _)| *last != stage) {
            self.seconds.push((stage, 0.0));
        }
    }
}

fn host_class(target: Target) -> Result<HostClass, CompileError> {
    let here = host::class();
    match target {
        Target::Portable => Ok(here.portable()),
        Target::Class(asked) if asked == here || asked == here.portable() => Ok(asked),
        Target::Class(asked) => Err(CompileError::Target { asked, here }),
    }
}

fn model_name(request: &Request) -> Result<String, CompileError> {
    let stem = || request.model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = request.name.clone().unwrap_or_else(stem);
    let usable = (1..=1024).contains(&name.len()) && !name.contains(|c: char| c == '/' || c.is_control());
    if usable { Ok(name) } else { Err(CompileError::Name { name }) }
}

/// The model's values with the dims that were set.
fn values(mut values: Vec<ValueSpec>, set: &[(String, u64)]) -> Vec<ValueSpec> {
    for dim in values.iter_mut().flat_map(|value| value.dims.iter_mut().flatten()) {
        if let Dim::Symbolic(name) = dim
            && let Some((_, size)) = set.iter().find(|(known, _)| known == name)
        {
            *dim = Dim::Fixed(*size);
        }
    }
    values
}

/// Refuses sizes for dims that the model does not have.
fn check_dims(inputs: &[ValueSpec], request: &Request) -> Result<(), CompileError> {
    let mut known: Vec<&str> = Vec::new();
    for dim in inputs.iter().flat_map(|input| input.dims.iter().flatten()) {
        if let Dim::Symbolic(name) = dim
            && !known.contains(&name.as_str())
        {
            known.push(name);
        }
    }
    for dims in [&request.set_dims, &request.golden_dims] {
        for (index, (name, _)) in dims.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let known = if known.is_empty() { "none".into() } else { known.join(", ") };
                return Err(CompileError::UnknownDim { name: name.clone(), known });
            }
            if dims[..index].iter().any(|(other, _)| other == name) {
                return Err(CompileError::DuplicateDim { name: name.clone() });
            }
        }
    }
    Ok(())
}

fn provenance(source: &Source, request: &Request, nodes: (u64, u64)) -> Provenance {
    let model = source.model();
    let producer = format!("{} {}", model.producer_name(), model.producer_version());
    let opset = |opset: &onnx::proto::OperatorSetIdProto| (opset.domain().to_owned(), opset.version());
    Provenance {
        model_hash: source.model_hash(),
        producer: producer.trim().to_owned(),
        opsets: model.opset_import.iter().map(opset).collect(),
        set_dims: request.set_dims.clone(),
        nodes,
    }
}

/// Starts the artifact and compares its answer with the golden run's.
fn prove(pending: &PendingArtifact) -> Result<(), CompileError> {
    let model = Model::of(pending.artifact(), None)?;
    match golden::check(&model) {
        Ok(_) => Ok(()),
        Err(GoldenError::Start(error)) => Err(error.into()),
        Err(GoldenError::Run(error)) => Err(error.into()),
        Err(GoldenError::Differs { name, .. } | GoldenError::Shape { name, .. }) => {
            Err(CompileError::Disagrees { output: name })
        }
        Err(GoldenError::Inputs(_)) => Err(CompileError::Disagrees { output: "none could be computed".into() }),
    }
}
