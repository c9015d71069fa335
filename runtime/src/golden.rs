//! The golden run: a start whose answer was recorded when the artifact was made.
//!
//! Bits are compared on hosts whose CPU has the features of the maker's. On others ONNX Runtime picks other kernels,
//! which round otherwise: there the recorded numbers are compared within a tolerance, and the verdict says so.

use std::borrow::Cow;

use blink_artifact::OpenError;
use blink_artifact::manifest::{Golden, GoldenOutput, ModelRecord, ValueSpec};
use blink_tensors::{DType, DataView, Tensor, TensorError, TensorView, numeric, seeded};

use crate::instance::{Instance, RunError, StartError, StartOptions};
use crate::launcher::{LaunchError, Launcher, StartMode, WorkerError, WorkerSpec};
use crate::model::Model;
use crate::{Timeline, host};

/// How an artifact's answer compares with the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase", tag = "verdict")]
pub enum Verdict {
    /// The same, bit for bit.
    Exact,
    /// This CPU has other features than the maker's: the numbers agree within the tolerance of their dtype.
    Close {
        /// Largest difference, as a share of the output's largest value.
        relative: f64,
    },
    /// Only dtypes and shapes were compared: the model draws random numbers, or its outputs were too large to keep
    /// and this CPU has other features.
    Shapes,
    /// The artifact has no golden run.
    Absent,
}

/// Why an artifact failed its golden run.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum GoldenError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Launch(#[from] LaunchError),
    #[error(transparent)]
    Worker(#[from] WorkerError),
    #[error("golden inputs cannot be made: {0}")]
    Inputs(#[from] TensorError),
    #[error("recorded outputs: {0}")]
    Recorded(#[from] OpenError),
    #[error("output '{name}' is {found}, recorded was {expected}")]
    Shape { name: String, found: String, expected: String },
    #[error(
        "output '{name}' differs from the recorded one{by}; the artifact or this machine is damaged: copy or compile it again"
    )]
    Differs { name: String, by: String },
}

/// Starts `model` as the recorded run was started, runs it, and compares.
pub fn check(model: &Model) -> Result<Verdict, GoldenError> {
    let record = model.record();
    let Some(inputs) = inputs(record)? else { return Ok(Verdict::Absent) };
    let instance = Instance::start(model, &as_recorded(), &mut Timeline::new())?;
    let named: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
    compare(model, instance.run(&named)?.iter())
}

/// As [`check`], in a worker of `spec`, which is one for the artifact of `model`: whatever that does, this process lives.
pub fn check_in_worker(model: &Model, launcher: &Launcher, spec: &WorkerSpec) -> Result<Verdict, GoldenError> {
    let record = model.record();
    let Some(inputs) = inputs(record)? else { return Ok(Verdict::Absent) };
    let (name, start) = (Some(record.name.clone()), StartMode::Normal);
    let mut worker = launcher.launch(&WorkerSpec { model: name, options: as_recorded(), start, ..spec.clone() })?;
    let named: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
    let answer = worker.run(&named)?;
    compare(model, answer.iter().map(|(_, view)| view))
}

/// The options of every recorded run.
fn as_recorded() -> StartOptions {
    StartOptions { threads: Some(1), prepack: None, pin: false }
}

/// The inputs of the golden run, made from its seed; `None` where the model has none recorded.
pub fn inputs(record: &ModelRecord) -> Result<Option<Vec<(String, Tensor)>>, TensorError> {
    record.golden.as_ref().map(|golden| inputs_from(record, golden, golden.seed)).transpose()
}

/// Inputs of the shapes of `golden`, made from `seed`.
pub(crate) fn inputs_from(
    record: &ModelRecord,
    golden: &Golden,
    seed: u64,
) -> Result<Vec<(String, Tensor)>, TensorError> {
    let given = record.inputs.iter().zip(&golden.shapes).filter_map(|(input, shape)| Some((input, shape.as_ref()?)));
    let tensor = |(input, shape): (&ValueSpec, &Vec<usize>)| {
        Ok((input.name.clone(), seeded::tensor(seed, &input.name, input.dtype, shape)?))
    };
    given.map(tensor).collect()
}

/// Compares `outputs`, given for [`inputs`] by one thread, with what was recorded: one for each output of the model, in
/// order.
pub fn compare<'a>(model: &Model, outputs: impl Iterator<Item = TensorView<'a>>) -> Result<Verdict, GoldenError> {
    let record = model.record();
    let Some(golden) = &record.golden else { return Ok(Verdict::Absent) };
    let same_cpu = golden.features == host::features_fingerprint();
    let mut verdict = Verdict::Exact;
    for ((spec, recorded), found) in record.outputs.iter().zip(&golden.outputs).zip(outputs) {
        if found.dtype() != spec.dtype || found.shape() != recorded.shape {
            let (found, expected) =
                (format!("{}{:?}", found.dtype(), found.shape()), format!("{}{:?}", spec.dtype, recorded.shape));
            return Err(GoldenError::Shape { name: spec.name.clone(), found, expected });
        }
        if digest(found) == recorded.digest {
            continue;
        }
        if !golden.reproducible {
            verdict = Verdict::Shapes;
        } else if same_cpu {
            return Err(GoldenError::Differs { name: spec.name.clone(), by: String::new() });
        } else {
            verdict = worse(verdict, distance(model, &spec.name, recorded, found)?);
        }
    }
    Ok(verdict)
}

/// How far `found` is from the kept bytes of `recorded`.
fn distance(model: &Model, name: &str, recorded: &GoldenOutput, found: TensorView<'_>) -> Result<Verdict, GoldenError> {
    let section = model.artifact().golden(model.index())?;
    let kept = recorded.stored.and_then(|(offset, len)| {
        section.get(usize::try_from(offset).ok()?..usize::try_from(offset.checked_add(len)?).ok()?)
    });
    let Some(kept) = kept else { return Ok(Verdict::Shapes) };
    let differs = |by| GoldenError::Differs { name: name.to_owned(), by };
    let Ok(expected) = Tensor::from_bytes(found.dtype(), found.shape(), kept) else {
        return Err(differs(String::new()));
    };
    let (absolute, _) = numeric::max_error(found, expected.view()).map_err(|_| differs(String::new()))?;
    let largest = numeric::iter_f64(expected.view()).into_iter().flatten().fold(0.0, |max: f64, x| max.max(x.abs()));
    let relative = if absolute == 0.0 { 0.0 } else { absolute / largest.max(f64::MIN_POSITIVE) };
    if relative <= tolerance(found.dtype()) {
        Ok(Verdict::Close { relative })
    } else {
        Err(differs(format!(" by {relative:.2e} of its largest value")))
    }
}

/// How far apart two CPUs' kernels may be, as a share of an output's largest value.
fn tolerance(dtype: DType) -> f64 {
    match dtype {
        DType::F32 | DType::F64 => 1e-3,
        _ => 2e-2,
    }
}

fn worse(a: Verdict, b: Verdict) -> Verdict {
    match (a, b) {
        (Verdict::Shapes, _) | (_, Verdict::Shapes) => Verdict::Shapes,
        (Verdict::Close { relative: a }, Verdict::Close { relative: b }) => Verdict::Close { relative: a.max(b) },
        (Verdict::Close { relative }, _) | (_, Verdict::Close { relative }) => Verdict::Close { relative },
        _ => Verdict::Exact,
    }
}

/// BLAKE3, in hex, of a tensor's bytes as [`bytes_of`] gives them.
pub fn digest(view: TensorView<'_>) -> String {
    blake3::hash(&bytes_of(view)).to_hex().to_string()
}

/// The bytes that a digest covers: the elements, or for strings each one's length (8 bytes, little-endian) and text.
pub fn bytes_of(view: TensorView<'_>) -> Cow<'_, [u8]> {
    match view.data() {
        DataView::Bytes(bytes) => bytes.into(),
        DataView::Strings(strings) => {
            let framed = strings.iter().flat_map(|s| [&(s.len() as u64).to_le_bytes()[..], s.as_bytes()].concat());
            framed.collect::<Vec<_>>().into()
        }
    }
}
