//! [`Fakes`]: models by name, each a few lines of Rust, so that what a test sees is wasi-nn alone.
//!
//! | name | is |
//! |---|---|
//! | `add` | two `f32` vectors `a` and `b` to their `sum` |
//! | `first` | `x`, and `bias` that may be left out, both `f32` scalars: `y` (`x + bias`) and `is-given` (`bool`) |
//! | `DTYPE` | `x` of that dtype, of any rank, to `y`, which is the same |
//! | `pair` | `x`, of 2x3 `f32`, to `y`, the same |
//! | `large` | nothing to 1 MiB of `u8` |
//! | `wait` | nothing to nothing, when it is cancelled |
//! | `fail` | nothing to an error |
//! | `say` | a `u8` vector `text`, kept in [`Fakes::said`] |
//! | `bad` | there only for runs that are to misbehave |

use std::sync::{Arc, Mutex};
use std::time::Duration;

use blink_artifact::manifest::{Dim, ValueSpec};
use blink_guest::{Cancel, ComputeError, Graph, LoadError, Models, Outputs};
use blink_tensors::{DType, Tensor, TensorView};

/// The models.
#[derive(Default)]
pub(crate) struct Fakes {
    pub(crate) is_bad: bool,
    /// What `say` has been given.
    pub(crate) said: Arc<Mutex<Vec<Vec<u8>>>>,
}

type Run = dyn Fn(&[(&str, TensorView<'_>)], &Cancel) -> Result<Vec<Tensor>, ComputeError> + Send + Sync;

struct Fake {
    inputs: Vec<ValueSpec>,
    outputs: Vec<ValueSpec>,
    run: Box<Run>,
}

struct Given(Vec<Tensor>);

fn value(name: &str, dtype: DType, dims: Option<Vec<Dim>>) -> ValueSpec {
    ValueSpec { name: name.into(), dtype, dims, optional: false }
}

fn identity(dtype: DType, dims: Option<Vec<Dim>>) -> Fake {
    Fake {
        inputs: vec![value("x", dtype, dims.clone())],
        outputs: vec![value("y", dtype, dims)],
        run: Box::new(|inputs, _| Ok(inputs.iter().map(|(_, view)| view.to_owned()).collect())),
    }
}

fn floats(view: TensorView<'_>) -> Vec<f32> {
    let bytes = view.bytes().expect("not strings");
    assert_eq!(bytes.as_ptr().align_offset(16), 0, "the engine would copy what is not aligned");
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn tensor(dtype: DType, shape: &[usize], bytes: &[u8]) -> Tensor {
    Tensor::from_bytes(dtype, shape, bytes).expect("bytes for the shape")
}

fn add(inputs: &[(&str, TensorView<'_>)]) -> Result<Vec<Tensor>, ComputeError> {
    let by_name = |wanted| inputs.iter().find(|(name, _)| *name == wanted).expect("both are required").1;
    let (a, b) = (floats(by_name("a")), floats(by_name("b")));
    if a.len() != b.len() {
        return Err(ComputeError::Inputs("a and b are of different lengths".into()));
    }
    let sum: Vec<_> = a.iter().zip(&b).flat_map(|(a, b)| (a + b).to_le_bytes()).collect();
    Ok(vec![tensor(DType::F32, &[a.len()], &sum)])
}

fn first(inputs: &[(&str, TensorView<'_>)]) -> Vec<Tensor> {
    let by_name = |wanted| inputs.iter().find(|(name, _)| *name == wanted);
    let (_, x) = by_name("x").expect("it is required");
    assert_eq!(x.shape(), [0usize; 0]);
    let bias = by_name("bias").map(|(_, bias)| floats(*bias)[0]);
    let y = floats(*x)[0] + bias.unwrap_or(0.0);
    vec![tensor(DType::F32, &[], &y.to_le_bytes()), tensor(DType::Bool, &[1], &[u8::from(bias.is_some())])]
}

impl Models for Fakes {
    fn find(&self, name: &str) -> Option<Arc<dyn Graph>> {
        let vector = || Some(vec!["n".into()]);
        let nothing = |outputs, run| Fake { inputs: Vec::new(), outputs, run };
        let said = Arc::clone(&self.said);
        let fake = match name {
            "add" => Fake {
                inputs: vec![value("a", DType::F32, vector()), value("b", DType::F32, vector())],
                outputs: vec![value("sum", DType::F32, vector())],
                run: Box::new(|inputs, _| add(inputs)),
            },
            "first" => Fake {
                inputs: vec![
                    ValueSpec { optional: true, ..value("bias", DType::F32, Some(vec![])) },
                    value("x", DType::F32, Some(vec![])),
                ],
                outputs: vec![value("y", DType::F32, Some(vec![])), value("is-given", DType::Bool, vector())],
                run: Box::new(|inputs, _| Ok(first(inputs))),
            },
            "pair" => identity(DType::F32, Some(vec![2.into(), 3.into()])),
            "large" => nothing(
                vec![value("y", DType::U8, vector())],
                Box::new(|_, _| Ok(vec![Tensor::zeros(DType::U8, &[1 << 20]).expect("a small tensor")])),
            ),
            "wait" => nothing(
                Vec::new(),
                Box::new(|_, cancel| {
                    let (stop, stopped) = std::sync::mpsc::channel();
                    let patience = Duration::from_secs(60);
                    let waited = cancel.during(move || _ = stop.send(()), || stopped.recv_timeout(patience));
                    assert!(waited.is_ok(), "nobody cancels");
                    Err(ComputeError::Failed("stopped".into()))
                }),
            ),
            "fail" => nothing(Vec::new(), Box::new(|_, _| Err(ComputeError::Failed("kernel says no".into())))),
            "say" => Fake {
                inputs: vec![value("text", DType::U8, vector())],
                outputs: Vec::new(),
                run: Box::new(move |inputs, _| {
                    said.lock().expect("no test panics in here").push(inputs[0].1.bytes().expect("bytes").to_vec());
                    Ok(Vec::new())
                }),
            },
            "bad" if self.is_bad => nothing(Vec::new(), Box::new(|_, _| Ok(Vec::new()))),
            dtype => identity(dtype.parse().ok()?, None),
        };
        Some(Arc::new(fake))
    }

    fn load(&self, onnx: &[&[u8]]) -> Result<Arc<dyn Graph>, LoadError> {
        match &*onnx.concat() {
            b"a model" => Ok(Arc::new(identity(DType::U8, None))),
            b"slow" => Err(LoadError::Failed("no compiler".into())),
            _ => Err(LoadError::Invalid("it is no ONNX".into())),
        }
    }
}

impl Graph for Fake {
    fn inputs(&self) -> &[ValueSpec] {
        &self.inputs
    }

    fn outputs(&self) -> &[ValueSpec] {
        &self.outputs
    }

    fn compute(&self, inputs: &[(&str, TensorView<'_>)], cancel: &Cancel) -> Result<Box<dyn Outputs>, ComputeError> {
        (self.run)(inputs, cancel).map(|tensors| Box::new(Given(tensors)) as Box<dyn Outputs>)
    }
}

impl Outputs for Given {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn get(&self, index: usize) -> TensorView<'_> {
        self.0[index].view()
    }
}
