//! The interface of core modules, `wasi_ephemeral_nn`: inputs and outputs by position, lengths of outputs untold.

use wasi_nn::{Error as WasiError, ExecutionTarget, GraphBuilder, GraphEncoding, TensorType};

use crate::{DType, Error, Input, Output};

pub(crate) type Graph = wasi_nn::Graph;
pub(crate) type Context<'model> = wasi_nn::GraphExecutionContext<'model>;

/// No output is thought to be larger: a host that goes on refusing means something else.
const LARGEST_OUTPUT: usize = 1 << 30;

/// How the host says that a buffer is too small.
const TOO_LARGE: &str = "too large";

fn builder() -> GraphBuilder {
    GraphBuilder::new(GraphEncoding::Onnx, ExecutionTarget::CPU)
}

pub(crate) fn named(name: &str) -> Result<Graph, Error> {
    let refused = |reason: String| Error::Named { name: name.to_owned(), reason };
    if name.contains('\0') {
        return Err(refused("a name has no zero byte".to_owned()));
    }
    builder().build_from_cache(name).map_err(|error| refused(reason(&error)))
}

pub(crate) fn from_onnx(bytes: &[u8]) -> Result<Graph, Error> {
    builder().build_from_bytes([bytes]).map_err(|error| Error::Loaded { bytes: bytes.len(), reason: reason(&error) })
}

pub(crate) fn context(graph: &Graph) -> Result<Context<'_>, Error> {
    graph.init_execution_context().map_err(|error| Error::Context(reason(&error)))
}

pub(crate) fn run(
    context: &mut Context<'_>,
    inputs: &[Input<'_>],
    outputs: &[Output<'_>],
) -> Result<Vec<Vec<u8>>, Error> {
    for (index, input) in inputs.iter().enumerate() {
        let dims: Vec<usize> = input.dims.iter().map(|&dim| dim as usize).collect();
        context
            .set_input(index, tensor_type(input)?, &dims, input.bytes)
            .map_err(|error| Error::Input { name: input.name.to_owned(), reason: reason(&error) })?;
    }
    context.compute().map_err(|error| Error::Compute(reason(&error)))?;
    outputs.iter().enumerate().map(|(index, output)| take(context, index, output)).collect()
}

/// One output. A buffer too small is refused by the host, and doubled.
fn take(context: &Context<'_>, index: usize, output: &Output<'_>) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![0; output.bytes];
    loop {
        match context.get_output(index, &mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(error) if buffer.len() < LARGEST_OUTPUT && reason(&error) == TOO_LARGE => {
                buffer.resize((2 * buffer.len()).max(64), 0);
            }
            Err(error) => return Err(Error::Output { name: output.name.to_owned(), reason: reason(&error) }),
        }
    }
}

fn tensor_type(input: &Input<'_>) -> Result<TensorType, Error> {
    Ok(match input.dtype {
        DType::F16 => TensorType::F16,
        DType::F32 => TensorType::F32,
        DType::F64 => TensorType::F64,
        DType::Bf16 => return Err(Error::Bf16(input.name.to_owned())),
        DType::U8 => TensorType::U8,
        DType::I32 => TensorType::I32,
        DType::I64 => TensorType::I64,
    })
}

/// The host's answer in few words. The published crate keeps the type of its errors to itself: only words are left.
fn reason(error: &WasiError) -> String {
    let words = error.to_string();
    words.rsplit(": ").next().unwrap_or(&words).to_lowercase()
}
