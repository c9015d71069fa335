//! [`Context`]: an execution context of the module interface. Its inputs stay until they are set again, its outputs
//! until the next run.

use std::sync::Arc;

use blink_tensors::{AlignedBuffer, TensorView};

use super::budget::{Budget, Held};
use super::dtype::TensorType;
use super::failure::{Code, Error, Failure};
use super::runs::{Answer, Runs};
use super::tensor::{Given, fit, missing};
use crate::models::Graph;

/// A graph with the inputs of its next run, and the outputs of its last.
pub(super) struct Context {
    graph: Arc<dyn Graph>,
    inputs: Vec<Option<Input>>,
    answer: Option<Answer>,
    _held: Held,
}

struct Input {
    shape: Vec<usize>,
    elements: AlignedBuffer,
    _held: Held,
}

impl Context {
    pub(super) fn new(graph: Arc<dyn Graph>, budget: &Budget) -> Result<Context, Failure> {
        let held = budget.hold(1, 0)?;
        let inputs = graph.inputs().iter().map(|_| None).collect();
        Ok(Context { graph, inputs, answer: None, _held: held })
    }

    /// Copies a tensor to be the input at `index`, into the memory that its last one had where the size is the same.
    pub(super) fn set_input(&mut self, index: u32, given: Given<'_>, budget: &Budget) -> Result<(), Failure> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let Some((spec, slot)) = self.graph.inputs().get(index).zip(self.inputs.get_mut(index)) else {
            let words = format!("input {index} is unknown: the model has {}", self.inputs.len());
            return Err(Error::new(Code::InvalidArgument, words).into());
        };
        let shape = fit(spec, TensorType::of_module_value(spec)?, given)?;
        match slot {
            Some(input) if input.elements.len() == given.bytes.len() => {
                input.elements.copy_from_slice(given.bytes);
                input.shape = shape;
            }
            _ => {
                *slot = None;
                let held = budget.hold(1, given.bytes.len())?;
                *slot = Some(Input { shape, elements: AlignedBuffer::from(given.bytes), _held: held });
            }
        }
        Ok(())
    }

    /// Runs the graph. Outputs of the run before are gone, whatever comes of this one.
    pub(super) fn compute(&mut self, runs: &mut Runs) -> Result<(), Failure> {
        self.answer = None;
        let specs = self.graph.inputs();
        if let Some(error) = missing(specs, |index| matches!(self.inputs.get(index), Some(Some(_)))) {
            return Err(error.into());
        }
        let mut inputs = Vec::with_capacity(specs.len());
        for (spec, input) in specs.iter().zip(&self.inputs) {
            let Some(input) = input else { continue };
            let view = TensorView::new(spec.dtype, &input.shape, &input.elements)
                .map_err(|error| Error::new(Code::InvalidArgument, error))?;
            inputs.push((spec.name.as_str(), view));
        }
        self.answer = Some(runs.compute(&*self.graph, &inputs)?);
        Ok(())
    }

    /// The elements of the output at `index`.
    pub(super) fn output(&self, index: u32) -> Result<&[u8], Error> {
        let outputs = self.graph.outputs();
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let Some(spec) = outputs.get(index) else {
            let words = format!("output {index} is unknown: the model has {}", outputs.len());
            return Err(Error::new(Code::InvalidArgument, words));
        };
        TensorType::of_module_value(spec)?;
        let Some(answer) = &self.answer else {
            let words = format!("output '{}' is not there: compute has not succeeded yet", spec.name);
            return Err(Error::new(Code::RuntimeError, words));
        };
        answer.output(index, spec).map(|(_, elements)| elements)
    }
}
