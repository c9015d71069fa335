//! Models and tensors as files in a folder, and the arguments that name them on the command line.

use std::path::PathBuf;

use blink_compiler::onnx::proto::ModelProto;
use blink_tensors::{DType, DataView, Tensor, TensorView, npy, raw};

use super::Folder;

/// Tensors by name.
pub(crate) type Named = Vec<(String, Tensor)>;

impl Folder {
    /// Writes a model.
    pub(crate) fn model(&self, name: &str, model: &ModelProto) -> PathBuf {
        let path = self.path(name);
        blink_examples::write(model, &path).unwrap_or_else(|error| panic!("{name}: {error}"));
        path
    }

    /// Writes a tensor as npy.
    pub(crate) fn npy(&self, name: &str, tensor: &Tensor) {
        self.write(name, npy_bytes(tensor.view()));
    }

    /// Writes each tensor to a file of its own and gives the arguments that name them. NumPy has no 4-bit integers;
    /// those are written as raw bytes.
    pub(crate) fn inputs(&self, tensors: &Named) -> String {
        let mut arguments = String::new();
        for (index, (name, tensor)) in tensors.iter().enumerate() {
            let (spec, file) = match (is_packed(tensor.dtype()), tensor.view().bytes()) {
                (true, Some(bytes)) => {
                    self.write(&format!("input{index}.bin"), bytes);
                    let dims: Vec<_> = tensor.shape().iter().map(usize::to_string).collect();
                    (format!("{name}:{}:{}", tensor.dtype(), dims.join("x")), format!("input{index}.bin"))
                }
                _ => {
                    self.npy(&format!("input{index}.npy"), tensor);
                    (name.clone(), format!("input{index}.npy"))
                }
            };
            arguments.push_str(&format!(" --input {spec}={file}"));
        }
        arguments
    }

    /// The arguments that send each output to a file of its own, called after `stem`.
    pub(crate) fn outputs(&self, like: &Named, stem: &str) -> String {
        let file = |(index, (name, tensor)): (usize, &(String, Tensor))| {
            let extension = if is_packed(tensor.dtype()) { "bin" } else { "npy" };
            format!(" --output {name}={stem}{index}.{extension}")
        };
        like.iter().enumerate().map(file).collect()
    }

    /// Reads back what the arguments of [`Folder::outputs`] sent to files.
    pub(crate) fn read_outputs(&self, like: &Named, stem: &str) -> Named {
        let read = |(index, (name, tensor)): (usize, &(String, Tensor))| {
            let dtype = tensor.dtype();
            let read = if is_packed(dtype) {
                raw::decode(dtype, tensor.shape(), &self.read(&format!("{stem}{index}.bin"))).expect("raw bytes")
            } else {
                npy::decode_as(&self.read(&format!("{stem}{index}.npy")), Some(dtype)).expect("an npy file")
            };
            (name.clone(), read)
        };
        like.iter().enumerate().map(read).collect()
    }
}

/// A tensor as an npy file.
pub(crate) fn npy_bytes(view: TensorView<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::encode(view, &mut bytes).expect("a dtype that NumPy has");
    bytes
}

/// Whether two tensors have the same dtype, shape and elements, bit for bit.
pub(crate) fn same(a: TensorView<'_>, b: TensorView<'_>) -> bool {
    let elements = match (a.data(), b.data()) {
        (DataView::Bytes(a), DataView::Bytes(b)) => a == b,
        (DataView::Strings(a), DataView::Strings(b)) => a == b,
        _ => false,
    };
    elements && a.dtype() == b.dtype() && a.shape() == b.shape()
}

/// Borrows named tensors.
pub(crate) fn views(tensors: &Named) -> Vec<(&str, TensorView<'_>)> {
    tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect()
}

fn is_packed(dtype: DType) -> bool {
    matches!(dtype, DType::U4 | DType::I4)
}
