//! A model run by tract.
//!
//! ```text
//! tract DIRECTORY --prepare MODEL.onnx --input NAME=FILE.npy ... --threads N   (not clocked)
//! tract DIRECTORY --input NAME=FILE.npy ... --threads N [--serve]
//! ```
//! `--prepare` writes the model in tract's own form (NNEF with its extensions): ONNX read, shapes made those of the
//! inputs, and everything simplified that does not depend on the machine. What does, packed weights first of all, tract
//! has no form for: it is made at each start. Given an `.onnx` file in place of the directory, all of it is.

use anyhow::{Context, Result, bail, ensure};
use blink_tensors::{DType, DataView, TensorView};
use peer_protocol::Request;
use tract_linalg::multithread::{Executor, set_default_executor};
use tract_nnef::framework::Nnef;
use tract_onnx::prelude::*;
use tract_transformers::WithTractTransformers;

/// Element types that the bench's models take and give.
const DTYPES: [(DType, DatumType); 4] = [
    (DType::F32, DatumType::F32),
    (DType::F64, DatumType::F64),
    (DType::I32, DatumType::I32),
    (DType::I64, DatumType::I64),
];

fn main() -> Result<()> {
    let request = Request::from_arguments()?;
    if let Some(onnx) = &request.prepare {
        return nnef().write_to_dir(&from_onnx(onnx, &request)?.into_decluttered()?, &request.model);
    }
    if request.threads > 1 {
        set_default_executor(Executor::multithread(request.threads));
    }
    let mut model = if request.model.is_dir() {
        nnef().model_for_path(&request.model)?
    } else {
        from_onnx(&request.model, &request)?.into_decluttered()?
    };
    model.optimize()?;
    let names = model.input_outlets()?.iter().map(|outlet| model.node(outlet.node).name.as_str());
    let inputs = names.map(|name| Ok(given(name, &request)?.into())).collect::<Result<TVec<TValue>>>()?;
    let mut state = model.into_runnable()?.spawn()?;
    request.answer(|give| {
        let answers = state.run(inputs.clone())?;
        let first = answers.first().context("the model has no output")?;
        let dtype = DTYPES.iter().find(|(_, theirs)| *theirs == first.datum_type());
        let (dtype, _) = dtype.with_context(|| format!("the model's first output is {:?}", first.datum_type()))?;
        give(TensorView::new(*dtype, first.shape(), first.as_bytes())?)
    })
}

/// tract's own form, with every operator that the ONNX reader may make.
fn nnef() -> Nnef {
    tract_nnef::nnef().with_onnx().with_tract_transformers()
}

/// The model in an `.onnx` file, with the shapes and dtypes of the request's inputs.
fn from_onnx(path: &std::path::Path, request: &Request) -> Result<TypedModel> {
    let mut model = tract_onnx::onnx().model_for_path(path)?;
    for (index, outlet) in model.input_outlets()?.to_vec().into_iter().enumerate() {
        let tensor = given(&model.node(outlet.node).name, request)?;
        model.set_input_fact(index, InferenceFact::dt_shape(tensor.datum_type(), tensor.shape()))?;
    }
    model.into_typed()
}

/// The request's input of this name, as tract's tensor.
fn given(name: &str, request: &Request) -> Result<Tensor> {
    let found = request.inputs.iter().find(|(given, _)| given == name);
    let (_, tensor) = found.with_context(|| format!("input '{name}' was not given: add --input {name}=FILE.npy"))?;
    let dtype = DTYPES.iter().find(|(ours, _)| *ours == tensor.dtype());
    let (_, dtype) = dtype.with_context(|| format!("input '{name}' is {}", tensor.dtype()))?;
    let DataView::Bytes(bytes) = tensor.view().data() else { bail!("input '{name}' is strings") };
    let mut value = Tensor::zero_dt(*dtype, tensor.shape())?;
    ensure!(value.as_bytes().len() == bytes.len(), "input '{name}' has another length in tract");
    value.as_bytes_mut().copy_from_slice(bytes);
    Ok(value)
}
