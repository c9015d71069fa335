//! [`Answer`]: the outputs of a run, read where the worker put them.

use blink_tensors::TensorView;

use crate::channel::{Record, SharedMemory};

/// What a worker answered, in the order of the model's outputs. It stands in memory that the next run uses again.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub(super) record: &'a Record,
    pub(super) memory: &'a SharedMemory,
}

impl<'a> Answer<'a> {
    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.record.len()
    }

    /// Whether there are no outputs.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The output at `index`.
    ///
    /// # Panics
    /// Where the model has no such output.
    pub fn get(&self, index: usize) -> TensorView<'a> {
        self.record.get(index, self.memory).expect("the index of an output").1
    }

    /// All outputs, each with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, TensorView<'a>)> + use<'a> {
        let Answer { record, memory } = *self;
        (0..record.len()).filter_map(move |index| record.get(index, memory))
    }
}
