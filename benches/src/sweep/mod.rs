//! Sweeps: starts as one thing grows, its threads, its batch, its artifact, or the number of workers beside it.
//!
//! | file | what it holds |
//! |---|---|
//! | `spec.rs` | [`SweepSpec`]: a sweep as it is typed |
//! | `batch.rs` | inputs of another batch |
//! | `point.rs` | cold starts of every way at every value in turns, and warm runs |
//! | `workers.rs` | the same with several workers alive |
//!
//! Each value is made ready anew ([`Setup`]): with snapshots of its own, and with an answer of its own that every start
//! must repeat. Then all of them take turns, so that what the machine does meanwhile weighs on all values alike, and a
//! difference of a millisecond between two shows. Of a guest, `size` is the guest's. A peer is measured where its command can follow: along threads with `{threads}` in it, along the batch
//! with `{inputs}`, along workers where it answers `--serve`. What cannot is left out, in words.

mod batch;
mod point;
mod spec;
mod workers;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use blink_runtime::ModelError;
use blink_tensors::TensorError;

pub use spec::{SpecError, SweepSpec};

use crate::launch::LaunchError;
use crate::load::LoadError;
use crate::measurement::{Axis, Point, SweepRuns};
use crate::setup::{Plan, Setup, SetupError};

/// A sweep that was made.
#[derive(Clone, Debug)]
pub struct Swept {
    /// What came out.
    pub runs: SweepRuns,
    /// How many answers were checked.
    pub checked: usize,
    /// What could not be measured, and why.
    pub left_out: Vec<String>,
}

/// Why a sweep was not made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SweepError {
    #[error("{point}: {source}")]
    Setup { point: String, source: Box<SetupError> },
    #[error("{point}: {way}: {source}")]
    Launch { point: String, way: String, source: Box<LaunchError> },
    #[error("{point}: {source}")]
    Load { point: String, source: Box<LoadError> },
    #[error(transparent)]
    Model(#[from] ModelError),
    #[error("inputs of another batch cannot be made: {0}")]
    Inputs(#[from] TensorError),
    #[error(
        "model '{model}' has no symbolic dim in its inputs, so it takes no other batch: compile a model whose first \
         dim has a name"
    )]
    NoSymbolicDim { model: String },
    #[error(
        "model '{model}' has no golden run, whose shapes a sweep along the batch starts from; compile it again, with \
         `--golden-dim` for its open dims"
    )]
    NoGolden { model: String },
    #[error("guest takes no batch: sweep its threads, workers or size")]
    GuestBatch,
    #[error("{path}: {source}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Makes the sweep `spec` of what `plan` describes, with `runs` cold starts of each way at each value. `tell` hears
/// what is being done.
pub fn measure(spec: &SweepSpec, plan: &Plan, runs: usize, mut tell: impl FnMut(&str)) -> Result<Swept, SweepError> {
    let mut axis = spec.axis();
    if plan.guest.is_some() {
        axis = match axis {
            Axis::Batch => return Err(SweepError::GuestBatch),
            Axis::Size => Axis::Guest,
            axis => axis,
        };
    }
    let mut swept = Swept { runs: SweepRuns { axis, points: Vec::new() }, checked: 0, left_out: Vec::new() };
    let plan = following(axis, plan, &mut swept.left_out);
    let points: Vec<Value> = match spec {
        SweepSpec::Workers(counts) => {
            swept.workers(&plan, counts, runs, &mut tell)?;
            return Ok(swept);
        }
        SweepSpec::Threads(counts) => {
            counts.iter().map(|&threads| Value::number(threads, Plan { threads, ..plan.clone() })).collect()
        }
        SweepSpec::Batch(sizes) => {
            let inputs = batch::inputs(&plan.artifact, plan.model.as_deref(), sizes)?;
            let with = |inputs| Plan { inputs: Some(inputs), ..plan.clone() };
            sizes.iter().zip(inputs).map(|(&size, inputs)| Value::number(size, with(inputs))).collect()
        }
        SweepSpec::Size(artifacts) => artifacts.iter().map(|artifact| Value::artifact(artifact, &plan)).collect(),
    };
    let directory = plan.directory.join(axis.name());
    let mut ready = Vec::new();
    for (index, Value { at, label, plan }) in points.into_iter().enumerate() {
        let name = format!("{} {label}", axis.name());
        let setup = swept.ready(&name, &Plan { directory: directory.join(index.to_string()), ..plan }, &mut tell)?;
        let size = setup.subject.guest.as_ref().map_or(setup.subject.bytes, |guest| guest.bytes);
        ready.push(Ready { name, at: at.unwrap_or(size as f64), label, setup });
    }
    tell(&format!("{}: starting", axis.name()));
    let measured = point::measure(&ready, runs)?;
    swept.checked += ready.iter().map(|point| point.setup.ways.len() * runs).sum::<usize>();
    let points = ready.into_iter().zip(measured).map(|(Ready { at, label, .. }, ways)| Point { at, label, ways });
    swept.runs.points = points.collect();
    fs::remove_dir_all(&directory).map_err(|source| SweepError::Io { path: directory, source })?;
    swept.runs.points.sort_by(|a, b| a.at.total_cmp(&b.at));
    Ok(swept)
}

/// One value, made ready.
struct Ready {
    /// Axis and label.
    name: String,
    at: f64,
    label: String,
    setup: Setup,
}

/// What is to be made ready for one point.
struct Value {
    /// Where it stands on the axis; `None`: at the artifact's length, or its guest's.
    at: Option<f64>,
    label: String,
    plan: Plan,
}

impl Value {
    fn number(value: usize, plan: Plan) -> Value {
        Value { at: Some(value as f64), label: value.to_string(), plan }
    }

    fn artifact(artifact: &Path, plan: &Plan) -> Value {
        let label = artifact.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let plan = Plan { artifact: artifact.to_owned(), model: None, inputs: None, ..plan.clone() };
        Value { at: None, label, plan }
    }
}

impl Swept {
    /// Makes `plan` ready in its directory, which is created.
    fn ready(&mut self, name: &str, plan: &Plan, tell: &mut impl FnMut(&str)) -> Result<Setup, SweepError> {
        fs::create_dir_all(&plan.directory)
            .map_err(|source| SweepError::Io { path: plan.directory.clone(), source })?;
        let setup = Setup::make(plan, |what| tell(&format!("{name}: {what}")))
            .map_err(|source| SweepError::Setup { point: name.to_owned(), source: Box::new(source) })?;
        self.checked += setup.answers.checked;
        self.left_out.extend(setup.left_out.iter().map(|left| format!("{name}: {left}")));
        Ok(setup)
    }

    /// One setup for all numbers of workers: they are started from the same files.
    fn workers(
        &mut self,
        plan: &Plan,
        counts: &[usize],
        runs: usize,
        tell: &mut impl FnMut(&str),
    ) -> Result<(), SweepError> {
        let directory = plan.directory.join("workers");
        let mut setup = self.ready("workers", &Plan { directory: directory.clone(), ..plan.clone() }, tell)?;
        workers::leave_out_silent(&mut setup.ways, &mut self.left_out);
        for &count in counts {
            let name = format!("workers {count}");
            tell(&format!("{name}: starting"));
            let (ways, checked) = workers::measure(&name, &setup.ways, count, runs)?;
            self.checked += checked;
            self.runs.points.push(Point { at: count as f64, label: count.to_string(), ways });
        }
        fs::remove_dir_all(&directory).map_err(|source| SweepError::Io { path: directory, source })
    }
}

/// `plan` with the peers that can follow along `axis`, and nothing from the disk.
fn following(axis: Axis, plan: &Plan, left_out: &mut Vec<String>) -> Plan {
    let needed = match axis {
        Axis::Threads => Some("{threads}"),
        Axis::Batch => Some("{inputs}"),
        Axis::Size | Axis::Guest | Axis::Workers => None,
    };
    let mut plan = Plan { from_disk: false, ..plan.clone() };
    plan.peers.retain(|peer| {
        let follows = axis == Axis::Workers || needed.is_some_and(|word| peer.command.contains(word));
        if !follows {
            let why = match needed {
                Some(word) => format!("its command does not hold {word}"),
                None => "its command is of one model".to_owned(),
            };
            left_out.push(format!("{} along {}: {why}", peer.name, axis.name()));
        }
        follows
    });
    plan
}
