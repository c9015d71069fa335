//! The guest of `wasmtime run -S nn`: a WebAssembly program that asks its host for one inference.
//!
//! Usage, inside the sandbox: `guest DIRECTORY --input NAME=FILE.npy ... --threads N [--serve]`
//!
//! The host has loaded the graph before this runs, under the directory's name. WASI-NN tells a guest neither the names
//! of inputs nor the shape of an output, so inputs are taken in the order given, and `DIRECTORY/output` holds the
//! shape of the first output. Refuses an answer that has another length.

use anyhow::{Context, Result, bail, ensure};
use blink_tensors::{DType, DataView, TensorView};
use peer_protocol::Request;
use wasi_nn::{ExecutionTarget, GraphBuilder, GraphEncoding, TensorType};

fn main() -> Result<()> {
    let request = Request::from_arguments()?;
    let name = request.model.file_name().and_then(|name| name.to_str()).context("the directory has no name")?;
    let stored = request.model.join("output");
    let shape = std::fs::read_to_string(&stored).with_context(|| format!("{} not found", stored.display()))?;
    let shape = shape.split_whitespace().map(str::parse).collect::<Result<Vec<usize>, _>>()?;
    let mut answer = vec![0u8; 4 * shape.iter().product::<usize>()];

    let graph = GraphBuilder::new(GraphEncoding::Onnx, ExecutionTarget::CPU).build_from_cache(name)?;
    let mut context = graph.init_execution_context()?;
    for (index, (name, tensor)) in request.inputs.iter().enumerate() {
        ensure!(
            tensor.dtype() == DType::F32,
            "input '{name}' is {}: wasmtime's WASI-NN takes f32 alone",
            tensor.dtype()
        );
        let DataView::Bytes(bytes) = tensor.view().data() else { bail!("input '{name}' is strings") };
        context.set_input(index, TensorType::F32, tensor.shape(), bytes)?;
    }
    request.answer(|give| {
        context.compute()?;
        let found = context.get_output(0, &mut answer)?;
        ensure!(found == answer.len(), "the answer has {found} bytes, expected {} for {shape:?}", answer.len());
        give(TensorView::new(DType::F32, &shape, &answer)?)
    })
}
