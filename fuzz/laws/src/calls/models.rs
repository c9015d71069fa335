//! [`Fakes`]: models by name, each a few lines of Rust, which fail the law where they are given what they do not take.
//!
//! | name | is |
//! |---|---|
//! | `program` | nothing to the program, as `u8` |
//! | `add` | two `f32` vectors `a` and `b` to their sum, as far as the shorter goes |
//! | `first` | `x`, and `bias` that may be left out, both `f32` scalars, to `x` |
//! | `pair` | `x`, of 2x3 `f32`, to itself |
//! | `large` | nothing to 1 MiB of `u8` |
//! | `fail` | nothing to an error |
//! | `say` | a `u8` vector `text`, kept in [`Fakes::said`] |
//! | DTYPE | `x` of that dtype, of any rank, to itself |

use std::sync::{Arc, Mutex};

use blink_artifact::manifest::{Dim, ValueSpec};
use blink_guest::{Cancel, ComputeError, Graph, LoadError, Models, Outputs};
use blink_tensors::{DType, Tensor, TensorView};

/// The models.
pub(super) struct Fakes {
    program: Vec<u8>,
    /// What `say` has been given.
    pub(super) said: Arc<Mutex<Vec<Vec<u8>>>>,
}

type Run = dyn Fn(&[(&str, TensorView<'_>)]) -> Result<Vec<Tensor>, ComputeError> + Send + Sync;

struct Fake {
    inputs: Vec<ValueSpec>,
    outputs: Vec<ValueSpec>,
    run: Box<Run>,
}

struct Given(Vec<Tensor>);

impl Fakes {
    pub(super) fn new(program: Vec<u8>) -> Fakes {
        Fakes { program, said: Arc::default() }
    }
}

fn value(name: &str, dtype: DType, dims: Option<Vec<Dim>>) -> ValueSpec {
    ValueSpec { name: name.into(), dtype, dims, optional: false }
}

fn identity(dtype: DType, dims: Option<Vec<Dim>>) -> Fake {
    Fake {
        inputs: vec![value("x", dtype, dims.clone())],
        outputs: vec![value("y", dtype, dims)],
        run: Box::new(|inputs| Ok(inputs.iter().map(|(_, view)| view.to_owned()).collect())),
    }
}

fn bytes(bytes: &[u8]) -> Tensor {
    Tensor::from_bytes(DType::U8, &[bytes.len()], bytes).expect("bytes for the shape")
}

fn floats(view: TensorView<'_>) -> impl Iterator<Item = f32> {
    view.bytes().unwrap_or_default().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

fn add(inputs: &[(&str, TensorView<'_>)]) -> Vec<Tensor> {
    let sums: Vec<_> = floats(inputs[0].1).zip(floats(inputs[1].1)).flat_map(|(a, b)| (a + b).to_le_bytes()).collect();
    vec![Tensor::from_bytes(DType::F32, &[sums.len() / 4], &sums).expect("bytes for the shape")]
}

impl Models for Fakes {
    fn find(&self, name: &str) -> Option<Arc<dyn Graph>> {
        let vector = || Some(vec![Dim::from("n")]);
        let scalar = |name, optional| ValueSpec { optional, ..value(name, DType::F32, Some(Vec::new())) };
        let fake = |inputs, outputs, run| Fake { inputs, outputs, run };
        let (program, said) = (self.program.clone(), Arc::clone(&self.said));
        let y = |dtype, dims| vec![value("y", dtype, dims)];
        let fake = match name {
            "program" => fake(Vec::new(), y(DType::U8, vector()), Box::new(move |_| Ok(vec![bytes(&program)]))),
            "add" => fake(
                ["a", "b"].map(|name| value(name, DType::F32, vector())).into(),
                y(DType::F32, vector()),
                Box::new(|inputs| Ok(add(inputs))),
            ),
            "first" => fake(
                vec![scalar("bias", true), scalar("x", false)],
                y(DType::F32, Some(Vec::new())),
                Box::new(|inputs| Ok(inputs.last().map(|(_, x)| x.to_owned()).into_iter().collect())),
            ),
            "pair" => identity(DType::F32, Some(vec![2.into(), 3.into()])),
            "large" => fake(Vec::new(), y(DType::U8, vector()), Box::new(|_| Ok(vec![bytes(&vec![7; 1 << 20])]))),
            "fail" => fake(Vec::new(), Vec::new(), Box::new(|_| Err(ComputeError::Failed("kernel says no".into())))),
            "say" => fake(
                vec![value("text", DType::U8, vector())],
                Vec::new(),
                Box::new(move |inputs| {
                    let text = inputs[0].1.bytes().expect("no strings").to_vec();
                    said.lock().expect("no model panics").push(text);
                    Ok(Vec::new())
                }),
            ),
            dtype => identity(dtype.parse().ok()?, None),
        };
        Some(Arc::new(fake))
    }

    fn load(&self, onnx: &[&[u8]]) -> Result<Arc<dyn Graph>, LoadError> {
        match &*onnx.concat() {
            b"a model" => Ok(Arc::new(identity(DType::U8, None))),
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

    fn compute(&self, inputs: &[(&str, TensorView<'_>)], _: &Cancel) -> Result<Box<dyn Outputs>, ComputeError> {
        self.takes(inputs);
        // In the order of the model, whatever the guest's was.
        let in_order = |spec: &ValueSpec| inputs.iter().find(|(name, _)| *name == spec.name).copied();
        let inputs: Vec<_> = self.inputs.iter().filter_map(in_order).collect();
        (self.run)(&inputs).map(|tensors| Box::new(Given(tensors)) as Box<dyn Outputs>)
    }
}

impl Fake {
    /// Fails unless the inputs are what the model takes.
    fn takes(&self, inputs: &[(&str, TensorView<'_>)]) {
        for (index, (name, view)) in inputs.iter().enumerate() {
            let spec = self.inputs.iter().find(|spec| spec.name == *name).expect("an input that the model has not");
            assert!(!inputs[..index].iter().any(|(other, _)| other == name), "'{name}' is given twice");
            assert_eq!(view.dtype(), spec.dtype);
            let bytes = view.bytes().expect("guests have no strings");
            assert_eq!(Some(bytes.len()), spec.dtype.byte_len(view.shape().iter().product()));
            assert_eq!(bytes.as_ptr().align_offset(16), 0, "the engine would copy what is not aligned");
            assert!(spec.dtype != DType::Bool || bytes.iter().all(|&byte| byte <= 1));
            let Some(dims) = &spec.dims else { continue };
            let fits = |(dim, &size): (&Dim, &usize)| !matches!(dim, Dim::Fixed(fixed) if *fixed != size as u64);
            assert!(dims.len() == view.shape().len() && dims.iter().zip(view.shape()).all(fits), "{:?}", view.shape());
        }
        let is_given = |spec: &ValueSpec| inputs.iter().any(|(name, _)| *name == spec.name);
        assert!(self.inputs.iter().all(|spec| spec.optional || is_given(spec)), "an input is missing");
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
