//! The interface of components, `wasi:nn@0.2.0-rc-2024-10-28`: inputs and outputs by name.

use crate::{DType, Error, Input, Output};

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::undocumented_unsafe_blocks)]
mod bindings {
    wit_bindgen::generate!({ world: "ml", path: "wit", generate_all });
}

use bindings::wasi::nn::errors;
use bindings::wasi::nn::graph::{self, ExecutionTarget, GraphEncoding};
use bindings::wasi::nn::inference::GraphExecutionContext;
use bindings::wasi::nn::tensor::{Tensor, TensorType};

pub(crate) type Graph = graph::Graph;

/// A context, which is to end before its model does: what the other interface demands holds here too.
#[derive(Debug)]
pub(crate) struct Context<'model> {
    context: GraphExecutionContext,
    _model: &'model Graph,
}

pub(crate) fn named(name: &str) -> Result<Graph, Error> {
    graph::load_by_name(name).map_err(|error| Error::Named { name: name.to_owned(), reason: reason(&error) })
}

pub(crate) fn from_onnx(bytes: &[u8]) -> Result<Graph, Error> {
    graph::load(&[bytes.to_vec()], GraphEncoding::Onnx, ExecutionTarget::Cpu)
        .map_err(|error| Error::Loaded { bytes: bytes.len(), reason: reason(&error) })
}

pub(crate) fn context(graph: &Graph) -> Result<Context<'_>, Error> {
    let context = graph.init_execution_context().map_err(|error| Error::Context(reason(&error)))?;
    Ok(Context { context, _model: graph })
}

pub(crate) fn run(
    context: &mut Context<'_>,
    inputs: &[Input<'_>],
    outputs: &[Output<'_>],
) -> Result<Vec<Vec<u8>>, Error> {
    let tensors: Vec<(String, Tensor)> = inputs
        .iter()
        .map(|input| (input.name.to_owned(), Tensor::new(input.dims, tensor_type(input.dtype), input.bytes)))
        .collect();
    let answers = context.context.compute(tensors).map_err(|error| Error::Compute(reason(&error)))?;
    outputs
        .iter()
        .map(|output| match answers.iter().find(|(name, _)| name == output.name) {
            Some((_, tensor)) => Ok(tensor.data()),
            None => {
                let names: Vec<&str> = answers.iter().map(|(name, _)| name.as_str()).collect();
                let reason = format!("the model gave {}", names.join(", "));
                Err(Error::Output { name: output.name.to_owned(), reason })
            }
        })
        .collect()
}

fn tensor_type(dtype: DType) -> TensorType {
    match dtype {
        DType::F16 => TensorType::Fp16,
        DType::F32 => TensorType::Fp32,
        DType::F64 => TensorType::Fp64,
        DType::Bf16 => TensorType::Bf16,
        DType::U8 => TensorType::U8,
        DType::I32 => TensorType::I32,
        DType::I64 => TensorType::I64,
    }
}

fn reason(error: &errors::Error) -> String {
    use errors::ErrorCode;
    let code = match error.code() {
        ErrorCode::InvalidArgument => "invalid argument",
        ErrorCode::InvalidEncoding => "invalid encoding",
        ErrorCode::Timeout => "timeout",
        ErrorCode::RuntimeError => "runtime error",
        ErrorCode::UnsupportedOperation => "unsupported operation",
        ErrorCode::TooLarge => "too large",
        ErrorCode::NotFound => "not found",
        ErrorCode::Security => "security",
        ErrorCode::Unknown => "unknown",
    };
    match error.data() {
        data if data.is_empty() => code.to_owned(),
        data => format!("{code}: {data}"),
    }
}
